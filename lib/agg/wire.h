/* agg/wire.h - the pieces that saved states are made of: fixed-width little-endian integers, and
 * on top of them numbers, instants, places and texts. Private to this room. Any thread.
 *
 * Each wire_put appends to `out`, which remembers a refused allocation. Each wire_take reads from
 * the front of *bytes and moves it past what was read; it gives false, and *bytes and the result
 * are of no use any more, when the bytes end too early or say what no state can hold. */
#ifndef AGG_WIRE_H
#define AGG_WIRE_H

#include "agg/agg.h"
#include "num/time.h"

#include <stdbool.h>

/* The version that every saved state begins with. */
enum { WIRE_VERSION = 1 };

void wire_put_u8(struct buffer *out, uint8_t value);
void wire_put_u64(struct buffer *out, uint64_t value);
bool wire_take_u8(struct text *bytes, uint8_t *value);
bool wire_take_u64(struct text *bytes, uint64_t *value);

/* A number, NUMBER_NULL too. */
void wire_put_number(struct buffer *out, const struct number *number);
bool wire_take_number(struct text *bytes, struct number *number);

/* An instant, INSTANT_NULL too. */
void wire_put_instant(struct buffer *out, const struct instant *instant);
bool wire_take_instant(struct text *bytes, struct instant *instant);

void wire_put_place(struct buffer *out, struct place place);
bool wire_take_place(struct text *bytes, struct place *place);

/* A text that is not null; the one taken points into *bytes. */
void wire_put_text(struct buffer *out, struct text text);
bool wire_take_text(struct text *bytes, struct text *text);

/* Takes the version that a saved state begins with. */
bool wire_take_version(struct text *bytes);

/* Fills `error`: the saved state of this call is damaged. Gives SHEAF_DATA. */
enum sheaf_status wire_damaged(const struct agg_call *call, struct sheaf_error *error);

#endif

/* scan/feeder.h - rows of fields by libcsv, fed so that it means what our dialect means.
 *
 * libcsv as shipped trims spaces, ends a row at a lone CR, in lax mode can swallow rows, and in
 * strict mode refuses a quote inside unquoted text. The feeder sets it to strict, without spaces,
 * with LF as the only line end, and steps in where the two differ:
 *   - the CR of a CRLF outside quotes is dropped; with cr_ends a lone CR is fed as a LF;
 *   - comment lines are not fed;
 *   - strictness is off for one byte where a quote stands in unquoted text;
 *   - without a quote character, it is fed pieces of at most 128 bytes, before each of which its
 *     quote is set to a byte that the piece does not hold;
 *   - it does not say whether a field was quoted, so the feeder keeps the raw position of every
 *     field and looks at its first byte.
 *
 * The raw bytes are the caller's: a stretch of input that starts at a row start. Positions are
 * offsets in it; it may move between calls (libcsv keeps its own copy of an open field). One
 * thread at a time. */
#ifndef SCAN_FEEDER_H
#define SCAN_FEEDER_H

#include "base/arena.h"
#include "scan/automaton.h"
#include "scan/scanned_rows.h"

struct feeder_setup {
    const struct scan_automaton *automaton;
    uint64_t max_field; /* content bytes of the longest field allowed */
    const uint32_t
        *slot_of_field; /* for fields 0 … field_count - 1: its slot, or FEEDER_UNWANTED */
    uint32_t field_count;
    uint32_t slots;
    struct memory_budget *budget; /* charged for open rows; may be NULL */
};

#define FEEDER_UNWANTED UINT32_MAX

enum feeder_event {
    FEEDER_FED,      /* all bytes are taken */
    FEEDER_PENDING,  /* stopped at a CR after a closing quote: the byte after it is needed */
    FEEDER_BAD,      /* stopped at a byte that may not follow a closing quote */
    FEEDER_TOO_LONG, /* the field at `column` is longer than max_field */
    FEEDER_UNCLOSED, /* at the end: a quote was never closed */
    FEEDER_FAILED,   /* memory; *error is filled */
};

enum feeder_extent { FEEDER_EVERY_ROW, FEEDER_ONE_ROW };

struct feeder;

/* Owned by the caller. The setup is copied, what it points to is borrowed. */
enum sheaf_status feeder_open(const struct feeder_setup *setup, struct feeder **out,
                              struct sheaf_error *error);

/* Starts on a new stretch whose byte 0 is a row start on physical line `line`. byte_before: the
 * byte that stands before it, or SCAN_NO_BYTE (with cr_ends, a LF after a CR ends no further line).
 */
void feeder_begin(struct feeder *feeder, uint64_t line, int byte_before);

/* Feeds raw[*position … stop); moves *position past what was taken. FEEDER_ONE_ROW: also stops once
 * a row (or comment, or blank line) has ended. */
enum feeder_event feeder_feed(struct feeder *feeder, const char *raw, size_t *position, size_t stop,
                              enum feeder_extent extent, struct sheaf_error *error);

/* Says that raw[0 … length) was all there is: ends the open row, if any. A CR that is pending then
 * makes the row bad. */
enum feeder_event feeder_end(struct feeder *feeder, const char *raw, size_t length,
                             struct sheaf_error *error);

/* True when everything fed so far is complete rows, blank lines and comments. */
bool feeder_at_row_start(const struct feeder *feeder);

/* Where the open row stands: its first byte, its line, the field being read (from 0), the raw
 * position and line of that field's first byte. */
struct feeder_place {
    size_t row_start;
    uint64_t row_line;
    uint32_t field;
    size_t field_start;
    uint64_t field_line;
};
void feeder_place(const struct feeder *feeder, struct feeder_place *out);

/* After FEEDER_BAD: the content bytes of the bad field before the bad byte. */
uint64_t feeder_open_length(const struct feeder *feeder);

/* Drops the open row, whose last byte was raw[stop - 1]; `lines` line ends stand in it. The next
 * byte to be fed is raw[stop], a row start. */
void feeder_skip_row(struct feeder *feeder, size_t stop, uint64_t lines);

/* The complete rows: valid until the next feed. */
const struct scan_rows *feeder_rows(const struct feeder *feeder);

/* Forgets the complete rows (the open one stays). */
void feeder_forget_rows(struct feeder *feeder);

/* Takes NULL. */
void feeder_close(struct feeder *feeder);

#endif

/* agg/value_slots.h - how a table of values lies in memory. Shared by the value files of this room
 * only.
 *
 * The values are items of 40 bytes in the order in which they came, in segments that never move
 * once the first is full; keys of up to 16 bytes lie inside, longer ones in blocks beside. A table
 * of few values is searched from the front. A larger one has an index: an open-addressed hash table
 * with linear probing, a power of two of words, at most two thirds of them in use, each the upper
 * 32 bits of the key's hash, the tag, over the item's number from 1; 0 is free. The upper bits of
 * the tag are the place to look at first, so that growing reads and writes memory in order, and
 * most probes that miss end in the index, without touching an item. */
#ifndef AGG_VALUE_SLOTS_H
#define AGG_VALUE_SLOTS_H

#include "agg/value_table.h"

#include <string.h>

enum {
    VALUE_INSIDE = 16,                /* bytes of a key inside an item */
    VALUE_OUTSIDE = VALUE_INSIDE + 1, /* as the size of an item: its key lies elsewhere */
    VALUE_SEGMENT_BITS = 12,          /* items of a segment, save a first that is not full */
    VALUE_SEGMENT = 1 << VALUE_SEGMENT_BITS,
};

struct value_item {
    uint64_t count;
    uint64_t byte; /* the place of the first row that has the value */
    uint32_t file;
    uint32_t size; /* 0 … VALUE_INSIDE: of the key inside; else VALUE_OUTSIDE */
    union {
        char inside[VALUE_INSIDE]; /* zeros after the key */
        struct text outside;
    };
};

struct value_keys;

struct value_slots {
    struct value_item **segments; /* &first until there is a second */
    struct value_item *first;
    uint64_t *index;         /* NULL while the values are few */
    struct value_keys *keys; /* the blocks of long keys, the newest first */
    uint64_t count;          /* items */
    uint64_t room;           /* items that there is memory for */
    size_t segment_room;     /* segments that the array has room for; 0: there is no array */
    uint8_t index_bits;      /* the index has 2^index_bits words */
    uint8_t survey_bits;     /* with 2^survey_bits items, value_table.c looks whether they may be
                              * counted in a row (value_counts.h) */
};

/* A value on its way into a table. */
struct value_probe {
    struct text key;
    uint64_t count;
    struct place place;
    uint32_t tag;                /* once the table has an index */
    char inside[VALUE_KEY_SIZE]; /* of a key that fits an item: its bytes, then zeros */
};

/* What a table does with a long key that is new to it. */
enum value_key_memory {
    VALUE_KEY_COPIED, /* it is somebody else's */
    VALUE_KEY_OWNED,  /* it lies in the table's blocks already */
};

static inline uint64_t value_slot_count(const struct value_table *table)
{
    return table->slots == NULL ? 0 : table->slots->count;
}

static inline struct value_item *value_item_at(const struct value_slots *slots, uint64_t number)
{
    return &slots->segments[number >> VALUE_SEGMENT_BITS][number & (VALUE_SEGMENT - 1)];
}

static inline struct text value_item_key(const struct value_item *item)
{
    if (item->size == VALUE_OUTSIDE)
        return item->outside;
    return (struct text){.bytes = item->inside, .length = item->size};
}

static inline struct place value_item_place(const struct value_item *item)
{
    return (struct place){.byte = item->byte, .file = item->file};
}

/* Adds `count` probes, whose tags it writes. Fails as value_table_add. */
enum sheaf_status value_slots_take(struct value_table *table, const struct agg_call *call,
                                   struct value_probe *probes, size_t count,
                                   enum value_key_memory memory, struct sheaf_error *error);

/* Moves the blocks of long keys of `from` to `into`, of which `into` is not NULL. */
void value_slots_adopt_keys(struct value_slots *into, struct value_slots *from);

/* Frees everything. Takes NULL. */
void value_slots_close(struct value_slots *slots, const struct agg_call *call);

/* Gives true for the bytes of a key that a column of this type can have. */
bool value_key_is_valid(struct text key, enum column_type type);

#endif

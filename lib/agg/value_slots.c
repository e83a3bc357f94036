#include "agg/value_slots.h"

#include "base/error.h"
#include "base/hash.h"

enum {
    FEW = 8, /* values that are searched without an index */
    FIRST_INDEX_BITS = 4,
    TAG_BITS = 32,
    FIRST_KEYS = 64,
    LARGEST_KEYS = 1 << 20, /* bytes of a block, save for one key that is longer */
};

_Static_assert(sizeof(struct value_item) == 40, "a million values are forty megabytes");

/* A block of long keys. */
struct value_keys {
    struct value_keys *older;
    size_t size; /* of bytes[] */
    size_t used;
    char bytes[];
};

static enum sheaf_status take_memory(size_t size, void **out, const struct agg_call *call,
                                     struct sheaf_error *error)
{
    TRY(memory_charge(call->budget, size, agg_call_what(call), call->column, error));
    *out = memory_alloc(size);
    if (*out != NULL)
        return SHEAF_OK;
    memory_uncharge(call->budget, size);
    return error_no_memory(error, call->ops->signature);
}

static void give_memory(void *memory, size_t size, const struct agg_call *call)
{
    if (memory == NULL)
        return;
    memory_free(memory);
    memory_uncharge(call->budget, size);
}

/* ---- long keys ----------------------------------------------------------------------------- */

static enum sheaf_status add_key_block(struct value_slots *slots, size_t piece,
                                       const struct agg_call *call, struct sheaf_error *error)
{
    size_t size = FIRST_KEYS;
    if (slots->keys != NULL)
        size = slots->keys->size >= LARGEST_KEYS ? LARGEST_KEYS : 2 * slots->keys->size;
    if (size < piece)
        size = piece;
    size_t total;
    if (!size_add(size, sizeof(struct value_keys), &total))
        return error_no_memory(error, call->ops->signature);
    void *memory;
    TRY(take_memory(total, &memory, call, error));
    struct value_keys *block = memory;
    *block = (struct value_keys){.older = slots->keys, .size = size};
    slots->keys = block;
    return SHEAF_OK;
}

static enum sheaf_status copy_key(struct value_slots *slots, struct text key, struct text *copy,
                                  const struct agg_call *call, struct sheaf_error *error)
{
    if (slots->keys == NULL || slots->keys->size - slots->keys->used < key.length)
        TRY(add_key_block(slots, key.length, call, error));
    char *bytes = slots->keys->bytes + slots->keys->used;
    memcpy(bytes, key.bytes, key.length);
    slots->keys->used += key.length;
    *copy = (struct text){.bytes = bytes, .length = key.length};
    return SHEAF_OK;
}

void value_slots_adopt_keys(struct value_slots *into, struct value_slots *from)
{
    struct value_keys *oldest = from->keys;
    if (oldest == NULL)
        return;
    while (oldest->older != NULL)
        oldest = oldest->older;
    /* The newest block of `into` stays the newest: it has the room that is still in use. */
    if (into->keys == NULL) {
        into->keys = from->keys;
    } else {
        oldest->older = into->keys->older;
        into->keys->older = from->keys;
    }
    from->keys = NULL;
}

/* ---- items --------------------------------------------------------------------------------- */

/* Doubles the first segment, which may move, up to its full size. */
static enum sheaf_status grow_first_segment(struct value_slots *slots, const struct agg_call *call,
                                            struct sheaf_error *error)
{
    const size_t old_room = (size_t)slots->room;
    const size_t room = old_room == 0 ? 1 : 2 * old_room;
    const size_t more = (room - old_room) * sizeof *slots->first;
    TRY(memory_charge(call->budget, more, agg_call_what(call), call->column, error));
    struct value_item *items = memory_resize(slots->first, room * sizeof *items);
    if (items == NULL) {
        memory_uncharge(call->budget, more);
        return error_no_memory(error, call->ops->signature);
    }
    slots->first = items;
    slots->segments[0] = items;
    slots->room = room;
    return SHEAF_OK;
}

/* Makes room for one more pointer to a segment. */
static enum sheaf_status grow_segments(struct value_slots *slots, const struct agg_call *call,
                                       struct sheaf_error *error)
{
    const size_t used = (size_t)(slots->room >> VALUE_SEGMENT_BITS);
    if (used < slots->segment_room)
        return SHEAF_OK;
    const size_t room = 2 * used;
    void *memory;
    TRY(take_memory(room * sizeof *slots->segments, &memory, call, error));
    memcpy(memory, slots->segments, used * sizeof *slots->segments);
    if (slots->segment_room > 0)
        give_memory(slots->segments, slots->segment_room * sizeof *slots->segments, call);
    slots->segments = memory;
    slots->segment_room = room;
    return SHEAF_OK;
}

static enum sheaf_status add_segment(struct value_slots *slots, const struct agg_call *call,
                                     struct sheaf_error *error)
{
    TRY(grow_segments(slots, call, error));
    void *segment;
    TRY(take_memory(VALUE_SEGMENT * sizeof(struct value_item), &segment, call, error));
    slots->segments[slots->room >> VALUE_SEGMENT_BITS] = segment;
    slots->room += VALUE_SEGMENT;
    return SHEAF_OK;
}

static enum sheaf_status make_slots(struct value_table *table, const struct agg_call *call,
                                    struct sheaf_error *error)
{
    void *memory;
    TRY(take_memory(sizeof(struct value_slots), &memory, call, error));
    struct value_slots *slots = memory;
    *slots = (struct value_slots){.room = 0};
    slots->segments = &slots->first;
    table->slots = slots;
    return SHEAF_OK;
}

static void close_segments(struct value_slots *slots, const struct agg_call *call)
{
    const uint64_t count = (slots->room + VALUE_SEGMENT - 1) >> VALUE_SEGMENT_BITS;
    for (uint64_t i = 1; i < count; i++)
        give_memory(slots->segments[i], VALUE_SEGMENT * sizeof(struct value_item), call);
    const uint64_t first_room = slots->room < VALUE_SEGMENT ? slots->room : VALUE_SEGMENT;
    give_memory(slots->first, (size_t)first_room * sizeof(struct value_item), call);
    if (slots->segment_room > 0)
        give_memory(slots->segments, slots->segment_room * sizeof *slots->segments, call);
}

static size_t index_size(const struct value_slots *slots)
{
    return sizeof *slots->index << slots->index_bits;
}

void value_slots_close(struct value_slots *slots, const struct agg_call *call)
{
    if (slots == NULL)
        return;
    for (struct value_keys *block = slots->keys, *older; block != NULL; block = older) {
        older = block->older;
        give_memory(block, sizeof *block + block->size, call);
    }
    close_segments(slots, call);
    give_memory(slots->index, index_size(slots), call);
    give_memory(slots, sizeof *slots, call);
}

/* ---- the index ----------------------------------------------------------------------------- */

/* The hash of a key that lies inside an item, after wyhash (Wang Yi): two folds with words of the
 * secret cost less than a call. */
static uint64_t hash_inside(const struct hash_secret *secret, const char inside[VALUE_INSIDE],
                            size_t length)
{
    uint64_t words[2], keys[3];
    memcpy(words, inside, sizeof words);
    memcpy(keys, secret->bytes, sizeof keys);
    return hash_fold(hash_fold(words[0] ^ keys[0], words[1] ^ keys[1]) ^ length, keys[2] | 1);
}

static uint32_t tag_of_hash(uint64_t hash)
{
    return (uint32_t)(hash >> (64 - TAG_BITS));
}

static uint32_t tag_of_item(const struct value_item *item, const struct agg_call *call)
{
    if (item->size != VALUE_OUTSIDE)
        return tag_of_hash(hash_inside(call->secret, item->inside, item->size));
    return tag_of_hash(hash_bytes(call->secret, item->outside.bytes, item->outside.length));
}

static uint32_t tag_of_probe(const struct value_probe *probe, const struct agg_call *call)
{
    if (probe->key.length <= VALUE_INSIDE)
        return tag_of_hash(hash_inside(call->secret, probe->inside, probe->key.length));
    return tag_of_hash(hash_bytes(call->secret, probe->key.bytes, probe->key.length));
}

static uint32_t slot_tag(uint64_t slot)
{
    return (uint32_t)(slot >> TAG_BITS);
}

static size_t home_of(uint32_t tag, unsigned index_bits)
{
    return tag >> (TAG_BITS - index_bits);
}

/* Puts a word into the first free place from its home. */
static void index_link(uint64_t *index, unsigned index_bits, uint64_t slot)
{
    const size_t mask = ((size_t)1 << index_bits) - 1;
    size_t at = home_of(slot_tag(slot), index_bits);
    while (index[at] != 0)
        at = (at + 1) & mask;
    index[at] = slot;
}

static uint64_t make_slot(uint32_t tag, uint64_t number)
{
    return (uint64_t)tag << TAG_BITS | (number + 1);
}

/* Fills a new index from the items, or from the index before. */
static void index_fill(uint64_t *index, unsigned index_bits, const struct value_table *table,
                       const struct agg_call *call)
{
    const struct value_slots *slots = table->slots;
    if (slots->index == NULL) {
        for (uint64_t i = 0; i < slots->count; i++)
            index_link(index, index_bits, make_slot(tag_of_item(value_item_at(slots, i), call), i));
        return;
    }
    for (size_t i = 0; i < (size_t)1 << slots->index_bits; i++)
        if (slots->index[i] != 0)
            index_link(index, index_bits, slots->index[i]);
}

static enum sheaf_status grow_index(struct value_table *table, const struct agg_call *call,
                                    struct sheaf_error *error)
{
    struct value_slots *slots = table->slots;
    const unsigned bits = slots->index == NULL ? FIRST_INDEX_BITS : slots->index_bits + 1U;
    if (bits > TAG_BITS)
        return error_set(error, SHEAF_LIMIT, "%s meets more than %llu different values",
                         call->ops->signature, (unsigned long long)slots->count);
    const size_t size = sizeof *slots->index << bits;
    TRY(memory_charge(call->budget, size, agg_call_what(call), call->column, error));
    uint64_t *index = memory_zeroed((size_t)1 << bits, sizeof *index);
    if (index == NULL) {
        memory_uncharge(call->budget, size);
        return error_no_memory(error, call->ops->signature);
    }
    index_fill(index, bits, table, call);
    give_memory(slots->index, index_size(slots), call);
    slots->index = index;
    slots->index_bits = (uint8_t)bits;
    return SHEAF_OK;
}

/* Makes sure that one more value has room in everything but the blocks of keys. */
static enum sheaf_status reserve(struct value_table *table, const struct agg_call *call,
                                 struct sheaf_error *error)
{
    if (table->slots == NULL)
        TRY(make_slots(table, call, error));
    struct value_slots *slots = table->slots;
    if (slots->count == slots->room)
        TRY(slots->room < VALUE_SEGMENT ? grow_first_segment(slots, call, error)
                                        : add_segment(slots, call, error));
    const uint64_t most = slots->index == NULL ? FEW : ((uint64_t)2 << slots->index_bits) / 3;
    return slots->count < most ? SHEAF_OK : grow_index(table, call, error);
}

/* ---- taking values ------------------------------------------------------------------------- */

static bool has_key(const struct value_item *item, const struct value_probe *probe)
{
    if (probe->key.length <= VALUE_INSIDE)
        return item->size == probe->key.length &&
               memcmp(item->inside, probe->inside, VALUE_INSIDE) == 0;
    return item->size == VALUE_OUTSIDE && item->outside.length == probe->key.length &&
           memcmp(item->outside.bytes, probe->key.bytes, probe->key.length) == 0;
}

static struct value_item *find(const struct value_table *table, const struct value_probe *probe)
{
    const struct value_slots *slots = table->slots;
    if (slots->index == NULL) {
        for (uint64_t i = 0; i < slots->count; i++)
            if (has_key(&slots->first[i], probe))
                return &slots->first[i];
        return NULL;
    }
    const size_t mask = ((size_t)1 << slots->index_bits) - 1;
    for (size_t i = home_of(probe->tag, slots->index_bits); slots->index[i] != 0;
         i = (i + 1) & mask) {
        if (slot_tag(slots->index[i]) != probe->tag)
            continue;
        struct value_item *item = value_item_at(slots, (uint32_t)slots->index[i] - 1);
        if (has_key(item, probe))
            return item;
    }
    return NULL;
}

static enum sheaf_status insert(struct value_table *table, const struct agg_call *call,
                                const struct value_probe *probe, enum value_key_memory memory,
                                struct sheaf_error *error)
{
    const bool had_index = table->slots != NULL && table->slots->index != NULL;
    TRY(reserve(table, call, error));
    struct value_slots *slots = table->slots;
    struct value_item *item = value_item_at(slots, slots->count);
    *item = (struct value_item){
        .count = probe->count, .byte = probe->place.byte, .file = probe->place.file};
    if (probe->key.length <= VALUE_INSIDE) {
        item->size = (uint32_t)probe->key.length;
        memcpy(item->inside, probe->inside, VALUE_INSIDE);
    } else {
        item->size = VALUE_OUTSIDE;
        item->outside = probe->key;
        if (memory == VALUE_KEY_COPIED)
            TRY(copy_key(slots, probe->key, &item->outside, call, error));
    }
    if (slots->index != NULL) {
        const uint32_t tag = had_index ? probe->tag : tag_of_probe(probe, call);
        index_link(slots->index, slots->index_bits, make_slot(tag, slots->count));
    }
    slots->count++;
    table->distinct++;
    return SHEAF_OK;
}

static enum sheaf_status take(struct value_table *table, const struct agg_call *call,
                              const struct value_probe *probe, enum value_key_memory memory,
                              struct sheaf_error *error)
{
    struct value_item *item = table->slots == NULL ? NULL : find(table, probe);
    if (item == NULL)
        return insert(table, call, probe, memory, error);
    item->count += probe->count;
    if (place_compare(probe->place, value_item_place(item)) < 0) {
        item->byte = probe->place.byte;
        item->file = probe->place.file;
    }
    return SHEAF_OK;
}

/* Hashes the keys, and asks for the memory that looking them up will touch: first the words of the
 * index, then, when those have had the time to come, the items. */
static void prepare(const struct value_slots *slots, const struct agg_call *call,
                    struct value_probe *probes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        probes[i].tag = tag_of_probe(&probes[i], call);
        __builtin_prefetch(&slots->index[home_of(probes[i].tag, slots->index_bits)]);
    }
    for (size_t i = 0; i < count; i++) {
        const uint64_t slot = slots->index[home_of(probes[i].tag, slots->index_bits)];
        if (slot == 0 || slot_tag(slot) != probes[i].tag)
            continue;
        const struct value_item *item = value_item_at(slots, (uint32_t)slot - 1);
        __builtin_prefetch(item, 1);
        __builtin_prefetch((const char *)(item + 1) - 1, 1);
    }
}

enum sheaf_status value_slots_take(struct value_table *table, const struct agg_call *call,
                                   struct value_probe *probes, size_t count,
                                   enum value_key_memory memory, struct sheaf_error *error)
{
    bool prepared = false;
    for (size_t i = 0; i < count; i++) {
        if (!prepared && table->slots != NULL && table->slots->index != NULL) {
            prepare(table->slots, call, probes + i, count - i);
            prepared = true;
        }
        TRY(take(table, call, &probes[i], memory, error));
    }
    return SHEAF_OK;
}

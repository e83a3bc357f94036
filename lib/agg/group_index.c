/* The index of a group table.
 *
 * Long probes cannot be made on purpose, since the hash is keyed. Should one be met all the same
 * (at this load the longest way among 10^7 groups is below 200 slots), then the keying is at fault,
 * and the table draws a secret of its own and hashes all of its groups again, but not for ever. */
#include "agg/group_kernel.h"
#include "agg/group_key.h"

#include "base/error.h"

enum {
    FIRST_BITS = 6,
    MOST_BITS = 32,
    SPARSE_BITS = 16, /* up to so many, an index is at most half full, else five eighths */
    CACHED_BITS = 12, /* up to so many, slots and records are in the nearest caches */
    LONG_PROBE = 512,
    MOST_SECRETS = 4,   /* that a table draws */
    FETCHED_STEPS = 64, /* of a search, before records have come; less than LONG_PROBE */
    LINE = 64,
};

static uint64_t slot_make(uint32_t tag, uint32_t number)
{
    return (uint64_t)tag << 32 | (number + 1);
}

static uint32_t slot_tag(uint64_t slot)
{
    return (uint32_t)(slot >> 32);
}

static uint32_t slot_number(uint64_t slot)
{
    return (uint32_t)slot - 1;
}

static size_t first_choice(const struct group_table *table, uint32_t tag)
{
    return (size_t)((uint64_t)tag >> table->shift);
}

static bool has_key(const struct group_table *table, const struct group *group,
                    const struct group_source *source, uint32_t i)
{
    const struct group_probe *probe = &table->probes[i];
    if (group->length != probe->length || group->key.words[1] != probe->key.words[1])
        return false;
    if (probe->length == GROUP_LONG)
        return group_has_long_key(table, group, source, i);
    return group->key.words[0] == probe->key.words[0];
}

/* Gives the group of the i-th probe, or GROUP_NONE. */
static __attribute__((noinline)) uint32_t find(struct group_table *table,
                                               const struct group_source *source, uint32_t i)
{
    const uint64_t *slots = table->index.memory;
    const size_t mask = table->slot_count - 1;
    const uint32_t tag = table->probes[i].tag;
    const size_t start = first_choice(table, tag);
    for (size_t at = start;; at = (at + 1) & mask) {
        const uint64_t slot = slots[at];
        if (slot == 0)
            return GROUP_NONE;
        if (((at - start) & mask) == LONG_PROBE)
            table->has_long_probe = true;
        if (slot_tag(slot) == tag && has_key(table, group_at(table, slot_number(slot)), source, i))
            return slot_number(slot);
    }
}

static struct group_finder finder_of(struct group_table *table)
{
    return (struct group_finder){
        .table = table,
        .slots = table->index.memory,
        .groups = table->groups,
        .group_size = table->group_size,
        .found = table->found,
        .shift = table->shift,
    };
}

static __attribute__((noinline)) uint32_t find_near_probes(const struct group_finder *finder,
                                                           const struct group_probe *probes,
                                                           uint32_t i, uint32_t count)
{
    const struct group_finder own = *finder;
    while (i < count && group_find_near(&own, &probes[i], i))
        i++;
    return i;
}

/* Whether the index is still the one that the searches began in. */
static inline bool has_ways(const struct group_table *table)
{
    return table->ways_slots == table->slot_count;
}

/* Finds the groups of probes in a far table, from where group_prefetch left off: there the slot and
 * the record that are most likely the right ones have been fetched. Should there be none, the way
 * ends at the free slot that a new group gets. */
static __attribute__((noinline)) uint32_t find_far_probes(struct group_table *table,
                                                          const struct group_source *source,
                                                          uint32_t i, uint32_t count)
{
    const uint64_t *slots = table->index.memory;
    const size_t mask = table->slot_count - 1;
    for (; i < count; i++) {
        const uint32_t tag = table->probes[i].tag;
        size_t at = table->ways[i];
        uint64_t slot;
        while ((slot = slots[at]) != 0 &&
               (slot_tag(slot) != tag ||
                !has_key(table, group_at(table, slot_number(slot)), source, i))) {
            if (((at - first_choice(table, tag)) & mask) == LONG_PROBE)
                table->has_long_probe = true;
            at = (at + 1) & mask;
        }
        table->ways[i] = (uint32_t)at;
        if (slot == 0)
            return i;
        table->found[i] = slot_number(slot);
    }
    return count;
}

/* Finds one group the long way; false when there is none. */
static bool find_far(struct group_table *table, const struct group_source *source, uint32_t i)
{
    const uint32_t number = find(table, source, i);
    if (number == GROUP_NONE)
        return false;
    table->found[i] = number;
    return true;
}

uint32_t group_find(struct group_table *table, const struct group_source *source, uint32_t i,
                    uint32_t count)
{
    if (table->slot_count == 0)
        return i;
    if (has_ways(table))
        return find_far_probes(table, source, i, count);
    const struct group_finder finder = finder_of(table);
    while ((i = find_near_probes(&finder, table->probes, i, count)) < count) {
        if (!find_far(table, source, i))
            return i;
        i++;
    }
    return count;
}

uint32_t group_find_texts(struct group_table *table, const struct group_source *source, uint32_t i,
                          uint32_t count)
{
    const struct text *texts = source->batch->columns[table->setup->keys[0]].texts + source->start;
    const struct group_finder finder = finder_of(table);
    while ((i = table->kernel->find_texts(&finder, texts, i, count)) < count) {
        group_probe_text(table, texts[i], &table->probes[i]);
        if (!find_far(table, source, i))
            return i;
        i++;
    }
    return count;
}

bool group_is_near(const struct group_table *table)
{
    return table->slot_count > 0 && table->slot_count <= (size_t)1 << CACHED_BITS;
}

/* Gives the first slot of a way that is free or has the tag, or one before that if it is long. */
static inline size_t begin_way(const uint64_t *slots, size_t mask, size_t at, uint32_t tag)
{
    for (unsigned step = 0; step < FETCHED_STEPS; step++) {
        if (slots[at] == 0 || slot_tag(slots[at]) == tag)
            break;
        at = (at + 1) & mask;
    }
    return at;
}

void group_search_begin(const struct group_table *table, const struct group_probe *probes,
                        uint32_t *ways, uint32_t count)
{
    const uint64_t *slots = table->index.memory;
    const size_t mask = table->slot_count - 1;
    const size_t end = table->group_size < LINE ? table->group_size - 1 : LINE;
    for (uint32_t i = 0; i < count; i++)
        __builtin_prefetch(&slots[first_choice(table, probes[i].tag)]);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t tag = probes[i].tag;
        const size_t at = begin_way(slots, mask, first_choice(table, tag), tag);
        ways[i] = (uint32_t)at;
        if (slots[at] == 0)
            continue;
        const char *group = (const char *)group_at(table, slot_number(slots[at]));
        __builtin_prefetch(group, 1);
        __builtin_prefetch(group + end, 1);
    }
}

static bool has_key_of(const struct group_table *table, const struct group *group,
                       const struct group *wanted)
{
    if (group->length != wanted->length)
        return false;
    if (group->length != GROUP_LONG)
        return group->key.words[0] == wanted->key.words[0] &&
               group->key.words[1] == wanted->key.words[1];
    const char *at = NULL;
    const char *wanted_at = NULL;
    for (uint32_t k = 0; k < table->setup->key_count; k++) {
        const struct text text = group_key_next(table, group, &at);
        const struct text other = group_key_next(table, wanted, &wanted_at);
        if ((text.bytes == NULL) != (other.bytes == NULL) ||
            (text.bytes != NULL && text_compare(text, other) != 0))
            return false;
    }
    return true;
}

uint32_t group_search_end(const struct group_table *table, const struct group_probe *probe,
                          const struct group *wanted, uint32_t way)
{
    const uint64_t *slots = table->index.memory;
    const size_t mask = table->slot_count - 1;
    for (size_t at = way; slots[at] != 0; at = (at + 1) & mask)
        if (slot_tag(slots[at]) == probe->tag &&
            has_key_of(table, group_at(table, slot_number(slots[at])), wanted))
            return slot_number(slots[at]);
    return GROUP_NONE;
}

void group_prefetch(struct group_table *table, uint32_t count)
{
    table->ways_slots = 0;
    if (table->slot_count == 0 || group_is_near(table))
        return;
    table->ways_slots = table->slot_count;
    group_search_begin(table, table->probes, table->ways, count);
}

/* Puts a group into the first free slot of its way. */
static void put(uint64_t *slots, size_t mask, size_t start, uint64_t slot)
{
    size_t at = start;
    while (slots[at] != 0)
        at = (at + 1) & mask;
    slots[at] = slot;
}

/* Makes an empty index of 2^bits slots in the place of the table's, which is given away. Some
 * slots, always free, stand behind the last one for those who look at several at once. */
static enum sheaf_status renew(struct group_table *table, unsigned bits, struct group_array *old,
                               struct sheaf_error *error)
{
    struct group_array index = {.memory = NULL};
    TRY(group_array_grow(table, &index, ((size_t)1 << bits) + GROUP_SPARE_SLOTS, sizeof(uint64_t),
                         error));
    *old = table->index;
    table->index = index;
    table->slot_count = (size_t)1 << bits;
    table->shift = MOST_BITS - bits;
    return SHEAF_OK;
}

static unsigned index_bits(const struct group_table *table)
{
    return table->slot_count == 0 ? 0 : MOST_BITS - table->shift;
}

/* Makes sure that one more group can be put. */
static enum sheaf_status reserve_slot(struct group_table *table, struct sheaf_error *error)
{
    const size_t count = table->slot_count;
    const unsigned bits = index_bits(table);
    if (table->count < (bits <= SPARSE_BITS ? count / 2 : count / 8 * 5))
        return SHEAF_OK;
    if (bits >= MOST_BITS)
        return error_set(error, SHEAF_LIMIT, "%s: too many groups", table->setup->what);
    struct group_array old;
    TRY(renew(table, bits == 0 ? FIRST_BITS : bits + 1, &old, error));
    const uint64_t *from = old.memory;
    for (size_t i = 0; i < count; i++)
        if (from[i] != 0)
            put(table->index.memory, table->slot_count - 1, first_choice(table, slot_tag(from[i])),
                from[i]);
    group_array_close(table, &old);
    return SHEAF_OK;
}

uint32_t group_add(struct group_table *table, const struct group_source *source, uint32_t i,
                   struct sheaf_error *error)
{
    if (group_table_reserve(table, error) != SHEAF_OK || reserve_slot(table, error) != SHEAF_OK)
        return GROUP_NONE;
    const struct group_probe *probe = &table->probes[i];
    union group_key key = probe->key;
    if (probe->length == GROUP_LONG) {
        key.written = group_write_key(table, source, i, error);
        if (key.written == NULL)
            return GROUP_NONE;
    }
    const uint32_t number = (uint32_t)table->count++;
    struct group *group = group_at(table, number);
    memcpy(group, table->fresh, table->group_size);
    group->key = key;
    group->length = probe->length;
    if (table->plain.memory != NULL)
        ((char **)table->plain.memory)[number] = NULL;
    if (table->spilled.memory != NULL)
        ((char **)table->spilled.memory)[number] = NULL;
    const size_t start = has_ways(table) ? table->ways[i] : first_choice(table, probe->tag);
    put(table->index.memory, table->slot_count - 1, start, slot_make(probe->tag, number));
    return number;
}

enum sheaf_status group_guard_probes(struct group_table *table, struct sheaf_error *error)
{
    if (!table->has_long_probe)
        return SHEAF_OK;
    table->has_long_probe = false;
    if (table->own_secrets == MOST_SECRETS)
        return SHEAF_OK;
    struct group_array old;
    struct hash_secret secret;
    TRY(hash_secret_make(&secret, error));
    TRY(renew(table, index_bits(table), &old, error));
    group_array_close(table, &old);
    table->own_secret = secret;
    table->own_secrets++;
    group_take_secret(table, &table->own_secret);
    for (uint32_t number = 0; number < table->count; number++) {
        struct group *group = group_at(table, number);
        struct group_probe probe;
        group_probe_group(table, group, &probe);
        group->key = probe.key;
        put(table->index.memory, table->slot_count - 1, first_choice(table, probe.tag),
            slot_make(probe.tag, number));
    }
    return SHEAF_OK;
}

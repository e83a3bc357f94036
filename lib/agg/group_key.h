/* agg/group_key.h - the keys that fit a record, where loops need them inline.
 *
 * They are hashed as two words by multiplying, and folding the halves of the 128-bit product, after
 * Wang Yi's wyhash (https://github.com/wangyi-fudan/wyhash), with words of the secret mixed in
 * before. Longer keys are hashed by hash_bytes. */
#ifndef AGG_GROUP_KEY_H
#define AGG_GROUP_KEY_H

#include "agg/group_kernel.h"
#include "agg/group_table.h"
#include "base/hash.h"

/* Which bytes of sixteen belong to a text of so many. */
extern const unsigned char group_key_masks[GROUP_INLINE + 1][GROUP_INLINE];

/* What is read in the place of a null. */
extern const char group_key_nothing[GROUP_INLINE];

#ifdef SHEAF_TESTING
uint64_t group_weakened(const struct group_table *table, uint64_t hash);
#else
static inline uint64_t group_weakened(const struct group_table *table, uint64_t hash)
{
    (void)table;
    return hash;
}
#endif

static inline uint32_t group_hash_tag(const struct group_table *table, uint64_t hash)
{
    return (uint32_t)(group_weakened(table, hash) >> 32);
}

/* The hash of a probe that is no long one, with the table's words of the secret. The length has no
 * part in it: keys that differ in that only, by zeros at their end, are at most 18. Keys of one
 * word are multiplied by a secret number, of which no input knows what it brings together. */
static inline uint64_t group_key_hash(const uint64_t mix[2], const struct group_probe *probe)
{
    return hash_fold(probe->key.words[0] ^ mix[0], probe->key.words[1] ^ mix[1]);
}

static inline uint32_t group_key_tag(const struct group_table *table, const uint64_t mix[2],
                                     const struct group_probe *probe)
{
    return group_hash_tag(table, group_key_hash(mix, probe));
}

/* Whether the text is longer than what fits a record. */
static inline bool group_key_is_long(struct text text)
{
    return text.length > GROUP_INLINE && text.bytes != NULL;
}

/* Makes the words and the length of a text that fits, behind which BATCH_PADDING bytes may be read:
 * no length makes a branch that would be guessed wrong. */
static inline void group_key_load(struct text text, struct group_probe *probe)
{
    const bool is_null = text.bytes == NULL;
    const size_t length = is_null ? 0 : text.length;
    uint64_t mask[2];
    memcpy(mask, group_key_masks[length], sizeof mask);
    memcpy(probe->key.words, is_null ? group_key_nothing : text.bytes, sizeof probe->key.words);
    probe->key.words[0] &= mask[0];
    probe->key.words[1] &= mask[1];
    probe->length = is_null ? GROUP_NULL : (uint32_t)length;
}

/* Makes the probe of one text, of any length, behind which nothing may be read. */
void group_probe_text(const struct group_table *table, struct text text, struct group_probe *probe);

/* Gives the number that the tag has in one of its first two slots, or more than GROUP_MOST. A slot
 * less the tag is below 2^32 if it is the right one, and is then the smaller of the two: so that is
 * chosen without a branch, which could not be foreseen. */
static inline uint64_t group_near_number(const uint64_t *slots, unsigned shift, uint32_t tag)
{
    const uint64_t *choice = slots + ((uint64_t)tag >> shift);
    const uint64_t high = (uint64_t)tag << 32;
    const uint64_t first = choice[0] ^ high;
    const uint64_t second = choice[1] ^ high;
    return (first < second ? first : second) - 1;
}

/* Finds the group of the i-th probe if its key fits and it has one of its first two slots. */
static inline bool group_find_near(const struct group_finder *finder,
                                   const struct group_probe *probe, uint32_t i)
{
    const uint64_t number = group_near_number(finder->slots, finder->shift, probe->tag);
    if (number > GROUP_MOST)
        return false;
    const struct group *group = (const void *)(finder->groups + number * finder->group_size);
    const uint64_t differs = (group->key.words[0] ^ probe->key.words[0]) |
                             (group->key.words[1] ^ probe->key.words[1]) |
                             (group->length ^ probe->length);
    if (differs != 0)
        return false; /* so do long keys, in where they are written */
    finder->found[i] = (uint32_t)number;
    return true;
}

#endif

/* Keys of rows and groups, and their hash.
 *
 * Keys that fit a record are hashed as two words and a length by multiplying and folding the halves
 * of the 128-bit product, after Wang Yi's wyhash (https://github.com/wangyi-fudan/wyhash), with
 * words of the job's secret mixed in before each step; longer ones by hash_bytes. */
#include "agg/group_table.h"

#include "base/error.h"

#define WRITTEN_NULL UINT64_MAX

enum { PACKED_NULL = 255 };

/* ---- hashes ------------------------------------------------------------------------------ */

#ifdef SHEAF_TESTING
static uint64_t kept_bits = UINT64_MAX;
static unsigned kept_until;

void group_weaken_hash(uint64_t bits, unsigned own_secrets)
{
    kept_bits = bits;
    kept_until = own_secrets;
}

static uint64_t weakened(const struct group_table *table, uint64_t hash)
{
    return table->own_secrets < kept_until ? hash & kept_bits : hash;
}
#else
static uint64_t weakened(const struct group_table *table, uint64_t hash)
{
    (void)table;
    return hash;
}
#endif

static uint64_t fold(uint64_t a, uint64_t b)
{
    const uint128 product = (uint128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint32_t tag_of(const struct group_table *table, uint64_t hash)
{
    return (uint32_t)(weakened(table, hash) >> 32);
}

/* The second step makes up for products of which one factor is the same for all short keys. */
static uint32_t tag_of_words(const struct group_table *table, const struct group_probe *probe)
{
    const uint64_t *mix = table->mix;
    const uint64_t words = fold(probe->key.words[0] ^ mix[0], probe->key.words[1] ^ mix[1]);
    return tag_of(table, fold(words ^ mix[2], probe->length ^ mix[3]));
}

void group_take_secret(struct group_table *table, const struct hash_secret *secret)
{
    table->secret = secret;
    memcpy(table->mix, secret->bytes, sizeof table->mix);
}

/* The hash of a null may be known to anybody: there is only one null. */
static uint64_t hash_text(const struct hash_secret *secret, struct text text)
{
    return text.bytes == NULL ? 0 : hash_bytes(secret, text.bytes, text.length);
}

/* The texts' hashes are already keyed, so that a fixed odd multiplier (2^64 over the golden ratio)
 * is enough to tell the columns apart. */
static uint64_t hash_next(const struct group_table *table, uint64_t hash, struct text text)
{
    return hash * UINT64_C(0x9e3779b97f4a7c15) ^ hash_text(table->secret, text);
}

static void make_long(const struct group_table *table, struct group_probe *probe, uint64_t hash)
{
    probe->key.written = NULL;
    probe->key.hash = hash;
    probe->length = GROUP_LONG;
    probe->tag = tag_of(table, hash);
}

/* ---- probes of rows ---------------------------------------------------------------------- */

/* Which bytes of sixteen belong to a text of so many. */
static const unsigned char masks[GROUP_INLINE + 1][GROUP_INLINE] = {
#define ONES_8 255, 255, 255, 255, 255, 255, 255, 255
    {0},
    {255},
    {255, 255},
    {255, 255, 255},
    {255, 255, 255, 255},
    {255, 255, 255, 255, 255},
    {255, 255, 255, 255, 255, 255},
    {255, 255, 255, 255, 255, 255, 255},
    {ONES_8},
    {ONES_8, 255},
    {ONES_8, 255, 255},
    {ONES_8, 255, 255, 255},
    {ONES_8, 255, 255, 255, 255},
    {ONES_8, 255, 255, 255, 255, 255},
    {ONES_8, 255, 255, 255, 255, 255, 255},
    {ONES_8, 255, 255, 255, 255, 255, 255, 255},
    {ONES_8, ONES_8},
#undef ONES_8
};

static const char nothing[GROUP_INLINE];

/* Reads the words of a text behind which BATCH_PADDING bytes may be read: no length makes a branch
 * that would be guessed wrong. */
static inline void load_padded(union group_key *key, const char *bytes, size_t length)
{
    uint64_t mask[2];
    memcpy(mask, masks[length], sizeof mask);
    memcpy(key->words, bytes, sizeof key->words);
    key->words[0] &= mask[0];
    key->words[1] &= mask[1];
}

static inline void load_exact(union group_key *key, const char *bytes, size_t length)
{
    memset(key, 0, sizeof *key);
    if (length > 0)
        memcpy(key->bytes, bytes, length);
}

static inline void probe_text(const struct group_table *table, struct text text, bool is_padded,
                              struct group_probe *probe)
{
    if (text.length > GROUP_INLINE && text.bytes != NULL) {
        make_long(table, probe, hash_text(table->secret, text));
        return;
    }
    const bool is_null = text.bytes == NULL;
    const size_t length = is_null ? 0 : text.length;
    probe->length = is_null ? GROUP_NULL : (uint32_t)length;
    if (is_padded)
        load_padded(&probe->key, is_null ? nothing : text.bytes, length);
    else
        load_exact(&probe->key, text.bytes, length);
    probe->tag = tag_of_words(table, probe);
}

static void probe_column(struct group_table *table, const struct group_source *source,
                         uint32_t count)
{
    const struct batch *batch = source->batch;
    const struct text *texts = batch->columns[table->setup->keys[0]].texts;
    if (batch->padded)
        for (uint32_t i = 0; i < count; i++)
            probe_text(table, texts[batch_row(batch, source->start + i)], true, &table->probes[i]);
    else
        for (uint32_t i = 0; i < count; i++)
            probe_text(table, texts[batch_row(batch, source->start + i)], false, &table->probes[i]);
}

static struct text key_text(const struct group_table *table, const struct batch *batch,
                            uint32_t row, uint32_t k)
{
    return batch->columns[table->setup->keys[k]].texts[row];
}

/* Gives false when the columns' texts do not fit. */
static bool pack(const struct group_table *table, const struct batch *batch, uint32_t row,
                 struct group_probe *probe)
{
    size_t used = 0;
    memset(&probe->key, 0, sizeof probe->key);
    for (uint32_t k = 0; k < table->setup->key_count; k++) {
        const struct text text = key_text(table, batch, row, k);
        const size_t length = text.bytes == NULL ? 0 : text.length;
        if (length >= GROUP_INLINE - used)
            return false;
        probe->key.bytes[used++] = (char)(text.bytes == NULL ? PACKED_NULL : length);
        if (length > 0)
            memcpy(probe->key.bytes + used, text.bytes, length);
        used += length;
    }
    probe->length = (uint32_t)used;
    return true;
}

static void probe_columns(const struct group_table *table, const struct batch *batch, uint32_t row,
                          struct group_probe *probe)
{
    if (pack(table, batch, row, probe)) {
        probe->tag = tag_of_words(table, probe);
        return;
    }
    uint64_t hash = 0;
    for (uint32_t k = 0; k < table->setup->key_count; k++)
        hash = hash_next(table, hash, key_text(table, batch, row, k));
    make_long(table, probe, hash);
}

void group_probe_rows(struct group_table *table, const struct group_source *source, uint32_t count)
{
    if (table->setup->key_count == 1) {
        probe_column(table, source, count);
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        probe_columns(table, source->batch, batch_row(source->batch, source->start + i),
                      &table->probes[i]);
}

/* ---- keys of groups ---------------------------------------------------------------------- */

static struct text next_written(const char **at)
{
    uint64_t length;
    memcpy(&length, *at, sizeof length);
    *at += sizeof length;
    if (length == WRITTEN_NULL)
        return (struct text){.bytes = NULL};
    const struct text text = {.bytes = *at, .length = (size_t)length};
    *at += text.length;
    return text;
}

static struct text next_packed(const char **at)
{
    const size_t length = (unsigned char)*(*at)++;
    if (length == PACKED_NULL)
        return (struct text){.bytes = NULL};
    const struct text text = {.bytes = *at, .length = length};
    *at += length;
    return text;
}

struct text group_key_next(const struct group_table *table, const struct group *group,
                           const char **at)
{
    if (group->length == GROUP_LONG) {
        if (*at == NULL)
            *at = group->key.written;
        return next_written(at);
    }
    if (*at == NULL)
        *at = group->key.bytes;
    if (table->setup->key_count > 1)
        return next_packed(at);
    if (group->length == GROUP_NULL)
        return (struct text){.bytes = NULL};
    return (struct text){.bytes = group->key.bytes, .length = group->length};
}

void group_probe_group(const struct group_table *table, const struct group *group,
                       struct group_probe *probe)
{
    probe->key = group->key;
    probe->length = group->length;
    if (group->length != GROUP_LONG) {
        probe->tag = tag_of_words(table, probe);
        return;
    }
    /* The hash in the record may have been made with another table's secret. */
    const char *at = NULL;
    uint64_t hash = 0;
    for (uint32_t k = 0; k < table->setup->key_count; k++)
        hash = hash_next(table, hash, group_key_next(table, group, &at));
    probe->key.hash = hash;
    probe->tag = tag_of(table, hash);
}

static bool same_text(struct text a, struct text b)
{
    if (a.bytes == NULL || b.bytes == NULL)
        return a.bytes == b.bytes;
    return a.length == b.length && memcmp(a.bytes, b.bytes, a.length) == 0;
}

bool group_has_long_key(const struct group_table *table, const struct group *group,
                        const struct group_source *source, uint32_t i)
{
    const char *at = NULL;
    const char *other = table->probes[i].key.written;
    for (uint32_t k = 0; k < table->setup->key_count; k++) {
        const struct text text =
            source->batch == NULL
                ? next_written(&other)
                : key_text(table, source->batch, batch_row(source->batch, source->start + i), k);
        if (!same_text(text, group_key_next(table, group, &at)))
            return false;
    }
    return true;
}

/* Gives the bytes that a row's key takes when written out; false when that overflows. */
static bool measure(const struct group_table *table, const struct batch *batch, uint32_t row,
                    size_t *size)
{
    *size = 0;
    for (uint32_t k = 0; k < table->setup->key_count; k++) {
        const struct text text = key_text(table, batch, row, k);
        if (!size_add(*size, sizeof(uint64_t), size) ||
            !size_add(*size, text.bytes == NULL ? 0 : text.length, size))
            return false;
    }
    return true;
}

const char *group_write_key(struct group_table *table, const struct group_source *source,
                            uint32_t i, struct sheaf_error *error)
{
    if (source->batch == NULL)
        return table->probes[i].key.written;
    const uint32_t row = batch_row(source->batch, source->start + i);
    size_t size;
    if (!measure(table, source->batch, row, &size)) {
        error_no_memory(error, table->setup->what);
        return NULL;
    }
    char *key = arena_alloc(&table->arena, size, error);
    char *at = key;
    for (uint32_t k = 0; key != NULL && k < table->setup->key_count; k++) {
        const struct text text = key_text(table, source->batch, row, k);
        const uint64_t length = text.bytes == NULL ? WRITTEN_NULL : text.length;
        memcpy(at, &length, sizeof length);
        at += sizeof length;
        if (text.bytes != NULL && text.length > 0) {
            memcpy(at, text.bytes, text.length);
            at += text.length;
        }
    }
    return key;
}

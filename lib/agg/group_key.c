/* Keys of rows and groups. */
#include "agg/group_key.h"

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

uint64_t group_weakened(const struct group_table *table, uint64_t hash)
{
    return table->own_secrets < kept_until ? hash & kept_bits : hash;
}
#endif

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
    probe->tag = group_hash_tag(table, hash);
}

/* ---- probes of rows ---------------------------------------------------------------------- */

const unsigned char group_key_masks[GROUP_INLINE + 1][GROUP_INLINE] = {
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

const char group_key_nothing[GROUP_INLINE];

void group_probe_text(const struct group_table *table, struct text text, struct group_probe *probe)
{
    if (group_key_is_long(text)) {
        make_long(table, probe, hash_text(table->secret, text));
        return;
    }
    const size_t length = text.bytes == NULL ? 0 : text.length;
    probe->length = text.bytes == NULL ? GROUP_NULL : (uint32_t)length;
    memset(&probe->key, 0, sizeof probe->key);
    if (length > 0)
        memcpy(probe->key.bytes, text.bytes, length);
    probe->tag = group_key_tag(table, table->mix, probe);
}

static void probe_column(struct group_table *table, const struct group_source *source,
                         uint32_t count)
{
    const struct batch *batch = source->batch;
    const struct text *texts = batch->columns[table->setup->keys[0]].texts;
    struct text chosen[GROUP_BLOCK];
    if (!batch->padded) {
        for (uint32_t i = 0; i < count; i++)
            group_probe_text(table, texts[batch_row(batch, source->start + i)], &table->probes[i]);
        return;
    }
    if (batch->selection == NULL) {
        table->kernel->probe_texts(table, texts + source->start, count, table->probes);
        return;
    }
    for (uint32_t i = 0; i < count; i++)
        chosen[i] = texts[batch->selection[source->start + i]];
    table->kernel->probe_texts(table, chosen, count, table->probes);
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
        probe->tag = group_key_tag(table, table->mix, probe);
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

/* The hash in a record may have been made with another table's secret. */
static uint64_t hash_written(const struct group_table *table, const struct group *group)
{
    const char *at = NULL;
    uint64_t hash = 0;
    for (uint32_t k = 0; k < table->setup->key_count; k++)
        hash = hash_next(table, hash, group_key_next(table, group, &at));
    return hash;
}

void group_probe_group(const struct group_table *table, const struct group *group,
                       struct group_probe *probe)
{
    probe->key = group->key;
    probe->length = group->length;
    uint64_t hash;
    if (group->length == GROUP_LONG)
        hash = probe->key.hash = hash_written(table, group);
    else
        hash = group_key_hash(table->mix, probe);
    probe->tag = (uint32_t)(group_weakened(table, hash) << table->shared_bits >> 32);
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

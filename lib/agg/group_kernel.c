/* The inner loops of grouping in plain C, and the choice of a kernel. */
#include "agg/group_kernel.h"

#include "agg/group_key.h"

static void probe_texts(const struct group_table *table, const struct text *texts, uint32_t count,
                        struct group_probe *probes)
{
    uint64_t mix[2]; /* a copy, of which the compiler knows that no probe changes it */
    memcpy(mix, table->mix, sizeof mix);
    for (uint32_t i = 0; i < count; i++) {
        if (group_key_is_long(texts[i])) {
            group_probe_text(table, texts[i], &probes[i]);
            continue;
        }
        group_key_load(texts[i], &probes[i]);
        probes[i].tag = group_key_tag(table, mix, &probes[i]);
    }
}

static uint32_t find_texts(const struct group_finder *finder, const struct text *texts, uint32_t i,
                           uint32_t count)
{
    const struct group_finder own = *finder;
    uint64_t mix[2];
    memcpy(mix, own.table->mix, sizeof mix);
    for (; i < count && texts[i].bytes != NULL && texts[i].length <= GROUP_INLINE; i++) {
        struct group_probe probe;
        group_key_load(texts[i], &probe);
        probe.tag = group_key_tag(own.table, mix, &probe);
        if (!group_find_near(&own, &probe, i))
            break;
    }
    return i;
}

const struct group_kernel group_kernel_scalar = {
    .isa = ISA_SCALAR, .probe_texts = probe_texts, .find_texts = find_texts};

/* Nothing between the two is worth a kernel. */
static const struct group_kernel *const kernels[ISA_COUNT] = {
    [ISA_SCALAR] = &group_kernel_scalar,
#ifdef __x86_64__
    [ISA_SSE2] = &group_kernel_scalar,
    [ISA_AVX2] = &group_kernel_scalar,
    [ISA_AVX512] = &group_kernel_avx512,
#endif
};

const struct group_kernel *group_kernel_of(enum isa isa)
{
    return kernels[isa];
}

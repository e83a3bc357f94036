/* The inner loops of grouping for AVX-512: four slots of the index are looked at at once, so that
 * hardly any key is displaced farther, and an accumulator is one vector. */
#ifdef __AVX512VBMI2__

#include "agg/group_kernel.h"
#include "agg/group_key.h"

#include <immintrin.h>

/* A key that fits: its bytes, and the high half of its hash. */
struct short_key {
    __m128i bytes;
    uint32_t tag;
};

static inline struct short_key load_key(const struct group_table *table, struct text text,
                                        const uint64_t mix[2])
{
    struct short_key key;
    key.bytes = _mm_maskz_loadu_epi8(_cvtu32_mask16(_bzhi_u32(UINT16_MAX, (uint32_t)text.length)),
                                     text.bytes);
    unsigned long long high;
    const uint64_t low = _mulx_u64((uint64_t)_mm_cvtsi128_si64(key.bytes) ^ mix[0],
                                   (uint64_t)_mm_extract_epi64(key.bytes, 1) ^ mix[1], &high);
    key.tag = group_hash_tag(table, low ^ high);
    return key;
}

static void probe_texts(const struct group_table *table, const struct text *texts, uint32_t count,
                        struct group_probe *probes)
{
    const uint64_t mix[2] = {table->mix[0], table->mix[1]};
    for (uint32_t i = 0; i < count; i++) {
        const struct text text = texts[i];
        if (text.length > GROUP_INLINE || text.bytes == NULL) {
            group_probe_text(table, text, &probes[i]);
            continue;
        }
        const struct short_key key = load_key(table, text, mix);
        _mm_storeu_si128((void *)&probes[i].key, key.bytes);
        probes[i].length = (uint32_t)text.length;
        probes[i].tag = key.tag;
    }
}

/* Gives which of the four slots from `choice` on has the tag, as a bit at each slot's tag. */
static inline uint32_t slots_with(const uint64_t *choice, uint32_t tag)
{
    const __m256i slots = _mm256_loadu_si256((const void *)choice);
    return _cvtmask8_u32(_mm256_mask_cmpeq_epi32_mask(0xaa, slots, _mm256_set1_epi32((int)tag)));
}

/* Gives the number in the slot of the lowest bit. */
static inline uint32_t number_of(const uint64_t *choice, uint32_t slots)
{
    uint32_t low;
    memcpy(&low, (const char *)choice + (_tzcnt_u32(slots) - 1) * sizeof low, sizeof low);
    return low - 1;
}

static inline bool has_key(const struct group *group, __m128i key, size_t length)
{
    const __m128i differs = _mm_xor_si128(key, _mm_loadu_si128((const void *)&group->key));
    return group->length == length && _mm_testz_si128(differs, differs) != 0;
}

static uint32_t find_texts(const struct group_finder *finder, const struct text *texts, uint32_t i,
                           uint32_t count)
{
    const struct group_finder own = *finder;
    const uint64_t mix[2] = {own.table->mix[0], own.table->mix[1]};
    for (; i < count; i++) {
        const struct text text = texts[i];
        if (text.length > GROUP_INLINE || text.bytes == NULL)
            break;
        const struct short_key key = load_key(own.table, text, mix);
        const uint64_t *choice = own.slots + (key.tag >> own.shift);
        const uint32_t slots = slots_with(choice, key.tag);
        if (slots == 0)
            break;
        const uint32_t number = number_of(choice, slots);
        const struct group *group = (const void *)(own.groups + number * own.group_size);
        if (!has_key(group, key.bytes, text.length))
            break;
        own.found[i] = number;
    }
    return i;
}

_Static_assert(offsetof(struct group_accumulator, count) == 0 &&
                   offsetof(struct group_accumulator, sum) == 8 &&
                   offsetof(struct group_accumulator, least) == 16 &&
                   offsetof(struct group_accumulator, greatest) == 24,
               "an accumulator of extremes is four words of one vector");

/* The words of an accumulator, as bits of a mask. */
enum { SUM = 2, LEAST = 4, GREATEST = 8 };

enum { LANES = 8 };

/* Adds up and compares all that the parts want, each from what stood there before: one step after
 * the other would make rows of the same group wait. */
static inline __m256i add_to(__m256i before, int64_t mantissa)
{
    const __m256i value =
        _mm256_mask_set1_epi64(_mm256_set1_epi64x(1), SUM | LEAST | GREATEST, mantissa);
    const __m256i added = _mm256_add_epi64(before, value);
    const __m256i least = _mm256_mask_min_epi64(added, LEAST, before, value);
    return _mm256_mask_max_epi64(least, GREATEST, before, value);
}

static void add_extremes(const struct group_adder *adder)
{
    const struct group_adder own = *adder;
    for (size_t i = 0; i < own.count; i++) {
        const int64_t mantissa = own.mantissas[i];
        if (mantissa == DECIMAL_NULL)
            continue;
        __m256i *sums = (void *)(own.first + own.numbers[i] * own.group_size);
        _mm256_storeu_si256(sums, add_to(_mm256_loadu_si256(sums), mantissa));
    }
}

static __m512i greater_magnitude(__m512i greatest, __m512i values)
{
    const __mmask8 is_value = _mm512_cmpneq_epi64_mask(values, _mm512_set1_epi64(DECIMAL_NULL));
    return _mm512_mask_max_epu64(greatest, is_value, greatest, _mm512_abs_epi64(values));
}

static uint64_t magnitude(const int64_t *mantissas, uint32_t count)
{
    __m512i greatest = _mm512_setzero_si512();
    uint32_t i = 0;
    for (; count - i >= LANES; i += LANES)
        greatest = greater_magnitude(greatest, _mm512_loadu_si512(mantissas + i));
    const __mmask8 rest = _cvtu32_mask8(_bzhi_u32(UINT8_MAX, count - i));
    greatest = greater_magnitude(greatest, _mm512_maskz_loadu_epi64(rest, mantissas + i));
    return _mm512_reduce_max_epu64(greatest);
}

const struct group_kernel group_kernel_avx512 = {.isa = ISA_AVX512,
                                                 .probe_texts = probe_texts,
                                                 .find_texts = find_texts,
                                                 .add_extremes = add_extremes,
                                                 .magnitude = magnitude};

#else
/* No translation unit may be empty. */
typedef int nothing;
#endif

/* scan/block_avx2.h - what scan/block.h lists, with AVX2, BMI1, BMI2, POPCNT, PCLMULQDQ. */
#ifndef SCAN_BLOCK_AVX2_H
#define SCAN_BLOCK_AVX2_H

#if defined __AVX2__ && defined __BMI2__ && defined __PCLMUL__
#define SCAN_BLOCK

#include "base/text.h"

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct block {
    __m256i low;
    __m256i high;
};

static inline struct block block_load(const char *bytes)
{
    return (struct block){_mm256_loadu_si256((const __m256i *)(const void *)bytes),
                          _mm256_loadu_si256((const __m256i *)(const void *)(bytes + 32))};
}

static inline uint64_t block_match(struct block block, unsigned char byte)
{
    const __m256i wanted = _mm256_set1_epi8((char)byte);
    const int low = _mm256_movemask_epi8(_mm256_cmpeq_epi8(block.low, wanted));
    const int high = _mm256_movemask_epi8(_mm256_cmpeq_epi8(block.high, wanted));
    return (uint64_t)(uint32_t)high << 32 | (uint32_t)low;
}

/* A product without carries by all ones is the sum of all shifts. */
static inline uint64_t block_prefix_xor(uint64_t bits)
{
    const __m128i word = _mm_set_epi64x(0, (long long)bits);
    return (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(word, _mm_set1_epi8(-1), 0));
}

static inline unsigned block_count(uint64_t bits)
{
    return (unsigned)_mm_popcnt_u64(bits);
}

enum { BLOCK_MARKS_OVERRUN = 4, BLOCK_MARKS_AT_ONCE = 4 };

/* Some more than there are, so that the number of steps is easily foretold (as simdjson does). */
static inline void block_write_marks(uint32_t *marks, uint64_t separators, uint64_t line_feeds,
                                     uint32_t base)
{
    for (const uint32_t *end = marks + block_count(separators); marks < end;
         marks += BLOCK_MARKS_AT_ONCE)
        for (unsigned i = 0; i < BLOCK_MARKS_AT_ONCE; i++) {
            const uint64_t place = _tzcnt_u64(separators);
            separators = _blsr_u64(separators);
            marks[i] = base + 2 + 2 * (uint32_t)place + ((line_feeds >> (place & 63)) & 1);
        }
}

enum { PAIRS_COUNT = 4 };

struct pairs {
    __m256i marks; /* of each 64 bits, the start in the lower half, the end in the upper */
};

static inline long long pairs_of_one(const uint32_t *marks)
{
    long long pair = 0;
    memcpy(&pair, marks, sizeof pair);
    return pair;
}

static inline struct pairs pairs_load(const uint32_t *marks, size_t stride)
{
    if (stride == 2)
        return (struct pairs){_mm256_loadu_si256((const __m256i *)(const void *)marks)};
    return (struct pairs){_mm256_set_epi64x(pairs_of_one(marks + 3 * stride),
                                            pairs_of_one(marks + 2 * stride),
                                            pairs_of_one(marks + stride), pairs_of_one(marks))};
}

static inline __m256i pairs_starts(struct pairs pairs)
{
    const __m256i lower = _mm256_and_si256(pairs.marks, _mm256_set1_epi64x(UINT32_MAX));
    return _mm256_srli_epi64(lower, 1);
}

static inline void pairs_store_texts(struct pairs pairs, const char *bytes, struct text *texts)
{
    const __m256i starts = pairs_starts(pairs);
    const __m256i spans = _mm256_sub_epi64(_mm256_srli_epi64(pairs.marks, 33), starts);
    const __m256i lengths = _mm256_add_epi64(spans, _mm256_set1_epi64x(-1));
    const __m256i base = _mm256_set1_epi64x((long long)(uintptr_t)bytes);
    const __m256i empty = _mm256_cmpeq_epi64(lengths, _mm256_setzero_si256());
    const __m256i pointers = _mm256_andnot_si256(empty, _mm256_add_epi64(starts, base));
    const __m256i even = _mm256_unpacklo_epi64(pointers, lengths);
    const __m256i odd = _mm256_unpackhi_epi64(pointers, lengths);
    __m256i *out = (__m256i *)(void *)texts;
    _mm256_storeu_si256(out, _mm256_permute2x128_si256(even, odd, 0x20));
    _mm256_storeu_si256(out + 1, _mm256_permute2x128_si256(even, odd, 0x31));
}

static inline void pairs_store_starts(struct pairs pairs, uint64_t base, uint64_t *out)
{
    const __m256i base_of_all = _mm256_set1_epi64x((long long)base);
    _mm256_storeu_si256((__m256i *)(void *)out, _mm256_add_epi64(pairs_starts(pairs), base_of_all));
}

#endif
#endif

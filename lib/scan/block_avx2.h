/* scan/block_avx2.h - what scan/block.h lists, with AVX2, BMI1, BMI2, POPCNT, PCLMULQDQ. */
#ifndef SCAN_BLOCK_AVX2_H
#define SCAN_BLOCK_AVX2_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined __AVX2__ && defined __BMI2__ && defined __PCLMUL__
#define SCAN_BLOCK

#include <immintrin.h>

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

struct block_seen {
    __m256i bytes; /* not all 0: some were */
};

static inline void block_see(struct block_seen *seen, struct block block, unsigned char byte)
{
    const __m256i wanted = _mm256_set1_epi8((char)byte);
    const __m256i both = _mm256_or_si256(_mm256_cmpeq_epi8(block.low, wanted),
                                         _mm256_cmpeq_epi8(block.high, wanted));
    seen->bytes = _mm256_or_si256(seen->bytes, both);
}

static inline bool block_has_seen(struct block_seen seen)
{
    return _mm256_movemask_epi8(seen.bytes) != 0;
}

static inline bool block_has(struct block block, unsigned char byte)
{
    struct block_seen seen = {_mm256_setzero_si256()};
    block_see(&seen, block, byte);
    return block_has_seen(seen);
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

enum { BLOCK_MARKS_OVERRUN = 6, BLOCK_MARKS_AT_ONCE = 6 };

/* Bit i moves to 2 * i: that is what a square without carries is. */
static inline __m128i block_spread(uint64_t bits)
{
    const __m128i word = _mm_cvtsi64_si128((long long)bits);
    return _mm_clmulepi64_si128(word, word, 0);
}

/* The marks of the bits that are set; always some more than there are, so that the number of steps
 * is easily foretold (as simdjson does). */
static inline void block_write_places(uint32_t *marks, uint64_t places, unsigned count,
                                      uint32_t base)
{
    const uint32_t *end = marks + count;
    do {
#pragma GCC unroll 8
        for (unsigned i = 0; i < BLOCK_MARKS_AT_ONCE; i++) {
            marks[i] = base + (uint32_t)_tzcnt_u64(places);
            places = _blsr_u64(places);
        }
        marks += BLOCK_MARKS_AT_ONCE;
    } while (marks < end);
}

/* With two bits for each byte, the lower one for delimiters, the upper one for line feeds, the
 * place of a bit is what is to be added for it. */
static inline void block_write_marks(uint32_t *marks, uint64_t separators, uint64_t line_feeds,
                                     uint32_t base)
{
    const __m128i delimiters = block_spread(separators & ~line_feeds);
    const __m128i row_ends = _mm_slli_epi64(block_spread(separators & line_feeds), 1);
    const __m128i places = _mm_or_si128(delimiters, row_ends);
    const unsigned in_first = block_count(separators & UINT32_MAX);
    block_write_places(marks, (uint64_t)_mm_cvtsi128_si64(places), in_first, base + 2);
    block_write_places(marks + in_first, (uint64_t)_mm_extract_epi64(places, 1),
                       block_count(separators >> 32), base + 2 + 64);
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

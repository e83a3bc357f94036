/* scan/block_avx512.h - what scan/block.h lists, with AVX-512 (F, BW, VBMI, VBMI2). */
#ifndef SCAN_BLOCK_AVX512_H
#define SCAN_BLOCK_AVX512_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined __AVX512VBMI2__ && defined __AVX512VBMI__ && defined __AVX512BW__
#define SCAN_BLOCK

#include <immintrin.h>

struct block {
    __m512i bytes;
};

static inline struct block block_load(const char *bytes)
{
    return (struct block){_mm512_loadu_si512(bytes)};
}

static inline uint64_t block_match(struct block block, unsigned char byte)
{
    return _mm512_cmpeq_epi8_mask(block.bytes, _mm512_set1_epi8((char)byte));
}

static inline bool block_has(struct block block, unsigned char byte)
{
    return block_match(block, byte) != 0;
}

struct block_seen {
    uint64_t bits;
};

static inline void block_see(struct block_seen *seen, struct block block, unsigned char byte)
{
    seen->bits |= block_match(block, byte);
}

static inline bool block_has_seen(struct block_seen seen)
{
    return seen.bits != 0;
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

enum { BLOCK_MARKS_OVERRUN = 64 };

/* 2, 4, … 128: what separators of a block at offset 0 are marked with. */
static inline __m512i block_even_marks(void)
{
    const __m512i of_eight = _mm512_set1_epi64(0x100e0c0a08060402);
    const __m512i eights = _mm512_set_epi64(
        0x7070707070707070, 0x6060606060606060, 0x5050505050505050, 0x4040404040404040,
        0x3030303030303030, 0x2020202020202020, 0x1010101010101010, 0);
    return _mm512_add_epi8(of_eight, eights);
}

static inline void block_write_16(uint32_t *marks, __m128i of_block, __m512i base)
{
    _mm512_storeu_si512(marks, _mm512_add_epi32(_mm512_cvtepu8_epi32(of_block), base));
}

/* Compressed in a register: to memory, some processors take a hundred cycles. */
static inline void block_write_marks(uint32_t *marks, uint64_t separators, uint64_t line_feeds,
                                     uint32_t base)
{
    const __m512i even = block_even_marks();
    const __m512i marked = _mm512_mask_add_epi8(even, line_feeds, even, _mm512_set1_epi8(1));
    const __m512i of_block = _mm512_maskz_compress_epi8(separators, marked);
    const __m512i base_of_all = _mm512_set1_epi32((int)base);
    block_write_16(marks, _mm512_castsi512_si128(of_block), base_of_all);
    const unsigned count = block_count(separators);
    if (count <= 16)
        return;
    block_write_16(marks + 16, _mm512_extracti32x4_epi32(of_block, 1), base_of_all);
    if (count <= 32)
        return;
    block_write_16(marks + 32, _mm512_extracti32x4_epi32(of_block, 2), base_of_all);
    block_write_16(marks + 48, _mm512_extracti32x4_epi32(of_block, 3), base_of_all);
}

enum { PAIRS_COUNT = 8 };

struct pairs {
    __m512i marks; /* of each 64 bits, the start in the lower half, the end in the upper */
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
        return (struct pairs){_mm512_loadu_si512(marks)};
    const uint32_t *half = marks + 4 * stride;
    return (struct pairs){_mm512_set_epi64(
        pairs_of_one(half + 3 * stride), pairs_of_one(half + 2 * stride),
        pairs_of_one(half + stride), pairs_of_one(half), pairs_of_one(marks + 3 * stride),
        pairs_of_one(marks + 2 * stride), pairs_of_one(marks + stride), pairs_of_one(marks))};
}

static inline __m512i pairs_starts(struct pairs pairs)
{
    const __m512i lower = _mm512_and_si512(pairs.marks, _mm512_set1_epi64(UINT32_MAX));
    return _mm512_srli_epi64(lower, 1);
}

static inline void pairs_store_texts(struct pairs pairs, const char *bytes, struct text *texts)
{
    const __m512i starts = pairs_starts(pairs);
    const __m512i spans = _mm512_sub_epi64(_mm512_srli_epi64(pairs.marks, 33), starts);
    const __m512i lengths = _mm512_add_epi64(spans, _mm512_set1_epi64(-1));
    const __m512i base = _mm512_set1_epi64((long long)(uintptr_t)bytes);
    const __m512i pointers =
        _mm512_maskz_add_epi64(_mm512_test_epi64_mask(lengths, lengths), starts, base);
    const __m512i first = _mm512_set_epi64(11, 3, 10, 2, 9, 1, 8, 0);
    const __m512i second = _mm512_set_epi64(15, 7, 14, 6, 13, 5, 12, 4);
    _mm512_storeu_si512(texts, _mm512_permutex2var_epi64(pointers, first, lengths));
    _mm512_storeu_si512(texts + 4, _mm512_permutex2var_epi64(pointers, second, lengths));
}

static inline void pairs_store_starts(struct pairs pairs, uint64_t base, uint64_t *out)
{
    const __m512i base_of_all = _mm512_set1_epi64((long long)base);
    _mm512_storeu_si512(out, _mm512_add_epi64(pairs_starts(pairs), base_of_all));
}

#endif
#endif

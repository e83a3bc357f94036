/* scan/block_sse2.h - what scan/block.h lists, with what every x86-64 has. */
#ifndef SCAN_BLOCK_SSE2_H
#define SCAN_BLOCK_SSE2_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined __SSE2__ && defined __x86_64__
#define SCAN_BLOCK

#include <emmintrin.h>

struct block {
    __m128i quarters[4];
};

static inline struct block block_load(const char *bytes)
{
    const __m128i *quarters = (const __m128i *)(const void *)bytes;
    return (struct block){{_mm_loadu_si128(quarters), _mm_loadu_si128(quarters + 1),
                           _mm_loadu_si128(quarters + 2), _mm_loadu_si128(quarters + 3)}};
}

static inline uint64_t block_match(struct block block, unsigned char byte)
{
    const __m128i wanted = _mm_set1_epi8((char)byte);
    uint64_t bits = 0;
    for (unsigned i = 0; i < 4; i++) {
        const int quarter = _mm_movemask_epi8(_mm_cmpeq_epi8(block.quarters[i], wanted));
        bits |= (uint64_t)(unsigned)quarter << (16 * i);
    }
    return bits;
}

struct block_seen {
    __m128i bytes; /* not all 0: some were */
};

static inline void block_see(struct block_seen *seen, struct block block, unsigned char byte)
{
    const __m128i wanted = _mm_set1_epi8((char)byte);
    for (unsigned i = 0; i < 4; i++)
        seen->bytes = _mm_or_si128(seen->bytes, _mm_cmpeq_epi8(block.quarters[i], wanted));
}

static inline bool block_has_seen(struct block_seen seen)
{
    return _mm_movemask_epi8(seen.bytes) != 0;
}

static inline bool block_has(struct block block, unsigned char byte)
{
    struct block_seen seen = {_mm_setzero_si128()};
    block_see(&seen, block, byte);
    return block_has_seen(seen);
}

static inline uint64_t block_prefix_xor(uint64_t bits)
{
    for (unsigned shift = 1; shift < 64; shift *= 2)
        bits ^= bits << shift;
    return bits;
}

static inline unsigned block_count(uint64_t bits)
{
    return (unsigned)__builtin_popcountll(bits);
}

enum { BLOCK_MARKS_OVERRUN = 0 };

static inline void block_write_marks(uint32_t *marks, uint64_t separators, uint64_t line_feeds,
                                     uint32_t base)
{
    for (; separators != 0; separators &= separators - 1) {
        const unsigned place = (unsigned)__builtin_ctzll(separators);
        *marks++ = base + 2 + 2 * place + ((line_feeds >> place) & 1);
    }
}

enum { PAIRS_COUNT = 2 };

struct pairs {
    __m128i marks; /* of each 64 bits, the start in the lower half, the end in the upper */
};

static inline long long pairs_of_one(const uint32_t *marks)
{
    long long pair = 0;
    memcpy(&pair, marks, sizeof pair);
    return pair;
}

static inline struct pairs pairs_load(const uint32_t *marks, size_t stride)
{
    return (struct pairs){_mm_set_epi64x(pairs_of_one(marks + stride), pairs_of_one(marks))};
}

static inline __m128i pairs_starts(struct pairs pairs)
{
    return _mm_srli_epi64(_mm_and_si128(pairs.marks, _mm_set1_epi64x(UINT32_MAX)), 1);
}

static inline void pairs_store_texts(struct pairs pairs, const char *bytes, struct text *texts)
{
    const __m128i starts = pairs_starts(pairs);
    const __m128i spans = _mm_sub_epi64(_mm_srli_epi64(pairs.marks, 33), starts);
    const __m128i lengths = _mm_add_epi64(spans, _mm_set1_epi64x(-1));
    const __m128i base = _mm_set1_epi64x((long long)(uintptr_t)bytes);
    /* Lengths fill the lower halves only. */
    const __m128i empty_halves = _mm_cmpeq_epi32(lengths, _mm_setzero_si128());
    const __m128i empty = _mm_shuffle_epi32(empty_halves, _MM_SHUFFLE(2, 2, 0, 0));
    const __m128i pointers = _mm_andnot_si128(empty, _mm_add_epi64(starts, base));
    __m128i *out = (__m128i *)(void *)texts;
    _mm_storeu_si128(out, _mm_unpacklo_epi64(pointers, lengths));
    _mm_storeu_si128(out + 1, _mm_unpackhi_epi64(pointers, lengths));
}

static inline void pairs_store_starts(struct pairs pairs, uint64_t base, uint64_t *out)
{
    const __m128i base_of_all = _mm_set1_epi64x((long long)base);
    _mm_storeu_si128((__m128i *)(void *)out, _mm_add_epi64(pairs_starts(pairs), base_of_all));
}

#endif
#endif

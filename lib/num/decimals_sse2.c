/* The decimal kernels for SSE2: two values at once. */
#ifdef __SSE2__

#include "base/text.h"

#include <emmintrin.h>
#include <stdbool.h>
#include <stdint.h>

#define DECIMALS_PRIMITIVES

enum { LANES = 2 };

typedef __m128i words;

_Static_assert(sizeof(struct text) == 16, "a pointer and a length, a word each");

static inline words words_zero(void)
{
    return _mm_setzero_si128();
}

static inline words words_all(uint64_t word)
{
    return _mm_set1_epi64x((long long)word);
}

static inline words words_load(const void *memory)
{
    return _mm_loadu_si128((const __m128i *)memory);
}

static inline void words_store(void *memory, words values)
{
    _mm_storeu_si128((__m128i *)memory, values);
}

static inline words words_and(words a, words b)
{
    return _mm_and_si128(a, b);
}

static inline words words_or(words a, words b)
{
    return _mm_or_si128(a, b);
}

static inline words words_xor(words a, words b)
{
    return _mm_xor_si128(a, b);
}

/* What of b is not in a. */
static inline words words_andnot(words a, words b)
{
    return _mm_andnot_si128(a, b);
}

static inline words words_add(words a, words b)
{
    return _mm_add_epi64(a, b);
}

static inline words words_sub(words a, words b)
{
    return _mm_sub_epi64(a, b);
}

static inline words words_equal(words a, words b)
{
    const words halves = _mm_cmpeq_epi32(a, b);
    return words_and(halves, _mm_shuffle_epi32(halves, _MM_SHUFFLE(2, 3, 0, 1)));
}

/* 0xff in each byte that is the same. */
static inline words words_equal_bytes(words a, words b)
{
    return _mm_cmpeq_epi8(a, b);
}

/* True when some bit is set in both. */
static inline bool words_meet(words a, words b)
{
    return _mm_movemask_epi8(_mm_cmpeq_epi8(words_and(a, b), words_zero())) != 0xffff;
}

/* The low halves' product. */
static inline words words_multiply(words a, words b)
{
    return _mm_mul_epu32(a, b);
}

static inline words words_upper_half(words a)
{
    return _mm_srli_epi64(a, 32);
}

static inline words words_up_byte(words a)
{
    return _mm_slli_epi64(a, 8);
}

static inline words words_top_byte(words a)
{
    return _mm_srli_epi64(a, 56);
}

static inline words words_times_eight(words a)
{
    return _mm_slli_epi64(a, 3);
}

/* The first word of `first`, the second one of `second`. */
static inline words words_blend(words first, words second)
{
    return _mm_castpd_si128(_mm_move_sd(_mm_castsi128_pd(second), _mm_castsi128_pd(first)));
}

/* Each word by its own count; nothing stays where that is 64 or more, or negative. */
static inline words words_shift_up(words a, words counts)
{
    const words second = _mm_unpackhi_epi64(counts, counts);
    return words_blend(_mm_sll_epi64(a, counts), _mm_sll_epi64(a, second));
}

static inline words words_shift_down(words a, words counts)
{
    const words second = _mm_unpackhi_epi64(counts, counts);
    return words_blend(_mm_srl_epi64(a, counts), _mm_srl_epi64(a, second));
}

static inline words words_sum_bytes(words a)
{
    return _mm_sad_epu8(a, words_zero());
}

/* Not 0 in bytes that are more than 9. */
static inline words words_over_nine(words a)
{
    return _mm_subs_epu8(a, _mm_set1_epi8(9));
}

/* Of eight digits the numbers that the first and the last four make, as halves. */
static inline words words_quads(words digits)
{
    const words first = _mm_and_si128(digits, _mm_set1_epi16(0xff));
    const words tens = _mm_mullo_epi16(first, _mm_set1_epi16(10));
    const words twos = _mm_add_epi16(tens, _mm_srli_epi16(digits, 8));
    return _mm_madd_epi16(twos, _mm_set1_epi32(0x00010064));
}

static inline words words_of_pointers(const struct text *texts)
{
    return _mm_unpacklo_epi64(words_load(texts), words_load(texts + 1));
}

static inline words words_of_lengths(const struct text *texts)
{
    return _mm_unpackhi_epi64(words_load(texts), words_load(texts + 1));
}

/* What is true of each word: all bits or none. */
typedef __m128i flags;

/* One bit a byte. */
static const uint64_t words_bytes = UINT16_MAX;

static inline bool flags_any(flags a)
{
    return words_meet(a, a);
}

static inline flags flags_and(flags a, flags b)
{
    return words_and(a, b);
}

static inline flags words_same(words a, words b)
{
    return words_equal(a, b);
}

static inline uint64_t words_where_same(words a, words b)
{
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(a, b));
}

static inline words words_pick(flags which, words yes, words no)
{
    return words_or(words_and(which, yes), words_andnot(which, no));
}

static inline words words_xor_where(flags which, words a, words b)
{
    return words_xor(a, words_and(which, b));
}

static inline words words_negate_where(flags which, words a)
{
    return words_sub(words_xor(a, which), which);
}

static inline words words_most_bytes(words a, words b)
{
    return _mm_max_epu8(a, b);
}

/* True when no byte is more than 9. */
static inline bool words_are_digits(words a)
{
    const words over = words_over_nine(a);
    return !words_meet(over, over);
}

/* The words at two addresses. */
static inline words words_gather(const char *const *at)
{
    return _mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *)at[0]),
                              _mm_loadl_epi64((const __m128i *)at[1]));
}

#include "num/decimals_steps.h"

static bool parse(const struct text *texts, uint32_t count, int64_t *mantissas,
                  struct decimals *out)
{
    return parse_texts(texts, count, mantissas, out);
}

/* SSE2 has no comparison of 64-bit integers. */
const struct decimal_kernel decimal_kernel_sse2 = {
    .isa = ISA_SSE2, .parse = parse, .summarize = decimals_summarize};

#else
/* No translation unit may be empty. */
typedef int nothing;
#endif

/* The decimal kernels for AVX2: four values at once. */
#ifdef __AVX2__

#include "base/text.h"

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

#define DECIMALS_PRIMITIVES

enum { LANES = 4 };

typedef __m256i words;

_Static_assert(sizeof(struct text) == 16, "a pointer and a length, a word each");

static inline words words_zero(void)
{
    return _mm256_setzero_si256();
}

static inline words words_all(uint64_t word)
{
    return _mm256_set1_epi64x((long long)word);
}

static inline words words_load(const void *memory)
{
    return _mm256_loadu_si256((const __m256i *)memory);
}

static inline void words_store(void *memory, words values)
{
    _mm256_storeu_si256((__m256i *)memory, values);
}

static inline words words_and(words a, words b)
{
    return _mm256_and_si256(a, b);
}

static inline words words_or(words a, words b)
{
    return _mm256_or_si256(a, b);
}

static inline words words_xor(words a, words b)
{
    return _mm256_xor_si256(a, b);
}

/* What of b is not in a. */
static inline words words_andnot(words a, words b)
{
    return _mm256_andnot_si256(a, b);
}

static inline words words_add(words a, words b)
{
    return _mm256_add_epi64(a, b);
}

static inline words words_sub(words a, words b)
{
    return _mm256_sub_epi64(a, b);
}

static inline words words_equal(words a, words b)
{
    return _mm256_cmpeq_epi64(a, b);
}

/* 0xff in each byte that is the same. */
static inline words words_equal_bytes(words a, words b)
{
    return _mm256_cmpeq_epi8(a, b);
}

/* True when some bit is set in both. */
static inline bool words_meet(words a, words b)
{
    return _mm256_testz_si256(a, b) == 0;
}

/* The low halves' product. */
static inline words words_multiply(words a, words b)
{
    return _mm256_mul_epu32(a, b);
}

/* The square of the low half, which has a sign. */
static inline words words_square(words a)
{
    return _mm256_mul_epi32(a, a);
}

static inline words words_upper_half(words a)
{
    return _mm256_srli_epi64(a, 32);
}

static inline words words_up_byte(words a)
{
    return _mm256_slli_epi64(a, 8);
}

static inline words words_top_byte(words a)
{
    return _mm256_srli_epi64(a, 56);
}

static inline words words_times_eight(words a)
{
    return _mm256_slli_epi64(a, 3);
}

/* Each word by its own count; nothing stays where that is 64 or more, or negative. */
static inline words words_shift_up(words a, words counts)
{
    return _mm256_sllv_epi64(a, counts);
}

static inline words words_shift_down(words a, words counts)
{
    return _mm256_srlv_epi64(a, counts);
}

static inline words words_sum_bytes(words a)
{
    return _mm256_sad_epu8(a, words_zero());
}

/* Not 0 in bytes that are more than 9. */
static inline words words_over_nine(words a)
{
    return _mm256_subs_epu8(a, _mm256_set1_epi8(9));
}

/* Of eight digits the numbers that the first and the last four make, as halves. */
static inline words words_quads(words digits)
{
    const words tens = _mm256_set1_epi16(0x010a);
    const words hundreds = _mm256_set1_epi32(0x00010064);
    return _mm256_madd_epi16(_mm256_maddubs_epi16(digits, tens), hundreds);
}

static inline words words_least(words a, words b)
{
    return _mm256_blendv_epi8(a, b, _mm256_cmpgt_epi64(a, b));
}

static inline words words_greatest(words a, words b)
{
    return _mm256_blendv_epi8(b, a, _mm256_cmpgt_epi64(a, b));
}

static inline words words_of_pointers(const struct text *texts)
{
    const words mixed = _mm256_unpacklo_epi64(words_load(texts), words_load(texts + LANES / 2));
    return _mm256_permute4x64_epi64(mixed, _MM_SHUFFLE(3, 1, 2, 0));
}

static inline words words_of_lengths(const struct text *texts)
{
    const words mixed = _mm256_unpackhi_epi64(words_load(texts), words_load(texts + LANES / 2));
    return _mm256_permute4x64_epi64(mixed, _MM_SHUFFLE(3, 1, 2, 0));
}

/* What is true of each word: all bits or none. */
typedef __m256i flags;

/* One bit a byte. */
static const uint64_t words_bytes = UINT32_MAX;

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
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, b));
}

static inline words words_pick(flags which, words yes, words no)
{
    return _mm256_blendv_epi8(no, yes, which);
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
    return _mm256_max_epu8(a, b);
}

/* True when no byte is more than 9. */
static inline bool words_are_digits(words a)
{
    const words over = words_over_nine(a);
    return !words_meet(over, over);
}

/* The words at four addresses. By single loads, than which gathering was not quicker where it was
 * tried. */
static inline words words_gather(const char *const *at)
{
    const __m128i low = _mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *)at[0]),
                                           _mm_loadl_epi64((const __m128i *)at[1]));
    const __m128i high = _mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *)at[2]),
                                            _mm_loadl_epi64((const __m128i *)at[3]));
    return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
}

#include "num/decimals_steps.h"
#include "num/decimals_summary.h"

static bool parse(const struct text *texts, uint32_t count, int64_t *mantissas,
                  struct decimals *out)
{
    return parse_texts(texts, count, mantissas, out);
}

static void summarize(const struct decimals *decimals, const uint32_t *selection, uint32_t selected,
                      unsigned parts, struct decimal_summary *out)
{
    summarize_rows(decimals, selection, selected, parts, out);
}

const struct decimal_kernel decimal_kernel_avx2 = {
    .isa = ISA_AVX2, .parse = parse, .summarize = summarize};

#else
/* No translation unit may be empty. */
typedef int nothing;
#endif

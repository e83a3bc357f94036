/* The decimal kernels for AVX-512: eight values at once. */
#ifdef __AVX512VBMI2__

#include "base/text.h"

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

#define DECIMALS_PRIMITIVES

enum { LANES = 8 };

typedef __m512i words;

_Static_assert(sizeof(struct text) == 16, "a pointer and a length, a word each");

static inline words words_zero(void)
{
    return _mm512_setzero_si512();
}

static inline words words_all(uint64_t word)
{
    return _mm512_set1_epi64((long long)word);
}

static inline words words_load(const void *memory)
{
    return _mm512_loadu_si512(memory);
}

static inline void words_store(void *memory, words values)
{
    _mm512_storeu_si512(memory, values);
}

static inline words words_and(words a, words b)
{
    return _mm512_and_si512(a, b);
}

static inline words words_or(words a, words b)
{
    return _mm512_or_si512(a, b);
}

static inline words words_xor(words a, words b)
{
    return _mm512_xor_si512(a, b);
}

/* What of b is not in a. */
static inline words words_andnot(words a, words b)
{
    return _mm512_andnot_si512(a, b);
}

static inline words words_add(words a, words b)
{
    return _mm512_add_epi64(a, b);
}

static inline words words_sub(words a, words b)
{
    return _mm512_sub_epi64(a, b);
}

static inline words words_equal(words a, words b)
{
    return _mm512_movm_epi64(_mm512_cmpeq_epi64_mask(a, b));
}

/* 0xff in each byte that is the same. */
static inline words words_equal_bytes(words a, words b)
{
    return _mm512_movm_epi8(_mm512_cmpeq_epi8_mask(a, b));
}

/* True when some bit is set in both. */
static inline bool words_meet(words a, words b)
{
    return _mm512_test_epi64_mask(a, b) != 0;
}

/* The low halves' product. */
static inline words words_multiply(words a, words b)
{
    return _mm512_mul_epu32(a, b);
}

/* The square of the low half, which has a sign. */
static inline words words_square(words a)
{
    return _mm512_mul_epi32(a, a);
}

static inline words words_upper_half(words a)
{
    return _mm512_srli_epi64(a, 32);
}

static inline words words_up_byte(words a)
{
    return _mm512_slli_epi64(a, 8);
}

static inline words words_top_byte(words a)
{
    return _mm512_srli_epi64(a, 56);
}

static inline words words_times_eight(words a)
{
    return _mm512_slli_epi64(a, 3);
}

/* Each word by its own count; nothing stays where that is 64 or more, or negative. */
static inline words words_shift_up(words a, words counts)
{
    return _mm512_sllv_epi64(a, counts);
}

static inline words words_shift_down(words a, words counts)
{
    return _mm512_srlv_epi64(a, counts);
}

static inline words words_sum_bytes(words a)
{
    return _mm512_sad_epu8(a, words_zero());
}

/* Not 0 in bytes that are more than 9. */
static inline words words_over_nine(words a)
{
    return _mm512_subs_epu8(a, _mm512_set1_epi8(9));
}

/* Of eight digits the numbers that the first and the last four make, as halves. */
static inline words words_quads(words digits)
{
    const words tens = _mm512_set1_epi16(0x010a);
    const words hundreds = _mm512_set1_epi32(0x00010064);
    return _mm512_madd_epi16(_mm512_maddubs_epi16(digits, tens), hundreds);
}

static inline words words_least(words a, words b)
{
    return _mm512_min_epi64(a, b);
}

static inline words words_greatest(words a, words b)
{
    return _mm512_max_epi64(a, b);
}

static inline words words_of_pointers(const struct text *texts)
{
    const words even = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14);
    return _mm512_permutex2var_epi64(words_load(texts), even, words_load(texts + LANES / 2));
}

static inline words words_of_lengths(const struct text *texts)
{
    const words odd = _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15);
    return _mm512_permutex2var_epi64(words_load(texts), odd, words_load(texts + LANES / 2));
}

/* One bit a word, or a byte: what is true of it. */
typedef __mmask8 flags;

static const uint64_t words_bytes = UINT64_MAX;

static inline bool flags_any(flags a)
{
    return a != 0;
}

static inline flags flags_and(flags a, flags b)
{
    return _kand_mask8(a, b);
}

static inline flags words_same(words a, words b)
{
    return _mm512_cmpeq_epi64_mask(a, b);
}

static inline uint64_t words_where_same(words a, words b)
{
    return _mm512_cmpeq_epi8_mask(a, b);
}

static inline words words_pick(flags which, words yes, words no)
{
    return _mm512_mask_mov_epi64(no, which, yes);
}

static inline words words_xor_where(flags which, words a, words b)
{
    return _mm512_mask_xor_epi64(a, which, a, b);
}

static inline words words_negate_where(flags which, words a)
{
    return _mm512_mask_sub_epi64(a, which, words_zero(), a);
}

static inline words words_most_bytes(words a, words b)
{
    return _mm512_max_epu8(a, b);
}

/* True when no byte is more than 9. */
static inline bool words_are_digits(words a)
{
    return _mm512_cmpgt_epu8_mask(a, _mm512_set1_epi8(9)) == 0;
}

/* The words at eight addresses. By single loads, than which gathering was not quicker where it was
 * tried. */
static inline words words_gather(const char *const *at)
{
    __m128i pairs[LANES / 2];
    for (int i = 0; i < LANES / 2; i++)
        pairs[i] = _mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *)at[2 * i]),
                                      _mm_loadl_epi64((const __m128i *)at[2 * i + 1]));
    const __m256i low = _mm256_inserti128_si256(_mm256_castsi128_si256(pairs[0]), pairs[1], 1);
    const __m256i high = _mm256_inserti128_si256(_mm256_castsi128_si256(pairs[2]), pairs[3], 1);
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
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

const struct decimal_kernel decimal_kernel_avx512 = {
    .isa = ISA_AVX512, .parse = parse, .summarize = summarize};

#else
/* No translation unit may be empty. */
typedef int nothing;
#endif

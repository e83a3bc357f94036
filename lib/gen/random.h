/* gen/random.h - random words with random access, and what is drawn from them.
 *
 * The words are a SplitMix64 stream (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number
 * Generators", OOPSLA 2014), any of which can be had without those before it: a mixing function of
 * key + (i + 1) * gamma. The key is the mixed seed, so that near seeds give streams that are far
 * apart. All is done in integers, so that rows are the same on every machine. */
#ifndef GEN_RANDOM_H
#define GEN_RANDOM_H

#include <stdint.h>

static inline uint64_t random_mix(uint64_t word)
{
    word = (word ^ (word >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    word = (word ^ (word >> 27)) * UINT64_C(0x94d049bb133111eb);
    return word ^ (word >> 31);
}

/* Word `index` of the stream of `key`: random_mix(seed), or a word of another stream. */
static inline uint64_t random_word(uint64_t key, uint64_t index)
{
    return random_mix(key + (index + 1) * UINT64_C(0x9e3779b97f4a7c15));
}

/* Maps 32 random bits to 0 … limit - 1. */
static inline uint32_t random_below(uint32_t bits, uint32_t limit)
{
    return (uint32_t)((uint64_t)bits * limit >> 32);
}

/* As random_below, with the small numbers more likely: the square of a uniform variable. Each is
 * drawn; number k with a probability in proportion to sqrt(k + 1) - sqrt(k). */
static inline uint32_t random_skewed(uint32_t bits, uint32_t limit)
{
    return random_below((uint32_t)((uint64_t)bits * bits >> 32), limit);
}

/* An exponential variable of mean 3/2 * 65536, at most 32 * 65536: -log2 of a uniform one, by
 * straight lines between the powers of two (Mitchell, "Computer Multiplication and Division Using
 * Binary Logarithms", 1962). */
static inline uint32_t random_exponential(uint32_t bits)
{
    const uint32_t zeros = (uint32_t)__builtin_clz(bits | 1);
    const uint32_t mantissa = (bits | 1) << zeros >> 15; /* 1 … 2, in 65536ths */
    return ((zeros + 2) << 16) - mantissa;
}

/* A value and the sum of its share and of all before it, in 65536ths; the last one's is 65536. */
struct random_share {
    uint32_t below;
    uint32_t value;
};

/* Picks by 16 random bits. */
static inline uint32_t random_pick(const struct random_share *shares, uint64_t bits)
{
    const uint32_t at = (uint32_t)(bits & 0xffff);
    while (at >= shares->below)
        shares++;
    return shares->value;
}

#endif

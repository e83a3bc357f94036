/* base/decimal.h - a vector of short decimals of one scale: the compact form of numbers. */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include "base/number.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As a mantissa: no value. */
#define DECIMAL_NULL INT64_MIN

/* The i-th number is mantissas[i] * 10^exponent, exact. */
struct decimals {
    const int64_t *mantissas; /* NULL: the numbers have no such form */
    int8_t exponent;          /* NUMBER_EXPONENT_MIN … 0 */
    bool has_nulls;           /* false: none is DECIMAL_NULL */
};

static inline struct number decimal_number(int64_t mantissa, int exponent)
{
    if (mantissa == DECIMAL_NULL)
        return (struct number){.kind = NUMBER_NULL};
    return (struct number){
        .mantissa = mantissa, .exponent = (int8_t)exponent, .kind = NUMBER_DECIMAL};
}

/* What sums, means, variances and extremes of short decimals of one scale need to know of them. */
struct decimal_summary {
    uint64_t rows;   /* nulls included */
    uint64_t count;  /* values */
    int128 sum;      /* of the mantissas */
    uint128 squares; /* of their squares, modulo 2^128 */
    int64_t least;   /* mantissas; mean nothing when count is 0 */
    int64_t greatest;
    uint32_t squares_high; /* more of the squares, in units of 2^128 */
    int8_t exponent;
};

/* What an aggregate needs of a summary beside `rows` and `count`, as bits. */
enum decimal_summary_part {
    SUMMARY_COUNTS = 1,
    SUMMARY_SUM = 2,
    SUMMARY_EXTREMES = 4,
    SUMMARY_SQUARES = 8
};

#endif

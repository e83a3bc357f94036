/* num/power.h - the powers of ten that fit a machine integer. */
#ifndef NUM_POWER_H
#define NUM_POWER_H

#include "base/number.h"

#include <stdint.h>

enum { POWER_TEN_MAX = 19, POWER_TEN_WIDE_MAX = 38 };

/* 10^power, power 0 … POWER_TEN_MAX. */
static inline uint64_t power_ten(int power)
{
    static const uint64_t table[POWER_TEN_MAX + 1] = {
        UINT64_C(1),
        UINT64_C(10),
        UINT64_C(100),
        UINT64_C(1000),
        UINT64_C(10000),
        UINT64_C(100000),
        UINT64_C(1000000),
        UINT64_C(10000000),
        UINT64_C(100000000),
        UINT64_C(1000000000),
        UINT64_C(10000000000),
        UINT64_C(100000000000),
        UINT64_C(1000000000000),
        UINT64_C(10000000000000),
        UINT64_C(100000000000000),
        UINT64_C(1000000000000000),
        UINT64_C(10000000000000000),
        UINT64_C(100000000000000000),
        UINT64_C(1000000000000000000),
        UINT64_C(10000000000000000000),
    };
    return table[power];
}

/* 10^power, power 0 … POWER_TEN_WIDE_MAX; below 2^127. */
static inline uint128 power_ten_wide(int power)
{
    if (power <= POWER_TEN_MAX)
        return power_ten(power);
    return (uint128)power_ten(POWER_TEN_MAX) * power_ten(power - POWER_TEN_MAX);
}

/* |value|, also of the least int128. */
static inline uint128 power_magnitude(int128 value)
{
    return value < 0 ? -(uint128)value : (uint128)value;
}

#endif

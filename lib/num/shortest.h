/* num/shortest.h - the shortest decimal that reads back as a binary number. Any thread. */
#ifndef NUM_SHORTEST_H
#define NUM_SHORTEST_H

#include "base/number.h"

/* digits * 10^exponent; up to 17 digits, perhaps with zeros at the end. */
struct shortest {
    uint64_t digits;
    int exponent;
};

/* Take a finite number above 0. Of the decimals with the fewest digits that read back as the same
 * double (float), ties to even, give the nearest. */
struct shortest shortest_of_double(double value);
struct shortest shortest_of_float(float value);

/* 10^power, power SHORTEST_POWER_MIN … SHORTEST_POWER_MAX, times the power of two that makes it 128
 * bits long, from above: greater than the exact value by more than 0 and less than 4. */
enum { SHORTEST_POWER_MIN = -292, SHORTEST_POWER_MAX = 324 };
uint128 shortest_power(int power);

/* floor(log2(10^power)), for powers from -1 000 to 1 000. */
static inline int shortest_power_log2(int power)
{
    return (power * 1741647) >> 19;
}

#endif

/* num/lanes_plain.h - the primitives of extract_lanes.h in plain C: one double at a time. */
#ifndef NUM_LANES_PLAIN_H
#define NUM_LANES_PLAIN_H

#include <stdint.h>
#include <string.h>

#define LANES_TARGET
enum { LANES = 1 };
typedef double lanes;

static inline lanes lanes_all(double value)
{
    return value;
}

static inline lanes lanes_load(const double *values)
{
    return *values;
}

static inline void lanes_store(double *out, lanes value)
{
    *out = value;
}

static inline lanes lanes_add(lanes a, lanes b)
{
    return a + b;
}

static inline lanes lanes_subtract(lanes a, lanes b)
{
    return a - b;
}

static inline uint64_t lanes_bits(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline lanes lanes_or(lanes a, lanes b)
{
    const uint64_t bits = lanes_bits(a) | lanes_bits(b);
    memcpy(&a, &bits, sizeof a);
    return a;
}

static inline lanes lanes_magnitude(lanes a)
{
    const uint64_t bits = lanes_bits(a) & INT64_MAX;
    memcpy(&a, &bits, sizeof a);
    return a;
}

/* The second where one is a NaN. */
static inline lanes lanes_larger(lanes a, lanes b)
{
    return a > b ? a : b;
}

#endif

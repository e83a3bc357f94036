/* num/lanes_avx2.h - the primitives of extract_lanes.h with AVX2: four doubles at a time. */
#ifndef NUM_LANES_AVX2_H
#define NUM_LANES_AVX2_H

#if defined(__x86_64__)

#include <immintrin.h>

#define LANES_TARGET __attribute__((target("avx2")))
enum { LANES = 4 };
typedef __m256d lanes;

LANES_TARGET static inline lanes lanes_all(double value)
{
    return _mm256_set1_pd(value);
}

LANES_TARGET static inline lanes lanes_load(const double *values)
{
    return _mm256_loadu_pd(values);
}

LANES_TARGET static inline void lanes_store(double *out, lanes value)
{
    _mm256_storeu_pd(out, value);
}

LANES_TARGET static inline lanes lanes_add(lanes a, lanes b)
{
    return _mm256_add_pd(a, b);
}

LANES_TARGET static inline lanes lanes_subtract(lanes a, lanes b)
{
    return _mm256_sub_pd(a, b);
}

LANES_TARGET static inline lanes lanes_or(lanes a, lanes b)
{
    return _mm256_or_pd(a, b);
}

LANES_TARGET static inline lanes lanes_magnitude(lanes a)
{
    return _mm256_andnot_pd(_mm256_set1_pd(-0.0), a);
}

/* The second where one is a NaN. */
LANES_TARGET static inline lanes lanes_larger(lanes a, lanes b)
{
    return _mm256_max_pd(a, b);
}

#endif

#endif

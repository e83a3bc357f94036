#include "num/lanes_avx2.h"

#include "num/extract_sets.h"

#if defined(__x86_64__)

#include "num/extract_lanes.h"

static bool is_available(void)
{
    return __builtin_cpu_supports("avx2") != 0;
}

const struct extract_ops extract_avx2 = {
    .name = "avx2",
    .is_available = is_available,
    .largest = extract_largest,
    .few = extract_few,
    .many = extract_many,
};

#endif

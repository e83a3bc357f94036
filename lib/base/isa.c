#include "base/isa.h"

#include <stddef.h>
#include <string.h>

static const char *const names[] = {
    [ISA_SCALAR] = "scalar", [ISA_SSE2] = "sse2", [ISA_AVX2] = "avx2", [ISA_AVX512] = "avx512"};

_Static_assert(sizeof names / sizeof names[0] == ISA_COUNT, "a name for each");

const char *isa_name(enum isa isa)
{
    return names[isa];
}

bool isa_find(const char *name, enum isa *out)
{
    for (size_t i = 0; i < ISA_COUNT; i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (enum isa)i;
            return true;
        }
    }
    return false;
}

#ifdef __x86_64__
static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt") &&
           __builtin_cpu_supports("pclmul");
}

static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2");
}

bool isa_is_available(enum isa isa)
{
    switch (isa) {
    case ISA_AVX2:
        return has_avx2();
    case ISA_AVX512:
        return has_avx2() && has_avx512();
    default:
        return true;
    }
}
#else
bool isa_is_available(enum isa isa)
{
    return isa == ISA_SCALAR;
}
#endif

enum isa isa_best(void)
{
    enum isa isa = ISA_AVX512;
    while (!isa_is_available(isa))
        isa--;
    return isa;
}

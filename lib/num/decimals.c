#include "num/decimals.h"

#include "num/decimals_kernel.h"

static const struct decimal_kernel *const kernels[ISA_COUNT] = {
    [ISA_SCALAR] = &decimal_kernel_scalar,
#ifdef __x86_64__
    [ISA_SSE2] = &decimal_kernel_sse2,
    [ISA_AVX2] = &decimal_kernel_avx2,
    [ISA_AVX512] = &decimal_kernel_avx512,
#endif
};

const struct decimal_kernel *decimal_kernel_of(enum isa isa)
{
    return kernels[isa];
}

void decimals_expand(const struct decimals *decimals, uint32_t count, struct number *out)
{
    for (uint32_t i = 0; i < count; i++)
        out[i] = decimal_number(decimals->mantissas[i], decimals->exponent);
}

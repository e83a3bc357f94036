#include "scan/kernel.h"

#include "scan/kernel_table.h"

static const struct scan_kernel *const kernels[ISA_COUNT] = {
    [ISA_SCALAR] = &scan_kernel_scalar,
#ifdef __x86_64__
    [ISA_SSE2] = &scan_kernel_sse2,
    [ISA_AVX2] = &scan_kernel_avx2,
    [ISA_AVX512] = &scan_kernel_avx512,
#endif
};

const struct scan_kernel *scan_kernel_of(enum isa isa)
{
    return kernels[isa];
}

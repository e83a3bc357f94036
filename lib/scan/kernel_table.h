/* scan/kernel_table.h - the rows of the table of kernels, one in a file of its own; a build for
 * another processor has the plain one alone. */
#ifndef SCAN_KERNEL_TABLE_H
#define SCAN_KERNEL_TABLE_H

#include "scan/kernel.h"

extern const struct scan_kernel scan_kernel_scalar;

#ifdef __x86_64__
extern const struct scan_kernel scan_kernel_sse2;
extern const struct scan_kernel scan_kernel_avx2;
extern const struct scan_kernel scan_kernel_avx512;
#endif

#endif

/* The kernel with AVX-512. */
#include "scan/kernel_table.h"

#ifdef __x86_64__

#include "scan/kernel_index.h"
#include "scan/kernel_survey.h"
#include "scan/kernel_texts.h"

const struct scan_kernel scan_kernel_avx512 = {
    .isa = ISA_AVX512,
    .index = scan_kernel_index,
    .regular_rows = scan_kernel_regular_rows,
    .texts = scan_kernel_texts,
    .row_bytes = scan_kernel_row_bytes,
    .survey = scan_kernel_survey,
};

#endif

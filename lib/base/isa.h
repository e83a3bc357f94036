/* base/isa.h - which instruction set the kernels use.
 *
 * Every kernel has a plain C twin that defines it, and faster ones of which none gives another
 * answer. The choice is made once, and passed. */
#ifndef BASE_ISA_H
#define BASE_ISA_H

#include <stdbool.h>

/* Each includes the ones before it. */
enum isa {
    ISA_SCALAR, /* plain C */
    ISA_SSE2,
    ISA_AVX2,   /* with BMI1, BMI2, POPCNT, PCLMULQDQ */
    ISA_AVX512, /* F, BW, DQ, VL, VBMI, VBMI2, with all of the above */
    ISA_COUNT
};

/* "scalar", "sse2", "avx2", "avx512". */
const char *isa_name(enum isa isa);

/* Gives false when no instruction set has this name. */
bool isa_find(const char *name, enum isa *out);

/* Gives true when this processor and this build can run kernels of the instruction set. */
bool isa_is_available(enum isa isa);

/* Gives the best one available. Any thread. */
enum isa isa_best(void);

#endif

/* num/bignat.h - natural numbers of up to 10 240 bits, on the stack.
 *
 * Every quantity of this room is bounded (num/README.md says how), so that a fixed size serves:
 * nothing here allocates, and nothing can fail. Any thread. */
#ifndef NUM_BIGNAT_H
#define NUM_BIGNAT_H

#include "base/number.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BIGNAT_LIMBS = 160, BIGNAT_LIMB_BITS = 64 };

/* Limbs from the least significant; the top one of the `length` in use is not 0. The others are
 * not initialised. A result that would not fit is a bug of the caller, and asserted. */
struct bignat {
    size_t length; /* 0: the number 0 */
    uint64_t limbs[BIGNAT_LIMBS];
};

void bignat_set(struct bignat *out, uint128 value);
/* Takes limbs that may have zeros at the top. */
void bignat_set_limbs(struct bignat *out, const uint64_t *limbs, size_t length);
/* Copies the limbs in use only, which an assignment would not. */
void bignat_copy(struct bignat *out, const struct bignat *from);

/* Negative, 0 or positive. */
int bignat_compare(const struct bignat *a, const struct bignat *b);
/* The number of bits without leading zeros; 0 for 0. */
size_t bignat_bits(const struct bignat *number);
/* The low 128 bits. */
uint128 bignat_low(const struct bignat *number);

/* number += other; number -= other, which must not be greater. */
void bignat_add(struct bignat *number, const struct bignat *other);
void bignat_subtract(struct bignat *number, const struct bignat *other);
/* number += other * 2^bits, at the cost of other's length and where the carry goes. Two distinct
 * numbers. */
void bignat_add_shifted(struct bignat *number, const struct bignat *other, size_t bits);

void bignat_multiply_word(struct bignat *number, uint64_t factor);
/* out = a * b; out is neither of them. */
void bignat_multiply(struct bignat *out, const struct bignat *a, const struct bignat *b);
/* number *= 5^power, 10^power. */
void bignat_multiply_five(struct bignat *number, unsigned power);
void bignat_multiply_ten(struct bignat *number, unsigned power);
void bignat_shift_left(struct bignat *number, size_t bits);
/* Gives true when a bit that was not 0 fell off. */
bool bignat_shift_right(struct bignat *number, size_t bits);

/* number /= divisor (not 0); gives the remainder. */
uint64_t bignat_divide_word(struct bignat *number, uint64_t divisor);
/* quotient = number / divisor (not 0); `number` becomes the remainder. Three distinct numbers. */
void bignat_divide(struct bignat *quotient, struct bignat *number, const struct bignat *divisor);
/* root = floor(sqrt(number)); gives true when the root is exact. */
bool bignat_square_root(struct bignat *root, const struct bignat *number);

#endif

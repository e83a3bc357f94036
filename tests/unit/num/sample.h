/* tests/unit/num/sample.h - numbers, and exact sums beside GMP's. */
#ifndef SAMPLE_H
#define SAMPLE_H

#include "num/exact.h"
#include "unit/num/oracle.h"

#include <stdbool.h>
#include <stdint.h>

struct number decimal(int128 mantissa, int exponent);
struct number real(double value);
/* The number that a text is. */
struct number number_of(const char *text);

/* As the calls of num/exact.h, which must succeed. */
void add(struct exact_sum *sum, struct number number);
void add_square(struct exact_sum *sum, struct number number);
struct number value_of(const struct exact_sum *sum, int round);
/* Merges and drops `from`. */
void merge_into(struct exact_sum *into, struct exact_sum *from);

/* The sums of one column, with what GMP says. */
struct sample {
    struct exact_sum sum;
    struct exact_sum squares;
    uint64_t count;
    mpq_t total;
    mpq_t total_squares;
    bool doubles;
};

void sample_open(struct sample *sample);
void sample_close(struct sample *sample);
void sample_add(struct sample *sample, const struct number *number);

enum mixture { DECIMALS, EVERYDAY, DOUBLES, MIXED, NEAR, MIXTURES };

/* Draws from all sizes, unless the mixture says otherwise. */
struct number random_number(uint64_t *state, enum mixture mixture);

/* Fails the test unless `out` is what a quotient must be: rounded to `round` digits where it is a
 * decimal, the nearest double where that is too great or nothing was to be rounded. */
void assert_quotient(const mpq_t value, int round, const struct number *out);
/* Fails the test unless the sum's value is right in number and form. */
void assert_sum(const mpq_t value, bool doubles, const struct exact_sum *sum, int round);

#endif

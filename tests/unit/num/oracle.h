/* tests/unit/num/oracle.h - what numbers should be, by GMP's rationals.
 *
 * Results are judged, not computed: a double is right when the exact value lies between the points
 * half-way to its neighbours, a rounded decimal when it is off by half a unit at most. */
#ifndef ORACLE_H
#define ORACLE_H

#include "base/number.h"

#include <gmp.h>
#include <stdbool.h>
#include <stdint.h>

/* Sets an initialised rational to a decimal or a finite double. */
void oracle_set(mpq_t out, const struct number *number);
void oracle_set_int128(mpz_t out, int128 value);

/* True when the double is the nearest to the value (to its square root), ties to even, and not
 * -0. */
bool oracle_nearest(const mpq_t value, double real);
bool oracle_nearest_root(const mpq_t square, double real);

/* True when the number is a decimal that is the value (its square root) rounded half to even to
 * `digits` after the point. */
bool oracle_rounded(const mpq_t value, int digits, const struct number *number);
bool oracle_rounded_root(const mpq_t square, int digits, const struct number *number);

/* True when the value is a decimal as base/number.h defines it. */
bool oracle_is_decimal(const mpq_t value);

/* True when the number is this value's only right form: decimal if it can be, else nearest. */
bool oracle_sum(const mpq_t value, const struct number *number);

/* Random numbers of all sizes, hard cases among them. */
struct number oracle_random_decimal(uint64_t *state);
struct number oracle_random_double(uint64_t *state);

#endif

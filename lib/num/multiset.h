/* num/multiset.h - a multiset of numbers, kept small and sorted: what exact quantiles and
 * histograms are read from.
 *
 * Values gather in a buffer; a full one is sorted, equal values become one with a count, and the
 * run is merged into the runs before it, so that a column of few distinct values takes little
 * memory however long it is. Decimals are kept as 64-bit integers at one scale, and doubles as
 * 64-bit keys in their order, while all values allow it; else as struct number. What is in it does
 * not depend on the order of adding or merging: equal values (number_compare) are one, and of a
 * decimal and a double that are equal the decimal stays. One thread at a time; all-zero is a valid
 * empty multiset. All memory is charged to the budget given. */
#ifndef NUM_MULTISET_H
#define NUM_MULTISET_H

#include "base/buffer.h"
#include "base/decimal.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"

#include <stdint.h>

struct multiset_runs;

/* The members are the module's own. A multiset never moves once something was added. */
struct multiset {
    struct multiset_runs *runs; /* NULL: empty */
};

/* Whom growth is charged to, and the names for messages: `what` is the state ("the values of
 * median"), `column` may be NULL. Everything given must outlive the call only. */
struct multiset_charge {
    struct memory_budget *budget;
    const char *what;
    const char *column;
};

/* Adds one number (not NUMBER_NULL) `times` times (at least 1). Fails with SHEAF_SYSTEM or
 * SHEAF_LIMIT; the multiset may only be dropped after. */
enum sheaf_status multiset_add(struct multiset *set, const struct number *number, uint64_t times,
                               const struct multiset_charge *charge, struct sheaf_error *error);
/* Adds numbers[selection[i]] (numbers[i] when selection is NULL) for i < selected, skipping
 * NUMBER_NULL: the tight loop. */
enum sheaf_status multiset_add_column(struct multiset *set, const struct number *numbers,
                                      const uint32_t *selection, uint32_t selected,
                                      const struct multiset_charge *charge,
                                      struct sheaf_error *error);
/* Numbers at equal distances, and how often each is there: the i-th is (first + i) * unit *
 * 10^exponent, which as an integer before the power of ten is below 2^62 and above -2^62. */
struct multiset_series {
    /* Of the i-th: (times[i] >> shift) + more[i * more_stride], which may be 0. */
    const uint64_t *times;
    unsigned shift;       /* 0 … 63 */
    const uint64_t *more; /* NULL: nothing */
    size_t more_stride;
    size_t length;
    int64_t first;
    int64_t unit;    /* 1 … 10^6 */
    int8_t exponent; /* NUMBER_EXPONENT_MIN … 0 */
};

/* Adds them. Fails as multiset_add. */
enum sheaf_status multiset_add_series(struct multiset *set, const struct multiset_series *series,
                                      const struct multiset_charge *charge,
                                      struct sheaf_error *error);
/* Adds the decimals at `rows` (0 … count - 1 when NULL). Fails as multiset_add. */
enum sheaf_status multiset_add_decimals(struct multiset *set, const struct decimals *decimals,
                                        const uint32_t *rows, uint32_t count,
                                        const struct multiset_charge *charge,
                                        struct sheaf_error *error);
/* Moves everything of `from` to `into`; `from` may only be dropped after. */
enum sheaf_status multiset_merge(struct multiset *into, struct multiset *from,
                                 const struct multiset_charge *charge, struct sheaf_error *error);
void multiset_drop(struct multiset *set, struct memory_budget *budget);

/* Makes one sorted run of everything, for the readers below. Adding ends that. */
enum sheaf_status multiset_settle(struct multiset *set, const struct multiset_charge *charge,
                                  struct sheaf_error *error);
/* How many numbers there are, repeats counted. Any time. */
uint64_t multiset_count(const struct multiset *set);
/* Of a settled multiset: the distinct values in ascending order, index from 0, and how often each
 * is there. */
size_t multiset_distinct(const struct multiset *set);
void multiset_value(const struct multiset *set, size_t index, struct number *value,
                    uint64_t *times);
/* Of a settled multiset: the rank-th smallest number, rank 0 … count - 1. */
void multiset_at(const struct multiset *set, uint64_t rank, struct number *value);

/* Saves to a self-delimiting little-endian form (of all that is in it, settled or not); load moves
 * *bytes past it; hostile bytes: SHEAF_DATA, and *set may only be dropped. */
void multiset_save(const struct multiset *set, struct buffer *out);
enum sheaf_status multiset_load(struct multiset *set, struct text *bytes,
                                const struct multiset_charge *charge, struct sheaf_error *error);

#endif

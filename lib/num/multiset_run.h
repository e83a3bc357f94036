/* num/multiset_run.h - runs of values with counts: what a multiset is made of.
 *
 * Private to the multiset's files. One thread at a time. Every function that allocates charges the
 * budget of its context and fails with SHEAF_SYSTEM or SHEAF_LIMIT, its runs as they were or at
 * least fit to be closed. */
#ifndef NUM_MULTISET_RUN_H
#define NUM_MULTISET_RUN_H

#include "num/multiset.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How the values are kept. All runs of a multiset have one form. */
enum multiset_form {
    FORM_DECIMAL, /* keys: 64-bit mantissas at one scale */
    FORM_DOUBLE,  /* keys: doubles */
    FORM_SINGLE,  /* the same, all marked NUMBER_SINGLE */
    FORM_WIDE,    /* numbers, decimals in lowest terms */
};

/* Values, and how often each is there. A *sorted* run ascends and holds no value twice. */
struct run {
    union {
        uint64_t *keys;         /* in the order of the values */
        struct number *numbers; /* FORM_WIDE */
    };
    uint64_t *times; /* NULL: each once */
    size_t length;
    size_t capacity; /* of both arrays; what is charged */
};

/* What the functions need to know beside the runs. */
struct run_context {
    enum multiset_form form;
    const struct multiset_charge *charge;
    struct sheaf_error *error;
};

size_t multiset_form_width(enum multiset_form form);

/* ---- one value as a key ---------------------------------------------------------------------- */

static const uint64_t multiset_key_bias = UINT64_C(1) << 63;

static inline uint64_t multiset_key_of_integer(int64_t value)
{
    return (uint64_t)value ^ multiset_key_bias;
}

static inline int64_t multiset_key_integer(uint64_t key)
{
    return (int64_t)(key ^ multiset_key_bias);
}

/* The key of a number in this form, at this scale; false when it has none. A decimal's is found for
 * certain only if it is in lowest terms. */
bool multiset_key_of(enum multiset_form form, int scale, const struct number *number,
                     uint64_t *key);
/* The way back. */
void multiset_key_number(enum multiset_form form, int scale, uint64_t key, struct number *out);
/* The one form that equal numbers of a kind have: a decimal in lowest terms (0 has the exponent 0),
 * one NaN. */
void multiset_number_normalise(struct number *number);
/* A key that is near the number's value: of two that differ by more than one part in 2^48, the
 * greater number has the greater key. */
uint64_t multiset_rough_key(const struct number *number);
/* As number_compare, and fast where the numbers are not nearly equal. */
int multiset_number_compare(const struct number *a, const struct number *b);

/* ---- runs ------------------------------------------------------------------------------------ */

static inline uint64_t multiset_run_times(const struct run *run, size_t index)
{
    return run->times == NULL ? 1 : run->times[index];
}

/* Makes room for `capacity` values, which is not below what there is. */
enum sheaf_status multiset_run_reserve(struct run *run, size_t capacity,
                                       const struct run_context *context);
/* Gives the run counts, if it has none. */
enum sheaf_status multiset_run_count(struct run *run, const struct run_context *context);
/* Takes the counts away. */
void multiset_run_uncount(struct run *run, struct memory_budget *budget);
/* Gives back the memory that is not needed: counts that are all 1, room at the end. */
void multiset_run_trim(struct run *run, enum multiset_form form, struct memory_budget *budget);
/* Empties the run and gives its memory back. Takes an empty one. */
void multiset_run_close(struct run *run, enum multiset_form form, struct memory_budget *budget);

/* Moves the values of a buffer to the empty run `out`, sorted; the buffer keeps its memory, except
 * that of counts. */
enum sheaf_status multiset_run_sort(struct run *out, struct run *buffer,
                                    const struct run_context *context);
/* Merges two sorted runs into an empty one that has counts and room for both. */
void multiset_run_merge_counted(struct run *out, const struct run *a, const struct run *b,
                                enum multiset_form form);
/* Makes one sorted run of two in `into`; closes `from`. */
enum sheaf_status multiset_run_merge(struct run *into, struct run *from,
                                     const struct run_context *context);

/* ---- the multiset ---------------------------------------------------------------------------- */

/* Numbers of FORM_DECIMAL that are counted by their keys: low + i is there times[i] times. */
struct tally {
    size_t length;
    uint64_t low;
    uint64_t count;  /* numbers in it; the multiset's count has them too */
    uint64_t others; /* numbers that were not in it when it was made */
    uint64_t times[];
};

struct multiset_runs {
    uint64_t count;
    struct run *runs;    /* sorted, each more than twice as long as the next */
    struct run buffer;   /* in the order of arrival */
    struct tally *tally; /* NULL: there is none */
    uint8_t run_count;
    uint8_t run_capacity;
    uint8_t form; /* enum multiset_form */
    int8_t scale; /* of FORM_DECIMAL: the keys are in units of 10^scale, and it is at most 0 */
    bool settled; /* one run, no buffer, no tally; its times, if any, are running totals */
};

/* The numbers in a multiset, repeats counted, are at most this many. */
#define MULTISET_COUNT_MAX ((uint64_t)INT64_MAX)

enum sheaf_status multiset_too_many(const struct multiset_charge *charge,
                                    struct sheaf_error *error);

/* Makes the multiset ready to be added to: allocates it, undoes settling. */
enum sheaf_status multiset_begin(struct multiset *set, const struct multiset_charge *charge,
                                 struct sheaf_error *error);
/* Moves a sorted run of the multiset's form into it; `run` is empty after, also on failure. */
enum sheaf_status multiset_push(struct multiset_runs *runs, struct run *run,
                                const struct run_context *context);

/* ---- the tally (multiset_tally.c) -------------------------------------------------------------
 */

/* Moves what is counted to a run. */
enum sheaf_status multiset_tally_fold(struct multiset_runs *runs,
                                      const struct multiset_charge *charge,
                                      struct sheaf_error *error);
/* How many different numbers are counted. */
size_t multiset_tally_distinct(const struct tally *tally);
/* Frees it, and forgets what is counted. */
void multiset_tally_drop(struct multiset_runs *runs, struct memory_budget *budget);

/* ---- forms ----------------------------------------------------------------------------------- */

/* Changes the form so that the number, in lowest terms, has a key or the form is FORM_WIDE. */
enum sheaf_status multiset_form_admit(struct multiset_runs *runs, const struct number *number,
                                      const struct multiset_charge *charge,
                                      struct sheaf_error *error);
/* Brings two multisets that are not settled to one form. */
enum sheaf_status multiset_form_unify(struct multiset_runs *a, struct multiset_runs *b,
                                      const struct multiset_charge *charge,
                                      struct sheaf_error *error);

#endif

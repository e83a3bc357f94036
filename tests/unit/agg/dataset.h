/* tests/unit/agg/dataset.h - one random column as the aggregates see it, and batches of any of its
 * rows. */
#ifndef UNIT_AGG_DATASET_H
#define UNIT_AGG_DATASET_H

#include "agg/agg.h"
#include "col/batch.h"
#include "num/time.h"

enum { DATASET_ROWS = 48 };

/* What the values of a column look like. */
struct dataset_profile {
    const char *name;
    enum agg_kind kind;
    /* Appends one value; nothing: an empty text. */
    void (*write)(uint64_t *random, struct buffer *out);
    unsigned nulls; /* of 8 values, so many are null */
};

extern const struct dataset_profile dataset_profiles[];
extern const size_t dataset_profile_count;

/* `rows` rows at ascending places of one file. */
struct dataset {
    enum agg_kind kind;
    uint32_t rows;
    uint32_t file;
    struct text texts[DATASET_ROWS];
    struct number numbers[DATASET_ROWS];
    struct instant instants[DATASET_ROWS];
    uint64_t row_bytes[DATASET_ROWS];
    struct buffer bytes; /* of the texts */
    struct column column;
};

void dataset_make(struct dataset *dataset, const struct dataset_profile *profile, uint32_t rows,
                  uint64_t *random);
void dataset_close(struct dataset *dataset);

/* A secret for the tests of one program, drawn at its first use. */
const struct hash_secret *dataset_secret(void);

/* The type of a binary column that has the values of this kind. */
enum column_type dataset_type(enum agg_kind kind);

/* Some rows of a dataset, as a batch that borrows them from it. */
struct part {
    uint32_t selection[DATASET_ROWS];
    struct batch batch;
};

/* The rows whose bit is set in `rows`. */
void part_make(struct part *part, const struct dataset *dataset, uint64_t rows);

/* The bits of the first n rows. */
static inline uint64_t part_first(uint32_t n)
{
    return (UINT64_C(1) << n) - 1;
}

#endif

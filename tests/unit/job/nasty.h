/* nasty.h - random CSV files made to mislead a parallel reader, each with a dialect and a query,
 * and the oracle's answer to it. */
#ifndef NASTY_H
#define NASTY_H

#include "oracle/aggregate.h"
#include "oracle/automaton.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NASTY_SIZE = 300, NASTY_FILES = 2, NASTY_VARIANTS = 14, NASTY_QUERIES = 5 };

struct nasty {
    unsigned char bytes[NASTY_FILES][NASTY_SIZE];
    size_t lengths[NASTY_FILES];
    size_t file_count;
    struct oracle_dialect dialect;
    struct oracle_request request;
    const char *const *expressions; /* the calls as the command line has them */
    const char *group_by;           /* the keys likewise; NULL: none */
    bool count_only;                /* the command is count */
    struct oracle_answer answer;
    unsigned states; /* bit s: some byte led into state s */
};

/* Makes the file number `index`: variants and queries take turns, the rest is drawn from *seed. */
void nasty_make(struct nasty *nasty, unsigned index, uint64_t *seed);
void nasty_drop(struct nasty *nasty);

/* The bytes of the longest file. */
size_t nasty_length(const struct nasty *nasty);

#endif

/* agg/group_kernel.h - the inner loops of grouping, which are there for several instruction sets.
 *
 * The plain C ones define what the others do. One that finds may stop earlier than it must, and
 * whoever calls it then does that one row the long way; it may not do anything else. Shared by the
 * group files of this room only; one thread at a time per table. */
#ifndef AGG_GROUP_KERNEL_H
#define AGG_GROUP_KERNEL_H

#include "agg/group_table.h"
#include "base/isa.h"

/* What the loops over near groups need of a table, so that nothing is read again for each row: the
 * compiler cannot know that noting what was found changes none of it. They call nothing for the
 * same reason. */
struct group_finder {
    const struct group_table *table;
    const uint64_t *slots; /* GROUP_SPARE_SLOTS free ones behind the last */
    const char *groups;
    size_t group_size;
    uint32_t *found;
    unsigned shift;
};

/* Decimals of one scale on their way to the accumulators of a column. */
struct group_adder {
    const int64_t *mantissas;
    const uint32_t *numbers; /* of the groups */
    uint32_t count;
    char *first; /* the accumulator of group 0 */
    size_t group_size;
};

struct group_kernel {
    enum isa isa;

    /* Makes the probes of texts of any length, behind each of which BATCH_PADDING bytes may be
     * read. */
    void (*probe_texts)(const struct group_table *table, const struct text *texts, uint32_t count,
                        struct group_probe *probes);

    /* Finds the groups of texts from the i-th on into finder->found. Stops at the first that is a
     * null, too long for a record, or not where it is looked for: gives its number, or `count`.
     * Behind each text BATCH_PADDING bytes may be read. */
    uint32_t (*find_texts)(const struct group_finder *finder, const struct text *texts, uint32_t i,
                           uint32_t count);

    /* Adds decimals to accumulators of GROUP_FORM_EXTREMES, leaving out nulls. No sum may leave 64
     * bits by that. NULL: nothing is better than adding them one by one, with a look at that. */
    void (*add_extremes)(const struct group_adder *adder);

    /* Gives the greatest magnitude among decimals that are no nulls; 0: there are none. NULL as
     * add_extremes. */
    uint64_t (*magnitude)(const int64_t *mantissas, uint32_t count);
};

/* Gives the kernel of an instruction set that is available. */
const struct group_kernel *group_kernel_of(enum isa isa);

extern const struct group_kernel group_kernel_scalar;
#ifdef __x86_64__
extern const struct group_kernel group_kernel_avx512;
#endif

#endif

/* job/plan.h - a checked plan, as the files of this room see it. */
#ifndef JOB_PLAN_H
#define JOB_PLAN_H

#include "agg/group.h"
#include "base/arena.h"
#include "base/cpu.h"
#include "base/hash.h"
#include "format/format.h"
#include "job/columns.h"
#include "job/engine.h"
#include "job/timings.h"
#include "num/time.h"
#include "sheaf/job.h"

struct report_ops;

/* How the values of one needed column are used. */
struct column_use {
    uint32_t column;  /* in the input */
    unsigned vectors; /* what the format is asked for: enum column_vector bits */
    /* What is read from its texts besides: */
    bool as_number;
    bool as_instant;
    bool zoned;         /* as_instant: with a zone, or all without */
    bool needs_numbers; /* as_number: somebody cannot do with short decimals */
};

/* What a result needs after the run: moved from the plan to the result. */
struct job_core {
    struct memory_budget budget;
    struct arena arena; /* names and calls */
    struct hash_secret secret;
    struct group_setup groups;
    struct agg_call *calls;
    struct text *call_columns; /* the name of each call's column, whole */
    struct text *output_names;
    uint32_t outputs; /* columns of the result */
    const struct report_ops *report;
    const void *report_setup; /* what the report has read from the request; of the arena */
    bool sort;
    uint64_t limit;
    const struct executor_ops *executor_ops; /* what prints many rows, and on how many workers */
    unsigned workers;
    int round; /* digits after the point, no more than a decimal has; -1: all */
};

struct sheaf_plan {
    struct job_core *core; /* NULL once a result has it */
    struct dataset *dataset;
    const struct format_ops *format;
    struct format_document *document;
    enum format_scanner scanner;
    enum isa isa;
    enum sheaf_on_error on_error;
    bool no_headers;
    struct column_names columns;   /* of the input; owned by the document */
    const enum column_type *types; /* of the input's columns; NULL: the format does not say */
    struct column_use *uses;       /* of the needed columns, by their slot in a batch */
    uint32_t use_count;
    uint32_t *slot_of_column; /* of each column of the input; UINT32_MAX: not needed */
    uint32_t *key_slots;      /* of each key column: its slot among the needed ones */
    uint32_t *key_positions;  /* of each key column: where it stands in a batch, behind those */
    uint32_t *argument_slots; /* of each call's column; also in core->groups */

    const struct executor_ops *executor_ops;
    unsigned workers;
    bool needs_no_pool;       /* by default, a small job runs on the caller's thread */
    struct cpu_limits limits; /* of this process */
    enum dataset_access access;
    uint64_t chunk_size;
    uint64_t tail;   /* bytes at the end that are dealt out in smaller chunks */
    uint64_t chunks; /* UINT64_MAX: not known */
    const struct sheaf_cancel *cancel;
    sheaf_progress_function *progress;
    void *progress_argument;
    bool was_run;
    struct timings timings;
};

/* Opens the document: chooses the format and reads the beginnings of the files. */
enum sheaf_status plan_open_document(struct sheaf_plan *plan, const struct sheaf_request *request,
                                     struct sheaf_error *error);

/* Finds the kinds of the columns that min and max are about, on a sample of the rows where the
 * format does not say, and sets the calls' kinds and the columns' uses. */
enum sheaf_status plan_find_kinds(struct sheaf_plan *plan, struct sheaf_error *error);

void job_core_close(struct job_core *core);

#endif

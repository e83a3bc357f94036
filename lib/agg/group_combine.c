/* Merging the tables of all workers at once.
 *
 * Groups are parted by the high bits of their tags. In the index of every table the groups of one
 * part are neighbours, so a worker finds them without a look at the others. Each part becomes a
 * table of its own, that takes what is equal among all tables; parts share nothing. */
#include "agg/group_table.h"

#include "base/error.h"

enum {
    FEW_GROUPS = 8192, /* in all tables: below, to start the workers takes longer */
    /* Up to so many are merged where they are (group_pairs.c), as each is looked through for the
     * groups of all others. */
    FEW_TABLES = 3,
    PARTS_PER_WORKER = 4, /* at least, so that all end at about the same time */
    PART_GROUPS = 8192, /* at most, if that many parts are allowed: they fit a second-level cache */
    MOST_PART_BITS = 10,
    TAG_BITS = 32,
};

struct combining {
    struct group_table **tables;
    unsigned count;
    const struct group_combining *how;
    unsigned workers;
    unsigned part_bits;
    struct group_table **parts; /* 2^part_bits */
    struct sheaf_error *errors; /* of each worker */
};

static bool is_stopped(const struct combining *combining)
{
    return combining->how->should_stop != NULL &&
           combining->how->should_stop(combining->how->argument);
}

static enum sheaf_status stopped(struct sheaf_error *error)
{
    return error_set(error, SHEAF_STOPPED, "stopped");
}

/* ---- parts ------------------------------------------------------------------------------- */

/* Walks the slots of one part in a table. */
struct walk {
    const struct group_table *table;
    uint32_t part;
    unsigned part_bits;
    size_t at;   /* not masked */
    size_t last; /* the last slot that is any tag's first choice */
};

static struct walk walk_part(const struct group_table *table, uint32_t part, unsigned part_bits)
{
    const uint64_t first = (uint64_t)part << (TAG_BITS - part_bits);
    const uint64_t last = ((uint64_t)part + 1) << (TAG_BITS - part_bits);
    return (struct walk){
        .table = table,
        .part = part,
        .part_bits = part_bits,
        .at = (size_t)(first >> table->shift),
        .last = (size_t)((last - 1) >> table->shift),
    };
}

/* Gives the next groups of the part, at most GROUP_BLOCK; 0: there are no more. Behind the last
 * slot there may be some that had to give way, up to the first free slot. */
static uint32_t walk_on(struct walk *walk, uint32_t *numbers)
{
    const uint64_t *slots = walk->table->index.memory;
    const size_t mask = walk->table->slot_count - 1;
    uint32_t count = 0;
    while (count < GROUP_BLOCK) {
        const uint64_t slot = slots[walk->at & mask];
        if (slot == 0 && walk->at >= walk->last)
            break;
        walk->at++;
        if (slot != 0 && slot >> (64 - walk->part_bits) == walk->part)
            numbers[count++] = (uint32_t)slot - 1;
    }
    return count;
}

static enum sheaf_status take_part(const struct combining *combining, struct group_table *part,
                                   uint32_t number, struct sheaf_error *error)
{
    uint32_t numbers[GROUP_BLOCK];
    for (unsigned t = 0; t < combining->count; t++) {
        struct group_table *from = combining->tables[t];
        if (from->count == 0)
            continue;
        TRY(group_merge_begin(part, from, error));
        struct walk walk = walk_part(from, number, combining->part_bits);
        for (uint32_t count; (count = walk_on(&walk, numbers)) > 0;)
            TRY(group_merge_block(part, from, numbers, count, error));
    }
    return SHEAF_OK;
}

static void combine_parts(void *argument, unsigned worker)
{
    const struct combining *combining = argument;
    struct sheaf_error *error = &combining->errors[worker];
    const uint32_t parts = UINT32_C(1) << combining->part_bits;
    for (uint32_t p = worker; p < parts && error->status == SHEAF_OK; p += combining->workers) {
        if (is_stopped(combining)) {
            stopped(error);
            return;
        }
        struct group_table **part = &combining->parts[p];
        if (group_table_open(combining->tables[0]->setup, part, error) != SHEAF_OK)
            return;
        (*part)->shared_bits = combining->part_bits;
        (void)take_part(combining, *part, p, error);
    }
}

/* ---- the one group of tables without keys ------------------------------------------------ */

/* Merges the states of some calls into those of the first table. */
static void combine_calls(void *argument, unsigned worker)
{
    const struct combining *combining = argument;
    struct sheaf_error *error = &combining->errors[worker];
    const struct group_setup *setup = combining->tables[0]->setup;
    for (uint32_t i = worker; i < setup->call_count; i += combining->workers) {
        const struct agg_call *call = &setup->calls[i];
        void *into = group_table_state(combining->tables[0], i);
        for (unsigned t = 1; t < combining->count; t++) {
            if (is_stopped(combining)) {
                stopped(error);
                return;
            }
            void *from = group_table_state(combining->tables[t], i);
            if (call->ops->merge(into, from, call, error) != SHEAF_OK)
                return;
        }
    }
}

/* ---- all of it --------------------------------------------------------------------------- */

static enum sheaf_status first_error(const struct combining *combining, struct sheaf_error *error)
{
    for (unsigned w = 0; w < combining->workers; w++)
        if (combining->errors[w].status != SHEAF_OK) {
            *error = combining->errors[w];
            return error->status;
        }
    return SHEAF_OK;
}

/* Runs the work on all workers. */
static enum sheaf_status run(struct combining *combining, executor_work *work,
                             struct sheaf_error *error)
{
    struct executor *executor = combining->how->executor;
    const struct executor_task task = {.work = work, .argument = combining};
    combining->errors = memory_zeroed(combining->workers, sizeof *combining->errors);
    if (combining->errors == NULL)
        return error_no_memory(error, combining->tables[0]->setup->what);
    enum sheaf_status status = executor->ops->run(executor, &task, error);
    if (status == SHEAF_OK)
        status = first_error(combining, error);
    memory_free(combining->errors);
    return status;
}

/* One after the other, into the first. */
static enum sheaf_status merge_all(const struct combining *combining, struct sheaf_error *error)
{
    for (unsigned t = 1; t < combining->count; t++) {
        if (is_stopped(combining))
            return stopped(error);
        TRY(group_table_merge(combining->tables[0], combining->tables[t], error));
    }
    return SHEAF_OK;
}

/* Hands the parts, and the memory that their groups lie in, to a table. On failure some of the
 * tables' groups are in parts, which are closed before that memory. */
static enum sheaf_status own_parts(struct combining *combining, struct group_table *whole,
                                   struct sheaf_error *error)
{
    const size_t count = (size_t)1 << combining->part_bits;
    whole->starts = memory_zeroed(count, sizeof *whole->starts);
    if (whole->starts == NULL)
        return error_no_memory(error, whole->setup->what);
    uint64_t start = 0;
    for (size_t p = 0; p < count; p++) {
        whole->starts[p] = (uint32_t)start;
        start += combining->parts[p]->count;
    }
    if (start > GROUP_MOST)
        return error_set(error, SHEAF_LIMIT, "%s: too many groups", whole->setup->what);
    for (unsigned t = 0; t < combining->count; t++)
        arena_adopt(&whole->arena, &combining->tables[t]->arena);
    for (unsigned t = 0; t < combining->count; t++)
        combining->tables[t]->count = 0;
    return SHEAF_OK;
}

static uint64_t count_groups(const struct combining *combining)
{
    uint64_t count = 0;
    for (unsigned t = 0; t < combining->count; t++)
        count += combining->tables[t]->count;
    return count;
}

static enum sheaf_status combine_groups(struct combining *combining, struct group_table **out,
                                        struct sheaf_error *error)
{
    struct group_table *whole;
    TRY(group_table_open(combining->tables[0]->setup, &whole, error));
    const uint64_t groups = count_groups(combining);
    while (combining->part_bits < MOST_PART_BITS &&
           ((1U << combining->part_bits) < PARTS_PER_WORKER * combining->workers ||
            groups >> combining->part_bits > PART_GROUPS))
        combining->part_bits++;
    const size_t count = (size_t)1 << combining->part_bits;
    combining->parts = memory_zeroed(count, sizeof(struct group_table *));
    enum sheaf_status status = combining->parts == NULL ? error_no_memory(error, whole->setup->what)
                                                        : run(combining, combine_parts, error);
    whole->parts = combining->parts;
    whole->part_count = combining->parts == NULL ? 0 : count;
    if (status == SHEAF_OK)
        status = own_parts(combining, whole, error);
    if (status == SHEAF_OK)
        *out = whole;
    else
        group_table_close(whole);
    return status;
}

#ifdef SHEAF_TESTING
static uint64_t few_groups = FEW_GROUPS;

void group_combine_from(uint64_t groups)
{
    few_groups = groups;
}
#else
static const uint64_t few_groups = FEW_GROUPS;
#endif

static bool are_many(const struct combining *combining)
{
    const uint64_t groups = count_groups(combining);
    return groups >= few_groups && groups <= GROUP_MOST;
}

static bool are_worth_parts(const struct combining *combining)
{
    /* A table that has a secret of its own has its groups in other places. */
    for (unsigned t = 0; t < combining->count; t++)
        if (combining->tables[t]->own_secrets > 0)
            return false;
    return combining->workers > 1 && combining->count > FEW_TABLES && are_many(combining);
}

enum sheaf_status group_tables_combine(struct group_table **tables, unsigned count,
                                       const struct group_combining *how, struct group_table **out,
                                       struct sheaf_error *error)
{
    struct sheaf_error unseen;
    error = group_error(error, &unseen);
    *out = NULL;
    struct combining combining = {
        .tables = tables,
        .count = count,
        .how = how,
        .workers = how->executor->ops->workers(how->executor),
    };
    for (unsigned t = 0; t < count; t++)
        group_table_unsort(tables[t]);
    const bool has_keys = tables[0]->setup->key_count > 0;
    if (count > 1 && has_keys && are_worth_parts(&combining))
        return combine_groups(&combining, out, error);
    if (count > 1 && has_keys && count <= FEW_TABLES && are_many(&combining))
        return group_pairs_combine(tables, count, how, out, error);
    if (count > 1 && !has_keys)
        TRY(run(&combining, combine_calls, error));
    else
        TRY(merge_all(&combining, error));
    *out = tables[0];
    tables[0] = NULL;
    return SHEAF_OK;
}

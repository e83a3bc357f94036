/* Merging a few tables where they are.
 *
 * Each group looks for its like in the tables before its own. Of a pair, the one that appeared
 * first takes what the other has: so the groups that are left in a table stay in the order that
 * they had, and nothing is put into any index. Every group is in one pair at most, whence workers
 * need no lock, as long as no table grows: pairs that want new memory are put off until one worker
 * is alone. */
#include "agg/group_table.h"

#include "base/error.h"

enum { PIECE_GROUPS = 16 * GROUP_BLOCK }; /* that a worker takes at a time */

struct pairing {
    struct group_table **tables;
    unsigned count;
    const struct group_combining *how;
    unsigned workers;
    unsigned seeker;            /* the table whose groups look for their likes in those before it */
    bool puts_off;              /* pairs that want memory */
    uint64_t put_off;           /* pairs */
    uint64_t *put_offs;         /* of each worker */
    struct sheaf_error *errors; /* of each worker */
};

/* Some neighbours on their search. */
struct searching {
    struct group_probe probes[GROUP_BLOCK];
    uint32_t ways[GROUP_BLOCK];
    uint32_t start; /* the first one's number */
    uint32_t count;
};

static bool is_taken(const struct group_table *table, uint32_t number)
{
    return ((const uint64_t *)table->first_bytes.memory)[number] == GROUP_TAKEN;
}

static void take(struct group_table *table, uint32_t number)
{
    ((uint64_t *)table->first_bytes.memory)[number] = GROUP_TAKEN;
}

/* Merges a pair into the one that appeared first; puts it off if it must. */
static enum sheaf_status merge_pair(struct pairing *pairing, struct group_table *tables[2],
                                    uint32_t numbers[2], unsigned worker, struct sheaf_error *error)
{
    const unsigned first =
        place_compare(group_place(tables[0], numbers[0]), group_place(tables[1], numbers[1])) > 0;
    struct group_table *into = tables[first];
    struct group_table *from = tables[!first];
    if (pairing->puts_off && !group_merge_is_simple(into, numbers[first], from, numbers[!first])) {
        pairing->put_offs[worker]++;
        return SHEAF_OK;
    }
    TRY(group_merge_pair(into, numbers[first], from, numbers[!first], error));
    take(from, numbers[!first]);
    return SHEAF_OK;
}

static void search(const struct group_table *seeker, const struct group_table *table,
                   struct searching *searching)
{
    for (uint32_t i = 0; i < searching->count; i++)
        group_probe_group(table, group_at(seeker, searching->start + i), &searching->probes[i]);
    group_search_begin(table, searching->probes, searching->ways, searching->count);
    const uint64_t *slots = table->index.memory;
    for (uint32_t i = 0; i < searching->count; i++) {
        const uint64_t slot = slots[searching->ways[i]];
        if (slot != 0)
            __builtin_prefetch((uint64_t *)table->first_bytes.memory + ((uint32_t)slot - 1), 1);
    }
}

static enum sheaf_status pair_block(struct pairing *pairing, struct searching *searching,
                                    unsigned worker, struct sheaf_error *error)
{
    struct group_table *seeker = pairing->tables[pairing->seeker];
    for (unsigned t = 0; t < pairing->seeker; t++) {
        struct group_table *table = pairing->tables[t];
        if (table->count == 0)
            continue;
        search(seeker, table, searching);
        for (uint32_t i = 0; i < searching->count; i++) {
            const uint32_t number = searching->start + i;
            if (is_taken(seeker, number))
                continue;
            const uint32_t like = group_search_end(table, &searching->probes[i],
                                                   group_at(seeker, number), searching->ways[i]);
            if (like != GROUP_NONE && !is_taken(table, like))
                TRY(merge_pair(pairing, (struct group_table *[]){table, seeker},
                               (uint32_t[]){like, number}, worker, error));
        }
    }
    return SHEAF_OK;
}

static enum sheaf_status pair_piece(struct pairing *pairing, uint64_t piece, unsigned worker,
                                    struct sheaf_error *error)
{
    if (pairing->how->should_stop != NULL && pairing->how->should_stop(pairing->how->argument))
        return error_set(error, SHEAF_STOPPED, "stopped");
    const uint64_t all = pairing->tables[pairing->seeker]->count;
    const uint64_t end =
        all - piece * PIECE_GROUPS < PIECE_GROUPS ? all : (piece + 1) * PIECE_GROUPS;
    struct searching searching;
    for (uint64_t start = piece * PIECE_GROUPS; start < end; start += GROUP_BLOCK) {
        searching.start = (uint32_t)start;
        searching.count = (uint32_t)(end - start < GROUP_BLOCK ? end - start : GROUP_BLOCK);
        TRY(pair_block(pairing, &searching, worker, error));
    }
    return SHEAF_OK;
}

static void pair_pieces(void *argument, unsigned worker)
{
    struct pairing *pairing = argument;
    struct sheaf_error *error = &pairing->errors[worker];
    const uint64_t count = pairing->tables[pairing->seeker]->count;
    const uint64_t pieces = count / PIECE_GROUPS + (count % PIECE_GROUPS != 0);
    const unsigned workers = pairing->puts_off ? pairing->workers : 1;
    for (uint64_t piece = worker; piece < pieces; piece += workers)
        if (pair_piece(pairing, piece, worker, error) != SHEAF_OK)
            return;
}

/* ---- all of it --------------------------------------------------------------------------- */

/* Brings the sums of all tables to one scale, as far as that goes, and makes room for whatever
 * states a pair may move. */
static enum sheaf_status level(const struct pairing *pairing, struct sheaf_error *error)
{
    struct group_table *first = pairing->tables[0];
    for (unsigned t = 1; t < pairing->count; t++)
        TRY(group_merge_begin_sums(first, pairing->tables[t], error));
    bool has_spilled = first->spilled.memory != NULL;
    for (unsigned t = 1; t < pairing->count; t++) {
        TRY(group_merge_begin_sums(pairing->tables[t], first, error));
        has_spilled = has_spilled || pairing->tables[t]->spilled.memory != NULL;
    }
    for (unsigned t = 0; has_spilled && t < pairing->count; t++) {
        struct group_table *table = pairing->tables[t];
        TRY(group_array_grow(table, &table->spilled, table->room, sizeof(char *), error));
    }
    return SHEAF_OK;
}

/* Lets the groups of each table but the first find their likes. */
static enum sheaf_status pair_all(struct pairing *pairing, struct sheaf_error *error)
{
    struct executor *executor = pairing->how->executor;
    const struct executor_task task = {.work = pair_pieces, .argument = pairing};
    for (pairing->seeker = 1; pairing->seeker < pairing->count; pairing->seeker++) {
        if (pairing->puts_off)
            TRY(executor->ops->run(executor, &task, error));
        else
            pair_pieces(pairing, 0);
        for (unsigned w = 0; w < pairing->workers; w++)
            if (pairing->errors[w].status != SHEAF_OK) {
                *error = pairing->errors[w];
                return error->status;
            }
    }
    for (unsigned w = 0; w < pairing->workers; w++)
        pairing->put_off += pairing->put_offs[w];
    return SHEAF_OK;
}

static enum sheaf_status pair_twice(struct pairing *pairing, struct sheaf_error *error)
{
    pairing->errors = memory_zeroed(pairing->workers, sizeof *pairing->errors);
    pairing->put_offs = memory_zeroed(pairing->workers, sizeof *pairing->put_offs);
    enum sheaf_status status = SHEAF_OK;
    if (pairing->errors == NULL || pairing->put_offs == NULL)
        status = error_no_memory(error, pairing->tables[0]->setup->what);
    pairing->puts_off = true;
    if (status == SHEAF_OK)
        status = pair_all(pairing, error);
    pairing->puts_off = false;
    if (status == SHEAF_OK && pairing->put_off > 0)
        status = pair_all(pairing, error);
    memory_free(pairing->errors);
    memory_free(pairing->put_offs);
    return status;
}

/* Makes the tables parts of another, which owns all that their groups lie in. */
static enum sheaf_status own_tables(const struct pairing *pairing, struct group_table *whole,
                                    struct sheaf_error *error)
{
    whole->parts = memory_zeroed(pairing->count, sizeof(struct group_table *));
    whole->starts = memory_zeroed(pairing->count, sizeof *whole->starts);
    if (whole->parts == NULL || whole->starts == NULL)
        return error_no_memory(error, whole->setup->what);
    whole->part_count = pairing->count;
    uint32_t start = 0;
    for (unsigned t = 0; t < pairing->count; t++) {
        whole->parts[t] = pairing->tables[t];
        whole->starts[t] = start;
        start += (uint32_t)pairing->tables[t]->count;
        arena_adopt(&whole->arena, &pairing->tables[t]->arena);
        pairing->tables[t] = NULL;
    }
    return SHEAF_OK;
}

static void count_taken(struct group_table *table)
{
    for (uint32_t number = 0; number < table->count; number++)
        table->taken += is_taken(table, number);
}

enum sheaf_status group_pairs_combine(struct group_table **tables, unsigned count,
                                      const struct group_combining *how, struct group_table **out,
                                      struct sheaf_error *error)
{
    struct group_table *whole;
    TRY(group_table_open(tables[0]->setup, &whole, error));
    struct pairing pairing = {.tables = tables,
                              .count = count,
                              .how = how,
                              .workers = how->executor->ops->workers(how->executor)};
    enum sheaf_status status = own_tables(&pairing, whole, error);
    pairing.tables = whole->parts;
    if (status == SHEAF_OK)
        status = level(&pairing, error);
    if (status == SHEAF_OK)
        status = pair_twice(&pairing, error);
    if (status != SHEAF_OK) {
        group_table_close(whole);
        return status;
    }
    for (unsigned t = 0; t < count; t++) {
        group_array_close(whole->parts[t], &whole->parts[t]->index);
        count_taken(whole->parts[t]);
    }
    *out = whole;
    return SHEAF_OK;
}

/* The groups of a table as rows of a result: sorting them, and filling cells. */
#include "agg/group_table.h"
#include "base/error.h"
#include "num/compare.h"
#include "num/parse.h"

#include <assert.h>
#include <string.h>

typedef int entry_compare(const struct group_entry *a, const struct group_entry *b,
                          const struct group_setup *setup);

static int compare_places(const struct group_entry *a, const struct group_entry *b,
                          const struct group_setup *setup)
{
    (void)setup;
    return place_compare(a->place, b->place);
}

/* The order of two keys of a column that are not null: numbers by value, all else by bytes. */
static int compare_texts(struct text a, struct text b, enum column_type type)
{
    struct number left;
    struct number right;
    if (column_type_is_number(type) && number_parse(a, &left) && number_parse(b, &right)) {
        const int order = number_compare(&left, &right);
        if (order != 0)
            return order;
    }
    return text_compare(a, b);
}

static int compare_keys(const struct group_entry *a, const struct group_entry *b,
                        const struct group_setup *setup)
{
    const char *key = group_key(a->group);
    const char *other_key = group_key(b->group);
    for (uint32_t k = 0; k < setup->key_count; k++) {
        const struct text text = group_key_next(&key);
        const struct text other = group_key_next(&other_key);
        if (text.bytes == NULL || other.bytes == NULL) {
            if (text.bytes != other.bytes)
                return text.bytes == NULL ? -1 : 1;
            continue;
        }
        const enum column_type type = setup->key_types == NULL ? TYPE_TEXT : setup->key_types[k];
        const int order = compare_texts(text, other, type);
        if (order != 0)
            return order;
    }
    return 0;
}

/* A bottom-up merge sort. libc's qsort may allocate as much behind the budget's back. */
struct sorting {
    struct group_entry *from;
    struct group_entry *to;
    size_t count;
    entry_compare *compare;
    const struct group_setup *setup;
};

/* Merges the sorted runs of `width` entries at `start` and after it, from `from` to `to`. */
static void merge_runs(const struct sorting *sorting, size_t start, size_t width)
{
    const size_t count = sorting->count;
    const size_t middle = count - start < width ? count : start + width;
    const size_t end = count - middle < width ? count : middle + width;
    size_t left = start;
    size_t right = middle;
    for (size_t i = start; i < end; i++) {
        const bool takes_left =
            left < middle &&
            (right == end ||
             sorting->compare(&sorting->from[left], &sorting->from[right], sorting->setup) <= 0);
        sorting->to[i] = sorting->from[takes_left ? left++ : right++];
    }
}

/* Sorts; the result is at `from` after. */
static void sort_entries(struct sorting *sorting)
{
    for (size_t width = 1; width < sorting->count; width *= 2) {
        for (size_t start = 0; start < sorting->count; start += 2 * width)
            merge_runs(sorting, start, width);
        struct group_entry *sorted = sorting->to;
        sorting->to = sorting->from;
        sorting->from = sorted;
    }
}

static void collect_entries(const struct group_table *table, struct group_entry *entries)
{
    size_t count = 0;
    for (size_t i = 0; i < table->slot_count; i++) {
        const struct group *group = table->slots[i].group;
        if (group != NULL)
            entries[count++] = (struct group_entry){.place = group->place, .group = group};
    }
}

void group_table_unsort(struct group_table *table)
{
    group_free(table->setup->budget, table->order, table->group_count, sizeof *table->order);
    table->order = NULL;
}

enum sheaf_status group_table_sort(struct group_table *table, enum group_order order,
                                   struct sheaf_error *error)
{
    struct sheaf_error unseen;
    error = group_error(error, &unseen);
    group_table_unsort(table);
    struct memory_budget *budget = table->setup->budget;
    const size_t count = table->group_count;
    struct group_entry *entries = group_alloc(table->setup, count, sizeof *entries, error);
    if (entries == NULL)
        return error->status;
    struct group_entry *spare = group_alloc(table->setup, count, sizeof *spare, error);
    if (spare == NULL) {
        group_free(budget, entries, count, sizeof *entries);
        return error->status;
    }
    struct sorting sorting = {
        .from = entries,
        .to = spare,
        .count = count,
        .compare = order == GROUP_BY_KEY ? compare_keys : compare_places,
        .setup = table->setup,
    };
    collect_entries(table, entries);
    sort_entries(&sorting);
    group_free(budget, sorting.to, count, sizeof *sorting.to);
    table->order = sorting.from;
    return SHEAF_OK;
}

enum sheaf_status group_table_row(const struct group_table *table, uint64_t row,
                                  struct value *cells, struct sheaf_error *error)
{
    assert(table->order != NULL && row < table->group_count);
    const struct group *group = table->order[row].group;
    const char *key = group_key(group);
    for (uint32_t k = 0; k < table->setup->key_count; k++) {
        const struct text text = group_key_next(&key);
        *cells++ = text.bytes == NULL ? value_null() : value_text(text);
    }
    const char *states = (const char *)group + group_states_offset(group->key_size);
    for (uint32_t i = 0; i < table->setup->call_count; i++) {
        const struct agg_call *call = &table->setup->calls[i];
        TRY(call->ops->finish(states + table->offsets[i], call, cells++, error));
    }
    return SHEAF_OK;
}

void *group_table_state(const struct group_table *table, uint32_t call)
{
    assert(table->only != NULL && call < table->setup->call_count);
    return group_states(table->only) + table->offsets[call];
}

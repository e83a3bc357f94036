/* Putting the groups of a table in order.
 *
 * By appearance: places are sorted digit by digit from the lowest (Harold Seward's radix sort), for
 * they are numbers, most of whose digits are all the same. By key: a bottom-up merge sort of our
 * own, since libc's may allocate behind the memory limit's back. */
#include "agg/group_table.h"

#include "base/error.h"
#include "num/compare.h"
#include "num/parse.h"

/* One group to sort. */
struct entry {
    uint64_t byte; /* its place */
    uint32_t file;
    uint32_t index; /* counted through the parts */
};

struct sorting {
    const struct group_table *table;
    struct entry *from;
    struct entry *to;
    size_t count;
};

static void swap(struct sorting *sorting)
{
    struct entry *sorted = sorting->to;
    sorting->to = sorting->from;
    sorting->from = sorted;
}

/* ---- by appearance ----------------------------------------------------------------------- */

enum { DIGIT_BITS = 11, DIGITS = 1 << DIGIT_BITS };

/* How to find a digit: of the byte, or of the file. */
struct digit {
    bool is_of_file;
    unsigned shift;
};

static size_t digit_of(const struct entry *entry, struct digit digit)
{
    const uint64_t value = digit.is_of_file ? entry->file : entry->byte;
    return (size_t)(value >> digit.shift) & (DIGITS - 1);
}

/* Sorts by one digit, keeping the order of those that have the same. */
static void sort_digit(struct sorting *sorting, struct digit digit)
{
    size_t starts[DIGITS] = {0};
    for (size_t i = 0; i < sorting->count; i++)
        starts[digit_of(&sorting->from[i], digit)]++;
    size_t start = 0;
    for (size_t d = 0; d < DIGITS; d++) {
        const size_t count = starts[d];
        starts[d] = start;
        start += count;
    }
    for (size_t i = 0; i < sorting->count; i++)
        sorting->to[starts[digit_of(&sorting->from[i], digit)]++] = sorting->from[i];
    swap(sorting);
}

static void sort_places(struct sorting *sorting)
{
    struct entry used = {.byte = 0}; /* every bit that any has */
    for (size_t i = 0; i < sorting->count; i++) {
        used.byte |= sorting->from[i].byte;
        used.file |= sorting->from[i].file;
    }
    for (unsigned shift = 0; shift < 64 && used.byte >> shift != 0; shift += DIGIT_BITS)
        sort_digit(sorting, (struct digit){.is_of_file = false, .shift = shift});
    for (unsigned shift = 0; shift < 32 && used.file >> shift != 0; shift += DIGIT_BITS)
        sort_digit(sorting, (struct digit){.is_of_file = true, .shift = shift});
}

/* ---- by key ------------------------------------------------------------------------------ */

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

static int compare_keys(const struct group_table *table, const struct group *a,
                        const struct group *b)
{
    const struct group_setup *setup = table->setup;
    const char *at = NULL;
    const char *other_at = NULL;
    for (uint32_t k = 0; k < setup->key_count; k++) {
        const struct text text = group_key_next(table, a, &at);
        const struct text other = group_key_next(table, b, &other_at);
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

static const struct group *group_of(const struct sorting *sorting, const struct entry *entry)
{
    uint32_t number = entry->index;
    const struct group_table *part = group_table_of(sorting->table, &number);
    return group_at(part, number);
}

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
            (right == end || compare_keys(sorting->table, group_of(sorting, &sorting->from[left]),
                                          group_of(sorting, &sorting->from[right])) <= 0);
        sorting->to[i] = sorting->from[takes_left ? left++ : right++];
    }
}

static void sort_keys(struct sorting *sorting)
{
    for (size_t width = 1; width < sorting->count; width *= 2) {
        for (size_t start = 0; start < sorting->count; start += 2 * width)
            merge_runs(sorting, start, width);
        swap(sorting);
    }
}

/* ---- the table --------------------------------------------------------------------------- */

static struct entry *collect(const struct group_table *table, uint32_t start, struct entry *entries)
{
    for (uint32_t number = 0; number < table->count; number++) {
        const struct place place = group_place(table, number);
        if (place.byte == GROUP_TAKEN)
            continue;
        *entries++ =
            (struct entry){.byte = place.byte, .file = place.file, .index = start + number};
    }
    return entries;
}

void group_table_unsort(struct group_table *table)
{
    group_array_close(table, &table->order);
    table->is_sorted = false;
}

/* ---- parts in order ---------------------------------------------------------------------- */

enum { FEW_PARTS = 4 };

/* What is left of a part whose groups ascend. */
struct ascent {
    const struct group_table *table;
    uint32_t start;    /* of its groups, counted through the parts */
    uint32_t number;   /* of the next group that nobody has taken, or the count */
    struct place next; /* its place; behind all others: there are no more */
};

static void ascend_to(struct ascent *ascent, uint32_t number)
{
    const struct group_table *table = ascent->table;
    const uint64_t *bytes = table->first_bytes.memory;
    while (number < table->count && bytes[number] == GROUP_TAKEN)
        number++;
    ascent->number = number;
    ascent->next = (struct place){.byte = UINT64_MAX, .file = UINT32_MAX};
    if (number == table->count)
        return;
    ascent->next.byte = bytes[number];
    /* No file stands behind that of the last row: records need not be read for it. */
    ascent->next.file = table->last.file == 0 ? 0 : group_at(table, number)->file;
}

static bool do_parts_ascend(const struct group_table *table)
{
    bool ascend = table->part_count > 0 && table->part_count <= FEW_PARTS;
    for (size_t p = 0; ascend && p < table->part_count; p++)
        ascend = table->parts[p]->is_ascending;
    return ascend;
}

/* Merges the parts' orders. */
static void merge_ascents(const struct group_table *table, uint32_t *order, size_t count)
{
    struct ascent ascents[FEW_PARTS];
    for (size_t p = 0; p < table->part_count; p++) {
        ascents[p] = (struct ascent){.table = table->parts[p], .start = table->starts[p]};
        ascend_to(&ascents[p], 0);
    }
    for (size_t i = 0; i < count; i++) {
        struct ascent *first = &ascents[0];
        for (size_t p = 1; p < table->part_count; p++)
            if (place_compare(ascents[p].next, first->next) < 0)
                first = &ascents[p];
        order[i] = first->start + first->number;
        ascend_to(first, first->number + 1);
    }
}

/* ---- all --------------------------------------------------------------------------------- */

static enum sheaf_status sort(struct group_table *table, enum group_order order,
                              struct sorting *sorting, struct sheaf_error *error)
{
    struct entry *end = collect(table, 0, sorting->from);
    for (size_t p = 0; p < table->part_count; p++)
        end = collect(table->parts[p], table->starts[p], end);
    if (order == GROUP_BY_KEY)
        sort_keys(sorting);
    else
        sort_places(sorting);
    TRY(group_array_grow(table, &table->order, sorting->count, sizeof(uint32_t), error));
    for (size_t i = 0; i < sorting->count; i++)
        ((uint32_t *)table->order.memory)[i] = sorting->from[i].index;
    return SHEAF_OK;
}

enum sheaf_status group_table_sort(struct group_table *table, enum group_order order,
                                   struct sheaf_error *error)
{
    struct sheaf_error unseen;
    error = group_error(error, &unseen);
    group_table_unsort(table);
    const size_t count = (size_t)group_table_count(table);
    const bool is_in_order = table->part_count == 0 && table->is_ascending;
    table->is_sorted = true;
    if (table->part_count == 0 && (count < 2 || (order == GROUP_BY_APPEARANCE && is_in_order)))
        return SHEAF_OK; /* as they are */
    if (order == GROUP_BY_APPEARANCE && do_parts_ascend(table)) {
        const enum sheaf_status status =
            group_array_grow(table, &table->order, count, sizeof(uint32_t), error);
        if (status == SHEAF_OK)
            merge_ascents(table, table->order.memory, count);
        table->is_sorted = status == SHEAF_OK;
        return status;
    }
    struct group_array entries = {.memory = NULL};
    struct group_array spare = {.memory = NULL};
    enum sheaf_status status =
        group_array_grow(table, &entries, count, sizeof(struct entry), error);
    if (status == SHEAF_OK)
        status = group_array_grow(table, &spare, count, sizeof(struct entry), error);
    struct sorting sorting = {
        .table = table, .from = entries.memory, .to = spare.memory, .count = count};
    if (status == SHEAF_OK)
        status = sort(table, order, &sorting, error);
    group_array_close(table, &entries);
    group_array_close(table, &spare);
    table->is_sorted = status == SHEAF_OK;
    return status;
}

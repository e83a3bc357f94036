#include "oracle/aggregate.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES = 6, SCALE = 1000000, MOST_DIGITS = 9 };

/* A row as the aggregates see it: exactly `columns` fields, NULL where the value is missing. */
struct item {
    const struct oracle_field **fields;
    size_t group;
};

struct run {
    const struct oracle_request *request;
    struct oracle_answer *answer;
    size_t columns;
    bool *numeric; /* columns whose values must be numbers */
    struct item *items;
    size_t item_count;
    size_t group_count;
};

/* ---- numbers ---- */

static bool blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* Gives whether the field is a number; its value times SCALE. */
static bool parse(const struct oracle_field *field, int64_t *out, bool *beyond)
{
    const char *at = field->bytes;
    const char *end = at + field->length;
    while (at < end && blank(*at))
        at++;
    while (at < end && blank(end[-1]))
        end--;
    const bool negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    int64_t value = 0;
    size_t digits = 0, whole = 0;
    for (; at < end && isdigit((unsigned char)*at); at++, digits++, whole++)
        value = whole < MOST_DIGITS ? value * 10 + (*at - '0') : value;
    size_t decimals = 0;
    if (at < end && *at == '.')
        for (at++; at < end && isdigit((unsigned char)*at); at++, digits++, decimals++)
            value = decimals < PLACES ? value * 10 + (*at - '0') : value;
    if (at != end || digits == 0)
        return false;
    *beyond |= whole > MOST_DIGITS || decimals > PLACES;
    for (; decimals < PLACES; decimals++)
        value *= 10;
    *out = negative ? -value : value;
    return true;
}

/* ---- text ---- */

static void put(struct oracle_answer *answer, const char *bytes, size_t length)
{
    answer->csv = oracle_resize(answer->csv, answer->csv_length + length + 1);
    if (length > 0)
        memcpy(answer->csv + answer->csv_length, bytes, length);
    answer->csv_length += length;
    answer->csv[answer->csv_length] = '\0';
}

static void put_count(struct oracle_answer *answer, uint64_t count)
{
    char text[32];
    const int length = snprintf(text, sizeof text, "%" PRIu64, count);
    put(answer, text, (size_t)length);
}

static void put_number(struct oracle_answer *answer, int64_t value)
{
    const int64_t size = value < 0 ? -value : value;
    char text[64];
    int length = snprintf(text, sizeof text, "%s%" PRId64 ".%06" PRId64, value < 0 ? "-" : "",
                          size / SCALE, size % SCALE);
    while (text[length - 1] == '0')
        length--;
    if (text[length - 1] == '.')
        length--;
    put(answer, text, (size_t)length);
}

static void put_text(struct oracle_answer *answer, const char *bytes, size_t length)
{
    bool quote = length == 0;
    for (size_t i = 0; i < length; i++)
        quote |= strchr("\",\r\n", bytes[i]) != NULL && bytes[i] != '\0';
    if (quote)
        put(answer, "\"", 1);
    for (size_t i = 0; i < length; i++)
        put(answer, bytes[i] == '"' ? "\"\"" : &bytes[i], bytes[i] == '"' ? 2 : 1);
    if (quote)
        put(answer, "\"", 1);
}

/* ---- rows ---- */

static bool is_missing(const struct run *run, const struct oracle_field *field)
{
    return field->length == 0 && (!field->quoted || run->request->null_quoted);
}

static bool fits(const struct run *run, const struct oracle_row *row)
{
    const struct oracle_request *request = run->request;
    if (row->bad_line > 0 || (row->count < run->columns && !request->pad))
        return false;
    return row->count <= run->columns || request->trim;
}

static void fail(struct oracle_answer *answer, size_t file, uint64_t line)
{
    if (answer->status == ORACLE_OK)
        *answer = (struct oracle_answer){.status = ORACLE_DATA, .file = file, .line = line};
}

static const struct oracle_field *field_of(const struct run *run, const struct oracle_row *row,
                                           size_t column)
{
    const bool there = column < row->count && !is_missing(run, &row->fields[column]);
    return there ? &row->fields[column] : NULL;
}

/* Gives how many values of the row should be numbers and are not; makes them missing in `fields`.
 */
static uint64_t drop_bad_values(struct run *run, const struct oracle_field **fields)
{
    uint64_t bad = 0;
    for (size_t column = 0; column < run->columns; column++) {
        int64_t ignored;
        if (!run->numeric[column] || fields[column] == NULL ||
            parse(fields[column], &ignored, &run->answer->beyond))
            continue;
        fields[column] = NULL;
        bad++;
    }
    return bad;
}

static void add_row(struct run *run, const struct oracle_row *row, size_t file)
{
    struct oracle_answer *answer = run->answer;
    const enum oracle_on_error on_error = run->request->on_error;
    const struct oracle_field **fields = oracle_resize(NULL, run->columns * sizeof *fields);
    for (size_t column = 0; column < run->columns; column++)
        fields[column] = field_of(run, row, column);
    const bool shaped = fits(run, row);
    const uint64_t bad = shaped ? drop_bad_values(run, fields) : 0;
    if (shaped && (bad == 0 || on_error == ORACLE_NULL)) {
        answer->nulled_values += bad;
        run->items = oracle_resize(run->items, (run->item_count + 1) * sizeof *run->items);
        run->items[run->item_count++] = (struct item){.fields = fields};
        return;
    }
    free(fields);
    answer->skipped_rows++;
    if (on_error == ORACLE_FAIL)
        fail(answer, file, row->bad_line > 0 ? row->bad_line : row->line);
}

/* min and max compare as numbers when any value of the column is one, else as texts. */
static bool any_number(const struct run *run, const struct oracle_table *tables, size_t count,
                       size_t column)
{
    for (size_t t = 0; t < count; t++)
        for (size_t r = run->request->no_headers ? 0 : 1; r < tables[t].count; r++) {
            const struct oracle_row *row = &tables[t].rows[r];
            const struct oracle_field *field = fits(run, row) ? field_of(run, row, column) : NULL;
            int64_t ignored;
            if (field != NULL && parse(field, &ignored, &run->answer->beyond))
                return true;
        }
    return false;
}

static void find_numeric(struct run *run, const struct oracle_table *tables, size_t count)
{
    for (size_t i = 0; i < run->request->call_count; i++) {
        const struct oracle_call *call = &run->request->calls[i];
        const bool extreme = call->function == ORACLE_MIN || call->function == ORACLE_MAX;
        if (call->function == ORACLE_SUM ||
            (extreme && any_number(run, tables, count, call->column)))
            run->numeric[call->column] = true;
    }
}

/* ---- groups ---- */

static int compare_texts(const struct oracle_field *a, const struct oracle_field *b)
{
    const size_t shorter = a->length < b->length ? a->length : b->length;
    const int order = shorter == 0 ? 0 : memcmp(a->bytes, b->bytes, shorter);
    return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

static bool same_group(const struct run *run, const struct item *a, const struct item *b)
{
    for (size_t i = 0; i < run->request->key_count; i++) {
        const struct oracle_field *left = a->fields[run->request->keys[i]];
        const struct oracle_field *right = b->fields[run->request->keys[i]];
        if ((left == NULL) != (right == NULL))
            return false;
        if (left != NULL && compare_texts(left, right) != 0)
            return false;
    }
    return true;
}

static void find_groups(struct run *run)
{
    for (size_t i = 0; i < run->item_count; i++) {
        size_t j = 0;
        while (j < i && !same_group(run, &run->items[j], &run->items[i]))
            j++;
        run->items[i].group = j < i ? run->items[j].group : run->group_count++;
    }
    if (run->request->key_count == 0)
        run->group_count = 1;
}

/* ---- results ---- */

struct summary {
    uint64_t rows, values;
    int64_t sum;
    const struct oracle_field *first, *last, *least, *most;
};

static int compare_values(struct run *run, size_t column, const struct oracle_field *a,
                          const struct oracle_field *b)
{
    int64_t left, right;
    if (!run->numeric[column])
        return compare_texts(a, b);
    (void)parse(a, &left, &run->answer->beyond);
    (void)parse(b, &right, &run->answer->beyond);
    return (left > right) - (left < right);
}

static struct summary summarise(struct run *run, size_t group, size_t column)
{
    struct summary summary = {0};
    for (size_t i = 0; i < run->item_count; i++) {
        if (run->items[i].group != group && run->request->key_count > 0)
            continue;
        summary.rows++;
        const struct oracle_field *field = run->columns > 0 ? run->items[i].fields[column] : NULL;
        if (field == NULL)
            continue;
        int64_t value = 0;
        if (run->numeric[column])
            (void)parse(field, &value, &run->answer->beyond);
        summary.sum += value;
        summary.first = summary.values++ == 0 ? field : summary.first;
        summary.last = field;
        if (summary.least == NULL || compare_values(run, column, field, summary.least) < 0)
            summary.least = field;
        if (summary.most == NULL || compare_values(run, column, field, summary.most) > 0)
            summary.most = field;
    }
    return summary;
}

static void put_extreme(struct run *run, size_t column, const struct oracle_field *field)
{
    int64_t value;
    if (field != NULL && run->numeric[column] && parse(field, &value, &run->answer->beyond))
        put_number(run->answer, value);
    else if (field != NULL)
        put_text(run->answer, field->bytes, field->length);
}

static void put_call(struct run *run, size_t group, const struct oracle_call *call)
{
    const struct summary summary = summarise(run, group, call->column);
    switch (call->function) {
    case ORACLE_ROWS:
        put_count(run->answer, summary.rows);
        break;
    case ORACLE_COUNT:
        put_count(run->answer, summary.values);
        break;
    case ORACLE_NULLS:
        put_count(run->answer, summary.rows - summary.values);
        break;
    case ORACLE_SUM:
        put_number(run->answer, summary.sum);
        break;
    case ORACLE_MIN:
        put_extreme(run, call->column, summary.least);
        break;
    case ORACLE_MAX:
        put_extreme(run, call->column, summary.most);
        break;
    case ORACLE_FIRST:
    case ORACLE_LAST: {
        const struct oracle_field *field =
            call->function == ORACLE_FIRST ? summary.first : summary.last;
        if (field != NULL)
            put_text(run->answer, field->bytes, field->length);
        break;
    }
    }
}

static void put_heading(struct run *run, const struct oracle_row *header)
{
    const struct oracle_request *request = run->request;
    for (size_t i = 0; i < request->key_count; i++) {
        char name[32];
        int length = snprintf(name, sizeof name, "c%zu", request->keys[i] + 1);
        const struct oracle_field *field = &header->fields[request->keys[i]];
        put(run->answer, ",", i > 0);
        if (request->no_headers)
            put(run->answer, name, (size_t)length);
        else
            put_text(run->answer, field->bytes, field->length);
    }
    for (size_t i = 0; i < request->call_count; i++) {
        put(run->answer, ",", i + request->key_count > 0);
        put(run->answer, request->calls[i].name, strlen(request->calls[i].name));
    }
    put(run->answer, "\n", 1);
}

static void put_group(struct run *run, size_t group)
{
    const struct oracle_request *request = run->request;
    const struct item *item = run->items;
    while (request->key_count > 0 && item->group != group)
        item++;
    const size_t before = run->answer->csv_length;
    for (size_t i = 0; i < request->key_count; i++) {
        const struct oracle_field *key = item->fields[request->keys[i]];
        put(run->answer, ",", i > 0);
        if (key != NULL)
            put_text(run->answer, key->bytes, key->length);
    }
    for (size_t i = 0; i < request->call_count; i++) {
        put(run->answer, ",", i + request->key_count > 0);
        put_call(run, group, &request->calls[i]);
    }
    if (run->answer->csv_length == before)
        put(run->answer, "\"\"", 2); /* an empty line would be no row */
    put(run->answer, "\n", 1);
}

/* ---- the whole ---- */

static bool names_unknown(const struct oracle_request *request, size_t columns)
{
    for (size_t i = 0; i < request->key_count; i++)
        if (request->keys[i] >= columns)
            return true;
    for (size_t i = 0; i < request->call_count; i++)
        if (request->calls[i].function != ORACLE_ROWS && request->calls[i].column >= columns)
            return true;
    return false;
}

/* The first row of the dataset, or NULL; fails when it cannot be read. */
static const struct oracle_row *find_header(const struct oracle_table *tables, size_t count,
                                            struct oracle_answer *answer)
{
    for (size_t t = 0; t < count; t++) {
        if (tables[t].count > 0 && tables[t].rows[0].bad_line > 0)
            fail(answer, t, tables[t].rows[0].bad_line);
        if (tables[t].count > 0)
            return &tables[t].rows[0];
        if (tables[t].unclosed_line > 0) {
            fail(answer, t, tables[t].unclosed_line);
            return NULL;
        }
    }
    return NULL;
}

static void read_rows(struct run *run, const struct oracle_table *tables, size_t count)
{
    for (size_t t = 0; t < count; t++) {
        for (size_t r = run->request->no_headers ? 0 : 1; r < tables[t].count; r++)
            add_row(run, &tables[t].rows[r], t);
        if (tables[t].unclosed_line > 0)
            fail(run->answer, t, tables[t].unclosed_line);
    }
}

static void print(struct run *run, const struct oracle_row *header)
{
    put_heading(run, header);
    for (size_t group = 0; group < run->group_count; group++)
        put_group(run, group);
}

void oracle_aggregate(const struct oracle_request *request, const struct oracle_table *tables,
                      size_t table_count, struct oracle_answer *out)
{
    *out = (struct oracle_answer){0};
    struct run run = {.request = request, .answer = out};
    const struct oracle_row *header = find_header(tables, table_count, out);
    if (out->status != ORACLE_OK)
        return;
    run.columns = header == NULL ? 0 : header->count;
    if (names_unknown(request, run.columns)) {
        out->status = ORACLE_USAGE;
        return;
    }
    run.numeric = oracle_resize(NULL, (run.columns + 1) * sizeof *run.numeric);
    memset(run.numeric, 0, (run.columns + 1) * sizeof *run.numeric);
    find_numeric(&run, tables, table_count);
    read_rows(&run, tables, table_count);
    if (out->status == ORACLE_OK) {
        find_groups(&run);
        print(&run, header);
    }
    for (size_t i = 0; i < run.item_count; i++)
        free(run.items[i].fields);
    free(run.items);
    free(run.numeric);
}

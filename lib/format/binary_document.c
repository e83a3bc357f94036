#include "format/binary.h"

#include "format/binary_time.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- opening ----------------------------------------------------------------------------- */

enum sheaf_status binary_document_open(const struct format_ops *ops, struct dataset *dataset,
                                       const struct format_options *options,
                                       struct binary_document **out, struct sheaf_error *error)
{
    *out = NULL;
    struct binary_document *document = memory_zeroed(1, sizeof *document);
    if (document == NULL)
        return error_no_memory(error, "the document");
    document->base.ops = ops;
    document->dataset = dataset;
    document->policy = options->policy;
    document->budget = options->budget;
    const size_t size = dataset_files(dataset) * sizeof *document->layouts;
    document->layouts = arena_alloc(&document->arena, size, error);
    if (document->layouts == NULL) {
        binary_close(&document->base);
        return SHEAF_SYSTEM;
    }
    memset(document->layouts, 0, size);
    *out = document;
    return SHEAF_OK;
}

enum column_type binary_type(enum binary_kind kind)
{
    static const enum column_type types[BINARY_KINDS] = {
        [BINARY_SIGNED] = TYPE_INTEGER, [BINARY_UNSIGNED] = TYPE_INTEGER,
        [BINARY_REAL] = TYPE_FLOAT,     [BINARY_BOOL] = TYPE_BOOLEAN,
        [BINARY_BYTES] = TYPE_TEXT,     [BINARY_UCS4] = TYPE_TEXT,
        [BINARY_TIME] = TYPE_TIMESTAMP,
    };
    return types[kind];
}

/* What the values of a field are given out as: equal values of one form print alike. */
static const char *form_of(const struct binary_field *field)
{
    if (field->kind == BINARY_TIME && binary_time_is_date(field->unit))
        return "timestamp in days";
    if (field->kind == BINARY_REAL && field->size < 8)
        return "float of single precision";
    return column_type_name(binary_type(field->kind));
}

/* Compares one column of a file with the first file's. */
static enum sheaf_status check_column(const struct binary_document *document, uint32_t file,
                                      uint32_t column, struct sheaf_error *error)
{
    const char *first = dataset_name(document->dataset, 0);
    const struct binary_place place = binary_place_at(document->dataset, file, 0);
    const struct binary_field *a = &document->layouts[0].fields[column];
    const struct binary_field *b = &document->layouts[file].fields[column];
    char name[ERROR_NAME_SIZE];
    char other[ERROR_NAME_SIZE];
    error_name(name, a->name.bytes, a->name.length);
    error_name(other, b->name.bytes, b->name.length);
    enum sheaf_status status = SHEAF_OK;
    if (text_compare(a->name, b->name) != 0)
        status = binary_error(&place, error, "column %" PRIu32 " is \"%s\", but \"%s\" in %s",
                              column + 1, other, name, first);
    else if (strcmp(form_of(a), form_of(b)) != 0)
        status = binary_error(&place, error, "column %" PRIu32 " (\"%s\") is %s, but %s in %s",
                              column + 1, name, form_of(b), form_of(a), first);
    if (status != SHEAF_OK && error != NULL)
        error->column = column + 1;
    return status;
}

static enum sheaf_status check_file(const struct binary_document *document, uint32_t file,
                                    struct sheaf_error *error)
{
    const uint32_t expected = document->layouts[0].count;
    const uint32_t count = document->layouts[file].count;
    for (uint32_t column = 0; column < expected && column < count; column++)
        TRY(check_column(document, file, column, error));
    const struct binary_place place = binary_place_at(document->dataset, file, 0);
    if (count != expected)
        return binary_error(&place, error, "%" PRIu32 " column%s, but %" PRIu32 " in %s", count,
                            count == 1 ? "" : "s", expected, dataset_name(document->dataset, 0));
    return SHEAF_OK;
}

enum sheaf_status binary_document_settle(struct binary_document *document,
                                         struct sheaf_error *error)
{
    const uint32_t files = dataset_files(document->dataset);
    for (uint32_t file = 1; file < files; file++)
        TRY(check_file(document, file, error));
    for (uint32_t file = 0; file < files; file++)
        dataset_set_begin(document->dataset, file, document->layouts[file].begin);

    const struct binary_layout *layout = &document->layouts[0];
    struct arena *arena = &document->arena;
    document->names = arena_alloc(arena, layout->count * sizeof *document->names, error);
    document->types = arena_alloc(arena, layout->count * sizeof *document->types, error);
    if (document->names == NULL || document->types == NULL)
        return SHEAF_SYSTEM;
    for (uint32_t column = 0; column < layout->count; column++) {
        document->names[column] = layout->fields[column].name;
        document->types[column] = binary_type(layout->fields[column].kind);
    }
    document->columns = layout->count;
    return SHEAF_OK;
}

void binary_close(struct format_document *base)
{
    struct binary_document *document = (struct binary_document *)base;
    if (document == NULL)
        return;
    arena_close(&document->arena);
    memory_free(document);
}

/* ---- columns ----------------------------------------------------------------------------- */

uint32_t binary_columns(const struct format_document *base, const struct text **names)
{
    const struct binary_document *document = (const struct binary_document *)base;
    *names = document->names;
    return document->columns;
}

const enum column_type *binary_types(const struct format_document *base)
{
    return ((const struct binary_document *)base)->types;
}

/* Any value can be had as text; the other forms only where they are what the values are. */
static enum sheaf_status check_need(const struct binary_document *document,
                                    const struct format_need *need, struct sheaf_error *error)
{
    const enum column_type type = document->types[need->column];
    const char *form = NULL;
    if ((need->vectors & COLUMN_NUMBERS) != 0 && !column_type_is_number(type))
        form = "numbers";
    if ((need->vectors & COLUMN_REALS) != 0 && type != TYPE_FLOAT)
        form = "real numbers";
    if ((need->vectors & COLUMN_INSTANTS) != 0 && !column_type_is_time(type))
        form = "times";
    if (form == NULL)
        return SHEAF_OK;
    const struct text *name = &document->names[need->column];
    char safe[ERROR_NAME_SIZE];
    return error_set(error, SHEAF_USAGE, "column %" PRIu32 " (\"%s\") is %s, %s are needed",
                     need->column + 1, error_name(safe, name->bytes, name->length),
                     column_type_name(type), form);
}

enum sheaf_status binary_select(struct format_document *base, const struct format_need *needed,
                                uint32_t count, struct sheaf_error *error)
{
    struct binary_document *document = (struct binary_document *)base;
    for (uint32_t i = 0; i < count; i++)
        TRY(check_need(document, &needed[i], error));
    struct format_need *needs = arena_alloc(&document->arena, count * sizeof *needs, error);
    if (needs == NULL)
        return SHEAF_SYSTEM;
    if (count > 0)
        memcpy(needs, needed, count * sizeof *needs);
    document->needs = needs;
    document->need_count = count;
    return SHEAF_OK;
}

/* ---- rows -------------------------------------------------------------------------------- */

uint64_t binary_column_rows(const struct binary_layout *layout)
{
    const uint64_t size = layout->fields[0].size;
    return size < BINARY_COLUMN_BYTES && size > 0 ? BINARY_COLUMN_BYTES / size : 1;
}

uint64_t binary_row_offset(const struct binary_layout *layout, uint64_t row)
{
    return layout->begin + row * layout->record;
}

/* Where each column is read for itself, a chunk should have so many rows that this is worth it:
 * one, or as many as BINARY_COLUMN_BYTES of each column hold. */
uint64_t binary_chunk_hint(const struct format_document *base)
{
    const struct binary_document *document = (const struct binary_document *)base;
    uint64_t hint = 0;
    for (uint32_t file = 0; file < dataset_files(document->dataset); file++) {
        const struct binary_layout *layout = &document->layouts[file];
        const uint64_t size = layout->by_column ? binary_column_rows(layout) * layout->record : 0;
        hint = size > hint ? size : hint;
    }
    return hint;
}

enum sheaf_status binary_start(struct format_document *base, struct executor *executor,
                               struct sheaf_error *error)
{
    (void)base, (void)executor, (void)error; /* no chunk waits for another */
    return SHEAF_OK;
}

/* ---- errors ------------------------------------------------------------------------------ */

struct binary_place binary_place_at(const struct dataset *dataset, uint32_t file, uint64_t byte)
{
    return (struct binary_place){.name = dataset_name(dataset, file), .file = file, .byte = byte};
}

enum sheaf_status binary_error(const struct binary_place *place, struct sheaf_error *error,
                               const char *format, ...)
{
    char text[SHEAF_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    error_set(error, SHEAF_DATA, "%s: byte %" PRIu64 ": %s", place->name, place->byte, text);
    if (error != NULL) {
        error->file = place->file;
        error->byte = place->byte;
    }
    return SHEAF_DATA;
}

enum sheaf_status binary_error_torn(const struct binary_place *place, uint64_t got, uint64_t record,
                                    struct sheaf_error *error)
{
    return binary_error(place, error,
                        "the last record is torn: %" PRIu64 " of %" PRIu64
                        " bytes; is the schema right?",
                        got, record);
}

enum sheaf_status binary_error_short(const struct binary_place *place,
                                     const struct binary_layout *layout, struct sheaf_error *error)
{
    return binary_error(place, error,
                        "the data ends here, after %" PRIu64 " bytes, but the header says %" PRIu64
                        " (%" PRIu64 " rows of %" PRIu64 ")",
                        place->byte - layout->begin, layout->rows * layout->record, layout->rows,
                        layout->record);
}

enum sheaf_status binary_error_long(const struct binary_place *place,
                                    const struct binary_layout *layout, struct sheaf_error *error)
{
    return binary_error(place, error,
                        "the data goes on, but the header says %" PRIu64 " bytes (%" PRIu64
                        " rows of %" PRIu64 ")",
                        layout->rows * layout->record, layout->rows, layout->record);
}

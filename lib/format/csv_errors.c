#include "format/csv.h"

#include <stdarg.h>
#include <stdio.h>

/* "column 3 ("fare")", or "column 3" where there is no name for it. */
static const char *column_text(const struct csv_document *document, uint32_t column,
                               char out[ERROR_NAME_SIZE + 32])
{
    if (column == 0 || column > document->columns || document->options.no_headers) {
        snprintf(out, ERROR_NAME_SIZE + 32, "column %lu", (unsigned long)column);
        return out;
    }
    const struct text name = document->names[column - 1];
    char safe[ERROR_NAME_SIZE];
    snprintf(out, ERROR_NAME_SIZE + 32, "column %lu (\"%s\")", (unsigned long)column,
             error_name(safe, name.bytes, name.length));
    return out;
}

static enum sheaf_status error_at(const struct csv_document *document,
                                  const struct csv_where *where, struct sheaf_error *error,
                                  const char *format, ...) __attribute__((format(printf, 4, 5)));

static enum sheaf_status error_at(const struct csv_document *document,
                                  const struct csv_where *where, struct sheaf_error *error,
                                  const char *format, ...)
{
    char reason[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    error_set(error, SHEAF_DATA, "%s:%llu: %s", dataset_name(document->dataset, where->file),
              (unsigned long long)where->line, reason);
    if (error != NULL) {
        error->file = where->file;
        error->line = where->line;
        error->byte = where->byte;
        error->column = where->column;
    }
    return SHEAF_DATA;
}

enum sheaf_status csv_error_fields(const struct csv_document *document,
                                   const struct csv_where *where, uint32_t fields,
                                   struct sheaf_error *error)
{
    return error_at(document, where, error,
                    "the row has %lu field%s, but %lu %s needed (row at byte %llu); see --ragged",
                    (unsigned long)fields, fields == 1 ? "" : "s", (unsigned long)document->columns,
                    document->columns == 1 ? "is" : "are", (unsigned long long)where->byte);
}

enum sheaf_status csv_error_after_quote(const struct csv_document *document,
                                        const struct csv_where *where, struct sheaf_error *error)
{
    char column[ERROR_NAME_SIZE + 32];
    return error_at(document, where, error,
                    "%s: text after the closing quote (byte %llu); a quote inside quotes is "
                    "written twice",
                    column_text(document, where->column, column), (unsigned long long)where->byte);
}

enum sheaf_status csv_error_unclosed(const struct csv_document *document,
                                     const struct csv_where *where, struct sheaf_error *error)
{
    char column[ERROR_NAME_SIZE + 32];
    return error_at(document, where, error,
                    "%s: the quote that opens here is never closed (byte %llu)",
                    column_text(document, where->column, column), (unsigned long long)where->byte);
}

enum sheaf_status csv_error_too_long(const struct csv_document *document,
                                     const struct csv_where *where, struct sheaf_error *error)
{
    char column[ERROR_NAME_SIZE + 32];
    return error_at(document, where, error,
                    "%s: the field that starts at byte %llu is longer than %llu bytes; see "
                    "--max-field",
                    column_text(document, where->column, column), (unsigned long long)where->byte,
                    (unsigned long long)document->options.max_field);
}

void csv_error_add_place(const struct csv_document *document, const struct csv_where *where,
                         struct sheaf_error *error)
{
    char column[ERROR_NAME_SIZE + 32];
    const struct sheaf_error cause = *error;
    error_set(error, cause.status, "%s:%llu: %s: %s", dataset_name(document->dataset, where->file),
              (unsigned long long)where->line, column_text(document, where->column, column),
              cause.text);
    error->system_errno = cause.system_errno;
}

/* job/document.c - which format the input has, and opening it. */
#include "job/nearest.h"
#include "job/plan.h"
#include "job/resolve.h"

#include <string.h>

enum { FIRST_BYTES = 16, MOST_FORMATS = 16 };

/* ---- the dialect of CSV ------------------------------------------------------------------ */

static bool is_line_end(int byte)
{
    return byte == '\n' || byte == '\r';
}

static bool is_byte_or_none(int byte)
{
    return byte >= SHEAF_NO_BYTE && byte <= UINT8_MAX;
}

static enum sheaf_status check_escape(const struct sheaf_dialect *dialect, int delimiter,
                                      struct sheaf_error *error)
{
    const int escape = dialect->escape;
    if (escape == SHEAF_NO_BYTE)
        return SHEAF_OK;
    if (dialect->quote == SHEAF_NO_BYTE)
        return error_set(error, SHEAF_USAGE,
                         "an escape means something in quoted fields only, and there is no quote");
    if (escape == delimiter)
        return error_set(error, SHEAF_USAGE, "the delimiter and the escape byte are the same");
    if (escape == dialect->quote)
        return error_set(error, SHEAF_USAGE, "the quote and the escape byte are the same");
    if (escape == dialect->comment)
        return error_set(error, SHEAF_USAGE, "the comment and the escape byte are the same");
    return SHEAF_OK;
}

static enum sheaf_status check_dialect(const struct sheaf_dialect *dialect, int delimiter,
                                       struct sheaf_error *error)
{
    if (!is_byte_or_none(dialect->delimiter) || !is_byte_or_none(dialect->quote) ||
        !is_byte_or_none(dialect->comment) || !is_byte_or_none(dialect->escape))
        return error_set(
            error, SHEAF_USAGE,
            "the delimiter, the quote, the comment and the escape are one byte each, or none");
    if (is_line_end(delimiter) || is_line_end(dialect->quote) || is_line_end(dialect->comment) ||
        is_line_end(dialect->escape))
        return error_set(
            error, SHEAF_USAGE,
            "a line end cannot be the delimiter, the quote, the comment or the escape byte");
    if (delimiter == dialect->quote)
        return error_set(error, SHEAF_USAGE, "the delimiter and the quote are the same byte");
    if (delimiter == dialect->comment)
        return error_set(error, SHEAF_USAGE, "the delimiter and the comment byte are the same");
    if (dialect->quote == dialect->comment && dialect->quote != SHEAF_NO_BYTE)
        return error_set(error, SHEAF_USAGE, "the quote and the comment byte are the same");
    return check_escape(dialect, delimiter, error);
}

static unsigned char choose_delimiter(const struct sheaf_request *request)
{
    if (request->dialect.delimiter != SHEAF_NO_BYTE)
        return (unsigned char)request->dialect.delimiter;
    if (request->file_count == 0)
        return ',';
    const char *name = request->files[0];
    const size_t length = strlen(name);
    return length >= 4 && strcmp(name + length - 4, ".tsv") == 0 ? '\t' : ',';
}

/* ---- the format -------------------------------------------------------------------------- */

static enum sheaf_status find_format(const char *name, const struct format_ops **out,
                                     struct sheaf_error *error)
{
    const char *names[MOST_FORMATS + 1] = {NULL};
    for (size_t i = 0; i < format_table_length; i++) {
        names[i < MOST_FORMATS ? i : MOST_FORMATS - 1] = format_table[i]->name;
        if (strcmp(format_table[i]->name, name) != 0)
            continue;
        *out = format_table[i];
        return SHEAF_OK;
    }
    const struct text word = {.bytes = name, .length = strlen(name)};
    const char *near = nearest_name(word, names);
    char safe[ERROR_NAME_SIZE];
    return error_set(error, SHEAF_USAGE, "unknown input format \"%s\"%s%s%s",
                     error_name(safe, name, word.length), near == NULL ? "" : "; did you mean \"",
                     near == NULL ? "" : near, near == NULL ? "" : "\"?");
}

/* Reads the first bytes of the dataset. What a pipe has given so far will do where it begins as
 * text does; anything else is waited for, to tell what it is. */
static enum sheaf_status look(struct sheaf_plan *plan, char bytes[FIRST_BYTES], size_t *length,
                              struct sheaf_error *error)
{
    TRY(dataset_read_some(plan->dataset, 0, 0, bytes, FIRST_BYTES, length, error));
    if (*length == 0 || *length == FIRST_BYTES || (unsigned char)bytes[0] < 0x80)
        return SHEAF_OK;
    return dataset_read(plan->dataset, 0, 0, bytes, FIRST_BYTES, length, error);
}

/* What is asked for; with a schema, raw records; else what the first file looks like. */
static enum sheaf_status choose_format(struct sheaf_plan *plan, const struct sheaf_request *request,
                                       struct sheaf_error *error)
{
    if (request->input_format != NULL)
        return find_format(request->input_format, &plan->format, error);
    if (request->schema != NULL)
        return find_format("raw", &plan->format, error);
    char bytes[FIRST_BYTES];
    size_t length;
    TRY(look(plan, bytes, &length, error));
    const char *name = dataset_name(plan->dataset, 0);
    for (size_t i = 0; i < format_table_length && plan->format == NULL; i++)
        if (format_table[i]->recognises(name, bytes, length))
            plan->format = format_table[i];
    return SHEAF_OK;
}

static enum format_policy policy_of(enum sheaf_on_error on_error)
{
    if (on_error == SHEAF_ON_ERROR_FAIL)
        return FORMAT_FAIL;
    return on_error == SHEAF_ON_ERROR_SKIP ? FORMAT_SKIP : FORMAT_NULL;
}

/* What describes texts means nothing to records; better to say so than to ignore it. */
static enum sheaf_status refuse_dialect(const struct sheaf_plan *plan,
                                        const struct sheaf_dialect *dialect,
                                        struct sheaf_error *error)
{
    const char *option = dialect->delimiter != SHEAF_NO_BYTE    ? "--delimiter"
                         : dialect->quote != '"'                ? "--quote"
                         : dialect->comment != SHEAF_NO_BYTE    ? "--comment"
                         : dialect->escape != SHEAF_NO_BYTE     ? "--escape"
                         : dialect->no_headers                  ? "--no-headers"
                         : dialect->cr_ends                     ? "--cr-ends"
                         : dialect->skip_lines != 0             ? "--skip-lines"
                         : dialect->nulls != NULL               ? "--null"
                         : dialect->null_quoted                 ? "--null-quoted"
                         : dialect->ragged != SHEAF_RAGGED_FAIL ? "--ragged"
                                                                : NULL;
    if (option == NULL)
        return SHEAF_OK;
    return error_set(error, SHEAF_USAGE, "%s is about CSV, but the input is %s", option,
                     plan->format->name);
}

enum sheaf_status plan_open_document(struct sheaf_plan *plan, const struct sheaf_request *request,
                                     struct sheaf_error *error)
{
    const struct sheaf_dialect *dialect = &request->dialect;
    const unsigned char delimiter = choose_delimiter(request);
    TRY(check_dialect(dialect, delimiter, error));
    const struct format_options options = {
        .delimiter = delimiter,
        .quote = dialect->quote,
        .comment = dialect->comment,
        .escape = dialect->escape,
        .no_headers = dialect->no_headers,
        .cr_ends = dialect->cr_ends,
        .null_quoted = dialect->null_quoted,
        .skip_lines = dialect->skip_lines,
        .nulls = dialect->nulls,
        .ragged = (dialect->ragged & SHEAF_RAGGED_PAD ? FORMAT_PAD : 0) |
                  (dialect->ragged & SHEAF_RAGGED_TRIM ? FORMAT_TRIM : 0),
        .policy = policy_of(dialect->on_error),
        .max_field = dialect->max_field,
        .scanner = plan->scanner,
        .isa = plan->isa,
        .schema = request->schema,
        .budget = &plan->core->budget,
    };
    plan->on_error = dialect->on_error;
    plan->no_headers = dialect->no_headers;
    TRY(choose_format(plan, request, error));
    if (plan->format->types != NULL)
        TRY(refuse_dialect(plan, dialect, error));
    TRY(plan->format->open(plan->dataset, &options, &plan->document, error));
    plan->columns.count = plan->format->columns(plan->document, &plan->columns.names);
    if (plan->format->types != NULL)
        plan->types = plan->format->types(plan->document);
    return SHEAF_OK;
}

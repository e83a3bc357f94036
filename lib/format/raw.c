#include "format/binary.h"
#include "format/raw_schema.h"

#include <inttypes.h>
#include <string.h>

static bool raw_recognises(const char *name, const char *bytes, size_t length)
{
    (void)bytes, (void)length;
    const size_t name_length = strlen(name);
    return name_length >= 4 && strcmp(name + name_length - 4, ".raw") == 0;
}

/* How many whole records a file has. */
static enum sheaf_status measure(const struct binary_document *document, uint32_t file,
                                 struct sheaf_error *error)
{
    struct binary_layout *layout = &document->layouts[file];
    layout->rows = UINT64_MAX;
    if (dataset_is_stream(document->dataset, file))
        return SHEAF_OK;
    const uint64_t size = dataset_file_size(document->dataset, file);
    layout->rows = size / layout->record;
    const uint64_t rest = size % layout->record;
    const struct binary_place place = {
        .name = dataset_name(document->dataset, file),
        .file = file,
        .byte = size - rest,
    };
    return rest == 0 ? SHEAF_OK : binary_error_torn(&place, rest, layout->record, error);
}

static enum sheaf_status fill(struct binary_document *document, const char *schema,
                              struct sheaf_error *error)
{
    TRY(raw_schema_parse(schema, &document->arena, &document->layouts[0], error));
    for (uint32_t file = 0; file < dataset_files(document->dataset); file++) {
        document->layouts[file] = document->layouts[0];
        TRY(measure(document, file, error));
    }
    return binary_document_settle(document, error);
}

static enum sheaf_status raw_open(struct dataset *dataset, const struct format_options *options,
                                  struct format_document **out, struct sheaf_error *error)
{
    *out = NULL;
    if (options->schema == NULL)
        return error_set(error, SHEAF_USAGE,
                         "raw records need a schema, the names and types of their columns: "
                         "--schema \"id:i64,price:f64,name:c16\"");
    struct binary_document *document;
    TRY(binary_document_open(&format_raw, dataset, options, &document, error));
    const enum sheaf_status status = fill(document, options->schema, error);
    if (status == SHEAF_OK)
        *out = &document->base;
    else
        binary_close(&document->base);
    return status;
}

const struct format_ops format_raw = {
    .name = "raw",
    .help = "records of fixed width, described by a schema",
    .recognises = raw_recognises,
    .open = raw_open,
    .columns = binary_columns,
    .types = binary_types,
    .select = binary_select,
    .start = binary_start,
    .reader_open = binary_reader_open,
    .begin = binary_reader_begin,
    .next = binary_reader_next,
    .counts = binary_reader_counts,
    .reader_close = binary_reader_close,
    .close = binary_close,
};

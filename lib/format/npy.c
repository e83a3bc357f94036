/* format/npy.c - .npy files of NumPy: what stands before the header's text, and how what the header
 * says fits the file. */
#include "format/binary.h"
#include "format/npy_header.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    MAGIC = 6,
    VERSION_END = 8,
    PREAMBLE_MOST = 12,     /* magic, version, and the length of the header's text */
    HEADER_MOST = 16 << 20, /* bytes of that text */
};

static const char magic[MAGIC + 1] = "\x93NUMPY";

static bool npy_recognises(const char *name, const char *bytes, size_t length)
{
    const size_t name_length = strlen(name);
    return (length >= MAGIC && memcmp(bytes, magic, MAGIC) == 0) ||
           (name_length >= 4 && strcmp(name + name_length - 4, ".npy") == 0);
}

/* One file whose beginning is read. */
struct opening {
    struct binary_document *document;
    uint32_t file;
    struct binary_place place; /* of the header's text, once the preamble is read */
    size_t length;             /* of it */
    bool is_utf8;
};

static enum sheaf_status fail_at(const struct opening *opening, uint64_t byte, const char *reason,
                                 struct sheaf_error *error)
{
    struct binary_place place = opening->place;
    place.byte = byte;
    return binary_error(&place, error, "%s", reason);
}

/* ---- the preamble ------------------------------------------------------------------------ */

static enum sheaf_status check_magic(const struct opening *opening, const char *bytes, size_t got,
                                     struct sheaf_error *error)
{
    char text[2 * ERROR_NAME_SIZE];
    char found[ERROR_NAME_SIZE];
    const size_t most = got < MAGIC ? got : MAGIC;
    if (memcmp(bytes, magic, most) != 0) {
        (void)snprintf(text, sizeof text,
                       "no .npy file: it begins with \"%s\", expected \"\\x93NUMPY\"",
                       error_name(found, bytes, most));
        return fail_at(opening, 0, text, error);
    }
    if (got >= VERSION_END)
        return SHEAF_OK;
    (void)snprintf(text, sizeof text,
                   "the file ends here, inside the %d bytes that a .npy file begins with",
                   VERSION_END);
    return fail_at(opening, got, text, error);
}

/* Versions 1.0, 2.0 and 3.0 differ in the width of the length, and in the encoding. */
static enum sheaf_status check_version(struct opening *opening, const unsigned char *bytes,
                                       size_t got, struct sheaf_error *error)
{
    const unsigned char major = bytes[MAGIC];
    const unsigned char minor = bytes[MAGIC + 1];
    char text[128];
    if (major < 1 || major > 3 || minor != 0) {
        (void)snprintf(text, sizeof text,
                       "version %u.%u of the .npy format, expected 1.0, 2.0 or 3.0", major, minor);
        return fail_at(opening, MAGIC, text, error);
    }
    const size_t width = major == 1 ? 2 : 4;
    if (got < VERSION_END + width)
        return fail_at(opening, got, "the file ends here, inside the length of its header", error);
    opening->is_utf8 = major == 3;
    opening->place.byte = VERSION_END + width;
    opening->length = 0;
    for (size_t i = width; i-- > 0;)
        opening->length = opening->length << 8 | bytes[VERSION_END + i];
    return SHEAF_OK;
}

static enum sheaf_status check_length(const struct opening *opening, struct sheaf_error *error)
{
    const struct dataset *dataset = opening->document->dataset;
    const uint64_t size = dataset_file_size(dataset, opening->file);
    char text[160];
    if (opening->length > HEADER_MOST) {
        (void)snprintf(text, sizeof text, "a header of %zu bytes, expected at most %d",
                       opening->length, HEADER_MOST);
        return fail_at(opening, VERSION_END, text, error);
    }
    if (dataset_is_stream(dataset, opening->file) || opening->place.byte + opening->length <= size)
        return SHEAF_OK;
    (void)snprintf(text, sizeof text,
                   "a header of %zu bytes, but the file has only %" PRIu64 " more", opening->length,
                   size - opening->place.byte);
    return fail_at(opening, VERSION_END, text, error);
}

static enum sheaf_status read_preamble(struct opening *opening, struct sheaf_error *error)
{
    char bytes[PREAMBLE_MOST];
    size_t got;
    TRY(dataset_read(opening->document->dataset, opening->file, 0, bytes, sizeof bytes, &got,
                     error));
    TRY(check_magic(opening, bytes, got, error));
    TRY(check_version(opening, (const unsigned char *)bytes, got, error));
    return check_length(opening, error);
}

/* ---- the header -------------------------------------------------------------------------- */

static enum sheaf_status read_header(struct opening *opening, struct npy_header *header,
                                     struct sheaf_error *error)
{
    struct binary_document *document = opening->document;
    char *bytes = memory_alloc(opening->length);
    if (bytes == NULL)
        return error_no_memory(error, "the header of a .npy file");
    size_t got;
    enum sheaf_status status = dataset_read(document->dataset, opening->file, opening->place.byte,
                                            bytes, opening->length, &got, error);
    const struct npy_text text = {
        .bytes = bytes,
        .length = opening->length,
        .place = opening->place,
        .is_utf8 = opening->is_utf8,
    };
    if (status == SHEAF_OK && got < opening->length)
        status = fail_at(opening, opening->place.byte + got,
                         "the file ends here, inside its header", error);
    if (status == SHEAF_OK)
        status = npy_header_parse(&text, &document->arena, header, error);
    memory_free(bytes);
    return status;
}

/* ---- what it says, and the file ---------------------------------------------------------- */

/* Sets where the rows are; fails when no file can be so long. */
static enum sheaf_status take_sizes(const struct opening *opening, const struct npy_header *header,
                                    struct binary_layout *layout, struct sheaf_error *error)
{
    uint64_t bytes;
    layout->rows = header->shape[0];
    layout->begin = opening->place.byte + opening->length;
    if (__builtin_mul_overflow(header->shape[1], header->item, &layout->record) ||
        __builtin_mul_overflow(layout->rows, layout->record, &bytes) ||
        bytes > INT64_MAX - layout->begin)
        return fail_at(opening, opening->place.byte,
                       "the header says more than 2^63 - 1 bytes of data", error);
    if (layout->record == 0 && layout->rows > 0)
        return fail_at(opening, opening->place.byte,
                       "the header says rows of 0 bytes: nothing can be read", error);
    layout->by_column = header->is_fortran && header->dims == 2 && header->shape[1] > 1;
    return SHEAF_OK;
}

/* Columns of an array in Fortran order are read at many places at once, which a stream cannot give.
 * One byte more than there should be is enough to see that there are too many. */
static enum sheaf_status spool(const struct opening *opening, const struct binary_layout *layout,
                               struct sheaf_error *error)
{
    struct dataset *dataset = opening->document->dataset;
    const uint64_t end = layout->begin + layout->rows * layout->record;
    TRY(dataset_spool(dataset, opening->file, end + 1, error));
    struct binary_place place = opening->place;
    place.byte = dataset_file_size(dataset, opening->file);
    if (place.byte < end)
        return binary_error_short(&place, layout, error);
    place.byte = end;
    return dataset_file_size(dataset, opening->file) > end
               ? binary_error_long(&place, layout, error)
               : SHEAF_OK;
}

/* A stream that ends before its first row has no chunk in which that could be found. */
static enum sheaf_status check_first_byte(const struct opening *opening,
                                          const struct binary_layout *layout,
                                          struct sheaf_error *error)
{
    char byte;
    size_t got;
    TRY(dataset_read(opening->document->dataset, opening->file, layout->begin, &byte, 1, &got,
                     error));
    struct binary_place place = opening->place;
    place.byte = layout->begin;
    return got == 0 ? binary_error_short(&place, layout, error) : SHEAF_OK;
}

static enum sheaf_status check_size(const struct opening *opening,
                                    const struct binary_layout *layout, struct sheaf_error *error)
{
    struct dataset *dataset = opening->document->dataset;
    const uint64_t wanted = layout->rows * layout->record;
    if (dataset_is_stream(dataset, opening->file)) {
        if (layout->by_column)
            return spool(opening, layout, error);
        return wanted == 0 ? SHEAF_OK : check_first_byte(opening, layout, error);
    }
    const uint64_t there = dataset_file_size(dataset, opening->file) - layout->begin;
    if (there == wanted)
        return SHEAF_OK;
    return binary_error(&opening->place, error,
                        "the header says %" PRIu64 " bytes of data (%" PRIu64 " rows of %" PRIu64
                        "), but the file has %" PRIu64,
                        wanted, layout->rows, layout->record, there);
}

/* ---- columns ----------------------------------------------------------------------------- */

/* An array without fields: c1, c2 …, all of its one type. */
static enum sheaf_status name_columns(struct arena *arena, const struct npy_header *header,
                                      struct binary_layout *layout, struct sheaf_error *error)
{
    const uint32_t count = (uint32_t)header->shape[1];
    layout->count = count;
    layout->fields = arena_alloc(arena, count * sizeof *layout->fields, error);
    if (layout->fields == NULL)
        return SHEAF_SYSTEM;
    for (uint32_t column = 0; column < count; column++) {
        char name[16];
        const int length = snprintf(name, sizeof name, "c%" PRIu32, column + 1);
        struct binary_field *field = &layout->fields[column];
        *field = header->fields[0];
        field->offset = column * header->item;
        field->name.length = (size_t)length;
        field->name.bytes = arena_copy(arena, name, (size_t)length, error);
        if (field->name.bytes == NULL)
            return SHEAF_SYSTEM;
    }
    return SHEAF_OK;
}

static enum sheaf_status open_file(struct binary_document *document, uint32_t file,
                                   struct sheaf_error *error)
{
    struct opening opening = {
        .document = document,
        .file = file,
        .place = {.name = dataset_name(document->dataset, file), .file = file},
    };
    struct binary_layout *layout = &document->layouts[file];
    struct npy_header header;
    TRY(read_preamble(&opening, error));
    TRY(read_header(&opening, &header, error));
    TRY(take_sizes(&opening, &header, layout, error));
    TRY(check_size(&opening, layout, error));
    layout->fields = header.fields;
    layout->count = header.count;
    return header.is_structured ? SHEAF_OK : name_columns(&document->arena, &header, layout, error);
}

static enum sheaf_status npy_open(struct dataset *dataset, const struct format_options *options,
                                  struct format_document **out, struct sheaf_error *error)
{
    *out = NULL;
    if (options->schema != NULL)
        return error_set(error, SHEAF_USAGE,
                         "a schema describes raw records, but a .npy file has a header that says "
                         "what its columns are");
    struct binary_document *document;
    TRY(binary_document_open(&format_npy, dataset, options, &document, error));
    enum sheaf_status status = SHEAF_OK;
    for (uint32_t file = 0; file < dataset_files(dataset) && status == SHEAF_OK; file++)
        status = open_file(document, file, error);
    if (status == SHEAF_OK)
        status = binary_document_settle(document, error);
    if (status == SHEAF_OK)
        *out = &document->base;
    else
        binary_close(&document->base);
    return status;
}

const struct format_ops format_npy = {
    .name = "npy",
    .help = "NumPy arrays (.npy): one or two dimensions, or structured",
    .recognises = npy_recognises,
    .open = npy_open,
    .columns = binary_columns,
    .types = binary_types,
    .select = binary_select,
    .chunk_hint = binary_chunk_hint,
    .start = binary_start,
    .reader_open = binary_reader_open,
    .begin = binary_reader_begin,
    .next = binary_reader_next,
    .counts = binary_reader_counts,
    .reader_close = binary_reader_close,
    .close = binary_close,
};

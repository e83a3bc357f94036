/* format/csv_begin.c - the serial part of planning: for each file the byte order mark, the skipped
 * lines and the header, read by the same scanner as the rows. */
#include "format/csv.h"
#include "format/csv_skip.h"
#include "scan/line_ends.h"

#include <stdio.h>
#include <string.h>

enum { FIRST_LOOK = 64 << 10 };

/* The first bytes of one file. */
struct beginning {
    struct csv_document *document;
    uint32_t file;
    const char *bytes;
    size_t length;
    bool is_all; /* the file ends after them */
    uint64_t charged;
};

enum look {
    LOOK_DONE,
    LOOK_MORE, /* the bytes do not reach far enough */
    LOOK_FAILED,
};

static enum sheaf_status refuse_encoding(const struct beginning *begin, const char *encoding,
                                         struct sheaf_error *error)
{
    const char *name = dataset_name(begin->document->dataset, begin->file);
    return error_set(error, SHEAF_DATA,
                     "%s: the text is %s, UTF-8 is needed; convert it first: iconv -f %s -t UTF-8",
                     name, encoding, encoding);
}

/* Looks for a byte order mark; *skip becomes the length of UTF-8's, others are refused by name. */
static enum sheaf_status look_at_mark(const struct beginning *begin, size_t *skip,
                                      struct sheaf_error *error)
{
    static const struct {
        const char *encoding; /* NULL: UTF-8 */
        size_t length;
        unsigned char bytes[4];
    } marks[] = {
        {"UTF-32", 4, {0xff, 0xfe, 0, 0}}, {"UTF-32", 4, {0, 0, 0xfe, 0xff}},
        {"UTF-16", 2, {0xff, 0xfe}},       {"UTF-16", 2, {0xfe, 0xff}},
        {NULL, 3, {0xef, 0xbb, 0xbf}},
    };
    *skip = 0;
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        if (begin->length < marks[i].length ||
            memcmp(begin->bytes, marks[i].bytes, marks[i].length) != 0)
            continue;
        if (marks[i].encoding != NULL)
            return refuse_encoding(begin, marks[i].encoding, error);
        *skip = marks[i].length;
        break;
    }
    return SHEAF_OK;
}

/* Moves *at past `lines` physical lines. */
static enum look skip_lines(const struct beginning *begin, uint64_t lines, size_t *at)
{
    const bool cr_ends = begin->document->options.cr_ends;
    for (; lines > 0; lines--) {
        while (*at < begin->length && begin->bytes[*at] != '\n' &&
               !(cr_ends && begin->bytes[*at] == '\r'))
            ++*at;
        if (*at == begin->length)
            return begin->is_all ? LOOK_DONE : LOOK_MORE;
        const bool is_cr = begin->bytes[(*at)++] == '\r';
        if (is_cr && *at == begin->length && !begin->is_all)
            return LOOK_MORE;
        if (is_cr && *at < begin->length && begin->bytes[*at] == '\n')
            ++*at;
    }
    return LOOK_DONE;
}

static struct csv_where place_in(const struct beginning *begin, const struct scanner *scanner,
                                 size_t offset)
{
    struct scanner_place place;
    scanner->ops->place(scanner, &place);
    return (struct csv_where){
        .file = begin->file,
        .line = place.field_line,
        .byte = offset + place.field_start,
        .column = place.field + 1,
    };
}

static enum sheaf_status header_error(const struct beginning *begin, const struct scanner *scanner,
                                      enum scanner_event event, size_t offset, size_t position,
                                      struct sheaf_error *error)
{
    struct csv_where where = place_in(begin, scanner, offset);
    if (event == SCANNER_TOO_LONG)
        return csv_error_too_long(begin->document, &where, error);
    if (event == SCANNER_UNCLOSED)
        return csv_error_unclosed(begin->document, &where, error);
    if (event == SCANNER_BAD) {
        const size_t start = where.byte - offset;
        const struct line_ends ends = line_ends_count(
            begin->bytes + offset + start, position - start, begin->document->options.cr_ends);
        where.line += ends.count;
        where.byte = offset + position;
        return csv_error_after_quote(begin->document, &where, error);
    }
    return error == NULL ? SHEAF_SYSTEM : error->status;
}

/* Drops a bad first row (without a header, bad rows may be skipped). What is wrong with every row
 * is wrong with it too: a quote that is never closed, a field that is too long. */
static enum look skip_bad_row(const struct beginning *begin, struct scanner *scanner, size_t offset,
                              size_t *position, struct sheaf_error *error)
{
    enum scan_state state = SCAN_QUOTE_IN_QUOTED;
    const char *raw = begin->bytes + offset;
    const size_t length = begin->length - offset;
    scan_to_row(&begin->document->automaton, &state, raw + *position, length - *position);
    if (state != SCAN_ROW_START && !begin->is_all)
        return LOOK_MORE;
    struct csv_skip_setup setup = {
        .document = begin->document,
        .file = begin->file,
        .raw = raw,
        .raw_offset = offset,
        .raw_length = length,
        .bad = *position,
        .field_length = scanner->ops->open_length(scanner),
    };
    scanner->ops->place(scanner, &setup.place);
    uint64_t end;
    if (csv_skip_row(&setup, &end, error) != SHEAF_OK)
        return LOOK_FAILED;
    *position = (size_t)(end - offset);
    const size_t start = setup.place.row_start;
    const struct line_ends ends =
        line_ends_count(raw + start, *position - start, begin->document->options.cr_ends);
    scanner->ops->skip_row(scanner, *position, ends.count);
    return LOOK_DONE;
}

/* Feeds until one row is complete; LOOK_DONE without a row: the file has none. */
static enum look first_row(const struct beginning *begin, struct scanner *scanner, size_t offset,
                           size_t *position, struct sheaf_error *error)
{
    const struct format_options *options = &begin->document->options;
    const char *raw = begin->bytes + offset;
    const size_t length = begin->length - offset;
    *position = 0;
    while (scanner->ops->rows(scanner)->count == 0) {
        enum scanner_event event =
            scanner->ops->feed(scanner, raw, position, length, SCANNER_ONE_ROW, error);
        const bool all_fed =
            event == SCANNER_PENDING || (event == SCANNER_FED && *position == length);
        if (all_fed && scanner->ops->rows(scanner)->count == 0) {
            if (!begin->is_all)
                return LOOK_MORE;
            event = scanner->ops->end(scanner, raw, length, error);
            if (event == SCANNER_FED)
                return LOOK_DONE;
        }
        if (event == SCANNER_FED)
            continue;
        if (event != SCANNER_BAD || !options->no_headers || options->policy == FORMAT_FAIL) {
            header_error(begin, scanner, event, offset, *position, error);
            return LOOK_FAILED;
        }
        const enum look look = skip_bad_row(begin, scanner, offset, position, error);
        if (look != LOOK_DONE)
            return look;
        if (*position == length)
            return begin->is_all ? LOOK_DONE : LOOK_MORE;
    }
    return LOOK_DONE;
}

/* ---- names ------------------------------------------------------------------------------- */

static enum sheaf_status too_many_columns(const struct beginning *begin, uint32_t columns,
                                          struct sheaf_error *error)
{
    return error_set(error, SHEAF_DATA, "%s: %lu columns; the limit is %d",
                     dataset_name(begin->document->dataset, begin->file), (unsigned long)columns,
                     CSV_COLUMNS_MAX);
}

static enum sheaf_status number_columns(struct csv_document *document, uint32_t columns,
                                        struct sheaf_error *error)
{
    document->names = arena_alloc(&document->names_arena, columns * sizeof *document->names, error);
    for (uint32_t column = 0; document->names != NULL && column < columns; column++) {
        char name[16];
        const int length = snprintf(name, sizeof name, "c%lu", (unsigned long)column + 1);
        document->names[column].length = (size_t)length;
        document->names[column].bytes =
            arena_copy(&document->names_arena, name, (size_t)length, error);
        if (document->names[column].bytes == NULL)
            return SHEAF_SYSTEM;
    }
    document->columns = columns;
    return document->names == NULL ? SHEAF_SYSTEM : SHEAF_OK;
}

/* A later file's header must be the first one's. */
static enum sheaf_status compare_names(const struct beginning *begin, const struct text *names,
                                       uint32_t columns, uint64_t line, struct sheaf_error *error)
{
    const struct csv_document *document = begin->document;
    const char *file = dataset_name(document->dataset, begin->file);
    const unsigned long long at = line;
    for (uint32_t column = 0; column < columns && column < document->columns; column++) {
        if (text_compare(names[column], document->names[column]) == 0)
            continue;
        char here[ERROR_NAME_SIZE];
        char there[ERROR_NAME_SIZE];
        return error_set(
            error, SHEAF_DATA,
            "%s:%llu: the header differs from the first file's: column %lu is \"%s\", not \"%s\"",
            file, at, (unsigned long)column + 1,
            error_name(here, names[column].bytes, names[column].length),
            error_name(there, document->names[column].bytes, document->names[column].length));
    }
    if (columns == document->columns)
        return SHEAF_OK;
    const uint32_t fewer = columns < document->columns ? columns : document->columns;
    const struct text extra = columns < document->columns ? document->names[fewer] : names[fewer];
    char name[ERROR_NAME_SIZE];
    return error_set(error, SHEAF_DATA,
                     "%s:%llu: the header differs from the first file's: column %lu (\"%s\") is %s",
                     file, at, (unsigned long)fewer + 1,
                     error_name(name, extra.bytes, extra.length),
                     columns < document->columns ? "missing" : "one too many");
}

/* Parses the header once more, now that the number of its fields is known, and keeps the names. */
static enum sheaf_status take_names(const struct beginning *begin, size_t offset, uint64_t line,
                                    uint32_t columns, struct sheaf_error *error)
{
    struct csv_document *document = begin->document;
    uint32_t *slots = memory_alloc(columns * sizeof *slots);
    if (slots == NULL)
        return error_no_memory(error, "the header");
    for (uint32_t column = 0; column < columns; column++)
        slots[column] = column;
    const struct scanner_setup setup = {
        .automaton = &document->automaton,
        .max_field = document->options.max_field,
        .slot_of_field = slots,
        .field_count = columns,
        .slots = columns,
    };
    struct scanner *scanner;
    size_t position;
    enum sheaf_status status = document->scanner->open(&setup, &scanner, error);
    struct text *names = arena_alloc(&document->names_arena, columns * sizeof *names, error);
    if (status == SHEAF_OK && names != NULL) {
        scanner->ops->begin(scanner, line,
                            offset > 0 ? (unsigned char)begin->bytes[offset - 1] : -1);
        if (first_row(begin, scanner, offset, &position, error) != LOOK_DONE)
            status = SHEAF_SYSTEM; /* it was right before, so it is the memory */
    }
    if (status == SHEAF_OK && names != NULL) {
        const struct scan_rows *rows = scanner->ops->rows(scanner);
        for (uint32_t column = 0; column < columns && names != NULL; column++) {
            const struct scan_field *field = &rows->fields[(size_t)column * rows->capacity];
            const char *bytes =
                field->copy != NULL ? field->copy : begin->bytes + offset + field->at;
            names[column].length = field->length;
            names[column].bytes = arena_copy(&document->names_arena, bytes, field->length, error);
            if (names[column].bytes == NULL)
                names = NULL;
        }
        line = rows->lines[0];
    }
    document->scanner->close(scanner);
    memory_free(slots);
    if (status != SHEAF_OK || names == NULL)
        return SHEAF_SYSTEM;
    if (document->columns > 0)
        return compare_names(begin, names, columns, line, error);
    document->names = names;
    document->columns = columns;
    return SHEAF_OK;
}

/* ---- one file ---------------------------------------------------------------------------- */

static void set_begin(const struct beginning *begin, size_t byte, uint64_t line)
{
    struct csv_document *document = begin->document;
    document->begin_bytes[begin->file] = byte;
    document->begins[begin->file] = (struct entry_state){
        .state = SCAN_ROW_START,
        .lines = line - 1,
        .last_is_cr = document->options.cr_ends && byte > 0 && begin->bytes[byte - 1] == '\r',
    };
    dataset_set_begin(document->dataset, begin->file, byte);
}

/* Looks for the header (or, without one, the first row) from `offset` on. */
static enum look look_at_header(const struct beginning *begin, struct scanner *scanner,
                                size_t offset, uint64_t line, struct sheaf_error *error)
{
    struct csv_document *document = begin->document;
    if (document->options.no_headers && document->columns > 0) {
        set_begin(begin, offset, line); /* the first file has said how many columns there are */
        return LOOK_DONE;
    }
    size_t position;
    scanner->ops->begin(scanner, line, offset > 0 ? (unsigned char)begin->bytes[offset - 1] : -1);
    const enum look look = first_row(begin, scanner, offset, &position, error);
    if (look != LOOK_DONE)
        return look;
    const struct scan_rows *rows = scanner->ops->rows(scanner);
    if (rows->count == 0) {
        set_begin(begin, document->options.no_headers ? offset : begin->length, line);
        return LOOK_DONE;
    }
    const uint32_t columns = rows->field_counts[0];
    struct scanner_place place;
    scanner->ops->place(scanner, &place);
    enum sheaf_status status = SHEAF_OK;
    if (columns > CSV_COLUMNS_MAX) {
        status = too_many_columns(begin, columns, error);
    } else if (document->options.no_headers) {
        set_begin(begin, offset, line);
        status = number_columns(document, columns, error);
    } else {
        set_begin(begin, offset + place.row_start, place.row_line);
        status = take_names(begin, offset, line, columns, error);
    }
    return status == SHEAF_OK ? LOOK_DONE : LOOK_FAILED;
}

static enum look look(const struct beginning *begin, struct scanner *scanner,
                      struct sheaf_error *error)
{
    const struct format_options *options = &begin->document->options;
    size_t at;
    if (begin->length < 4 && !begin->is_all)
        return LOOK_MORE;
    if (look_at_mark(begin, &at, error) != SHEAF_OK)
        return LOOK_FAILED;
    const enum look skipped = skip_lines(begin, options->skip_lines, &at);
    if (skipped != LOOK_DONE)
        return skipped;
    const uint64_t line = 1 + line_ends_count(begin->bytes, at, options->cr_ends).count;
    return look_at_header(begin, scanner, at, line, error);
}

/* A stream keeps what was looked at too. */
static enum sheaf_status charge_beginning(struct beginning *begin, uint64_t bytes,
                                          struct sheaf_error *error)
{
    TRY(memory_charge(begin->document->options.budget, 2 * bytes, "the beginning of a file", NULL,
                      error));
    begin->charged += 2 * bytes;
    return SHEAF_OK;
}

/* Adds what there is, at most as much again, to the first bytes. */
static enum sheaf_status read_more(struct beginning *begin, struct buffer *buffer,
                                   struct sheaf_error *error)
{
    const size_t wanted = begin->length < FIRST_LOOK ? FIRST_LOOK : begin->length;
    if (!buffer_reserve(buffer, wanted))
        return error_no_memory(error, "the beginning of a file");
    size_t got;
    TRY(dataset_read_some(begin->document->dataset, begin->file, begin->length,
                          buffer->bytes + begin->length, wanted, &got, error));
    if (begin->length >= FIRST_LOOK)
        TRY(charge_beginning(begin, got, error));
    buffer->length += got;
    begin->bytes = buffer->bytes;
    begin->length = buffer->length;
    begin->is_all = got == 0;
    return SHEAF_OK;
}

static enum sheaf_status read_beginning(struct csv_document *document, uint32_t file,
                                        struct scanner *scanner, struct sheaf_error *error)
{
    struct buffer buffer = {.bytes = NULL};
    struct beginning begin = {.document = document, .file = file};
    enum sheaf_status status = SHEAF_OK;
    enum look result = LOOK_MORE;
    size_t looked = 0;
    while (status == SHEAF_OK && result == LOOK_MORE) {
        status = read_more(&begin, &buffer, error);
        /* What a stream has given is looked at at once, but a long header not every time. */
        if (begin.length < FIRST_LOOK || begin.length >= 2 * looked || begin.is_all) {
            looked = begin.length;
            if (status == SHEAF_OK)
                result = look(&begin, scanner, error);
        }
    }
    buffer_close(&buffer);
    memory_uncharge(document->options.budget, begin.charged);
    if (status == SHEAF_OK && result == LOOK_FAILED)
        return error == NULL ? SHEAF_DATA : error->status;
    return status;
}

enum sheaf_status csv_read_beginnings(struct csv_document *document, struct sheaf_error *error)
{
    const struct scanner_setup setup = {
        .automaton = &document->automaton,
        .max_field = document->options.max_field,
    };
    struct scanner *scanner;
    TRY(document->scanner->open(&setup, &scanner, error));
    enum sheaf_status status = SHEAF_OK;
    const uint32_t files = dataset_files(document->dataset);
    for (uint32_t file = 0; file < files && status == SHEAF_OK; file++)
        status = read_beginning(document, file, scanner, error);
    document->scanner->close(scanner);
    return status;
}

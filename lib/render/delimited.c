/* Fields as of RFC 4180, with LF line ends.
 *
 * A field is quoted if it holds the delimiter, a quote, CR or LF, or starts with the comment
 * character; numbers too, for which a delimiter like '.' or '-' matters. An empty text is written
 * as "", which tells it from null, the empty field. An empty line would be skipped by readers, so
 * the one field of a one-column row is never left empty. */
#include "render/delimited.h"

#include "base/memory.h"
#include "num/print.h"

struct delimited {
    const struct render_header *header;
    struct delimited_options options;
    bool special[256]; /* bytes that make a field need quotes */
};

enum sheaf_status delimited_open(const struct delimited_options *options,
                                 const struct render_header *header, void **state,
                                 struct sheaf_error *error)
{
    struct delimited *writer = memory_zeroed(1, sizeof *writer);
    if (writer == NULL)
        return error_no_memory(error, "output");
    writer->header = header;
    writer->options = *options;
    writer->special[(unsigned char)options->delimiter] = true;
    writer->special['"'] = true;
    writer->special['\r'] = true;
    writer->special['\n'] = true;
    *state = writer;
    return SHEAF_OK;
}

static bool needs_quotes(const struct delimited *writer, struct text text)
{
    if (text.length == 0 || (unsigned char)text.bytes[0] == writer->options.comment)
        return true;
    for (size_t i = 0; i < text.length; i++)
        if (writer->special[(unsigned char)text.bytes[i]])
            return true;
    return false;
}

static void append_quoted(struct buffer *out, struct text text)
{
    buffer_append_byte(out, '"');
    size_t start = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.bytes[i] != '"')
            continue;
        buffer_append(out, text.bytes + start, i + 1 - start);
        start = i; /* the quote again, before what follows it */
    }
    buffer_append(out, text.bytes + start, text.length - start);
    buffer_append_byte(out, '"');
}

static void append_text(const struct delimited *writer, struct text text, struct buffer *out)
{
    if (needs_quotes(writer, text))
        append_quoted(out, text);
    else
        buffer_append(out, text.bytes, text.length);
}

static void append_value(const struct delimited *writer, const struct value *value,
                         struct buffer *out)
{
    char digits[NUMBER_TEXT_SIZE];
    switch (value->kind) {
    case VALUE_NULL:
        if (writer->header->columns == 1)
            buffer_append_string(out, "\"\"");
        break;
    case VALUE_TEXT:
        append_text(writer, value->text, out);
        break;
    case VALUE_NUMBER:
        append_text(writer, (struct text){digits, number_print(&value->number, digits)}, out);
        break;
    }
}

enum sheaf_status delimited_begin(void *state, struct buffer *out, struct sheaf_error *error)
{
    (void)error;
    const struct delimited *writer = state;
    if (writer->options.bare || writer->header->columns == 0)
        return SHEAF_OK;
    for (uint32_t i = 0; i < writer->header->columns; i++) {
        if (i > 0)
            buffer_append_byte(out, writer->options.delimiter);
        append_text(writer, writer->header->names[i], out);
    }
    buffer_append_byte(out, '\n');
    return SHEAF_OK;
}

enum sheaf_status delimited_row(void *state, const struct value *cells, struct buffer *out,
                                struct sheaf_error *error)
{
    (void)error;
    const struct delimited *writer = state;
    if (writer->header->columns == 0)
        return SHEAF_OK;
    for (uint32_t i = 0; i < writer->header->columns; i++) {
        if (i > 0)
            buffer_append_byte(out, writer->options.delimiter);
        append_value(writer, &cells[i], out);
    }
    buffer_append_byte(out, '\n');
    return SHEAF_OK;
}

enum sheaf_status delimited_end(void *state, struct buffer *out, struct sheaf_error *error)
{
    (void)state;
    (void)out;
    (void)error;
    return SHEAF_OK;
}

void delimited_close(void *state)
{
    memory_free(state);
}

/* Fields as of RFC 4180, with LF line ends.
 *
 * A field is quoted if it holds the delimiter, a quote, CR or LF, or starts with the comment
 * character; numbers too, for which a delimiter like '.' or '-' matters. An empty text is written
 * as "", which tells it from null, the empty field. An empty line would be skipped by readers, so
 * the one field of a one-column row is never left empty. */
#include "render/delimited.h"

#include "base/memory.h"
#include "num/print.h"

#include <stdint.h>
#include <string.h>

/* A 1 in every byte. */
#define ONES UINT64_C(0x0101010101010101)

struct delimited {
    const struct render_header *header;
    struct delimited_options options;
    bool special[256];   /* bytes that make a field need quotes */
    bool plain_numbers;  /* no number needs any */
    uint64_t delimiters; /* the delimiter in every byte */
};

/* Whether no byte that numbers are made of is special. */
static bool has_plain_numbers(const struct delimited *writer)
{
    static const char bytes[] = "0123456789-.eNaIinf";
    for (size_t i = 0; i + 1 < sizeof bytes; i++)
        if (writer->special[(unsigned char)bytes[i]] ||
            (unsigned char)bytes[i] == writer->options.comment)
            return false;
    return true;
}

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
    writer->plain_numbers = has_plain_numbers(writer);
    writer->delimiters = ONES * (unsigned char)options->delimiter;
    *state = writer;
    return SHEAF_OK;
}

/* Not 0 if a byte of the word is 0 (A. Mycroft, 1987; Warren, "Hacker's Delight", 6-1). */
static uint64_t zero_bytes(uint64_t word)
{
    return (word - ONES) & ~word & (ONES << 7);
}

static bool has_special(const struct delimited *writer, uint64_t word)
{
    return (zero_bytes(word ^ writer->delimiters) | zero_bytes(word ^ (ONES * '"')) |
            zero_bytes(word ^ (ONES * '\n')) | zero_bytes(word ^ (ONES * '\r'))) != 0;
}

static bool needs_quotes(const struct delimited *writer, struct text text)
{
    if (text.length == 0 || (unsigned char)text.bytes[0] == writer->options.comment)
        return true;
    size_t i = 0;
    for (; text.length - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, text.bytes + i, sizeof word);
        if (has_special(writer, word))
            return true;
    }
    for (; i < text.length; i++)
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

static void append_number(const struct delimited *writer, const struct number *number,
                          struct buffer *out)
{
    if (writer->plain_numbers) {
        char *const room = buffer_room(out, NUMBER_TEXT_SIZE);
        if (room != NULL)
            out->length += number_print(number, room);
        return;
    }
    char digits[NUMBER_TEXT_SIZE];
    append_text(writer, (struct text){digits, number_print(number, digits)}, out);
}

static void append_value(const struct delimited *writer, const struct value *value,
                         struct buffer *out)
{
    switch (value->kind) {
    case VALUE_NULL:
        if (writer->header->columns == 1)
            buffer_append_string(out, "\"\"");
        break;
    case VALUE_TEXT:
        append_text(writer, value->text, out);
        break;
    case VALUE_NUMBER:
        append_number(writer, &value->number, out);
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

enum sheaf_status delimited_row(void *state, uint64_t number, const struct value *cells,
                                struct buffer *out, struct sheaf_error *error)
{
    (void)number;
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

enum sheaf_status delimited_end(void *state, uint64_t rows, struct buffer *out,
                                struct sheaf_error *error)
{
    (void)state;
    (void)rows;
    (void)out;
    (void)error;
    return SHEAF_OK;
}

void delimited_close(void *state)
{
    memory_free(state);
}

/* Tables as of GitHub Flavored Markdown, section 4.10. Cells are shown as they are, not read as
 * markup: punctuation that means something inside a cell gets a backslash, line ends become <br>.
 * Rows stream, so columns are not padded. */
#include "base/memory.h"
#include "num/print.h"
#include "render/character.h"
#include "render/writers.h"

#include <string.h>

static bool is_word(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z') || (unsigned char)byte >= 0x80;
}

/* Whether the byte at `i` is markup. An underscore inside a word (tip_amount) is not. */
static bool is_markup(struct text text, size_t i)
{
    const char byte = text.bytes[i];
    if (byte == '_')
        return i == 0 || i + 1 == text.length || !is_word(text.bytes[i - 1]) ||
               !is_word(text.bytes[i + 1]);
    return byte != '\0' && strchr("|\\`*~<&[]", byte) != NULL;
}

static void append_text(struct buffer *out, struct text text)
{
    for (size_t i = 0; i < text.length;) {
        const struct character character = character_at(text.bytes + i, text.length - i);
        const bool pair = text.bytes[i] == '\r' && i + 1 < text.length && text.bytes[i + 1] == '\n';
        if (text.bytes[i] == '\n' || text.bytes[i] == '\r') {
            buffer_append_string(out, "<br>");
        } else {
            if (is_markup(text, i))
                buffer_append_byte(out, '\\');
            character_append_visible(out, text.bytes + i, character);
        }
        i += pair ? 2 : character.length;
    }
}

static void append_value(struct buffer *out, const struct value *value)
{
    if (value->kind == VALUE_TEXT && value->text.length == 0)
        buffer_append_string(out, "\"\""); /* an empty cell is null */
    else if (value->kind == VALUE_TEXT)
        append_text(out, value->text);
    if (value->kind != VALUE_NUMBER)
        return;
    char *const room = buffer_room(out, NUMBER_TEXT_SIZE);
    if (room != NULL)
        out->length += number_print(&value->number, room);
}

struct md {
    const struct render_header *header;
};

static enum sheaf_status md_open(const struct render_options *options,
                                 const struct render_header *header, void **state,
                                 struct sheaf_error *error)
{
    (void)options;
    struct md *writer = memory_alloc(sizeof *writer);
    if (writer == NULL)
        return error_no_memory(error, "output");
    *writer = (struct md){.header = header};
    *state = writer;
    return SHEAF_OK;
}

static enum sheaf_status md_begin(void *state, struct buffer *out, struct sheaf_error *error)
{
    (void)error;
    const struct render_header *header = ((const struct md *)state)->header;
    if (header->columns == 0)
        return SHEAF_OK;
    for (uint32_t i = 0; i < header->columns; i++) {
        buffer_append_string(out, "| ");
        append_text(out, header->names[i]);
        buffer_append_byte(out, ' ');
    }
    buffer_append_string(out, "|\n");
    for (uint32_t i = 0; i < header->columns; i++)
        buffer_append_string(out, "| --- ");
    buffer_append_string(out, "|\n");
    return SHEAF_OK;
}

static enum sheaf_status md_row(void *state, uint64_t number, const struct value *cells,
                                struct buffer *out, struct sheaf_error *error)
{
    (void)number;
    (void)error;
    const struct render_header *header = ((const struct md *)state)->header;
    if (header->columns == 0)
        return SHEAF_OK;
    for (uint32_t i = 0; i < header->columns; i++) {
        buffer_append_string(out, "| ");
        append_value(out, &cells[i]);
        buffer_append_byte(out, ' ');
    }
    buffer_append_string(out, "|\n");
    return SHEAF_OK;
}

static enum sheaf_status md_end(void *state, uint64_t rows, struct buffer *out,
                                struct sheaf_error *error)
{
    (void)state;
    (void)rows;
    (void)out;
    (void)error;
    return SHEAF_OK;
}

static void md_close(void *state)
{
    memory_free(state);
}

const struct render_ops render_md = {
    .name = "md",
    .help = "a Markdown table",
    .open = md_open,
    .begin = md_begin,
    .row = md_row,
    .end = md_end,
    .close = md_close,
};

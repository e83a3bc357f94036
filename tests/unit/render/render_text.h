/* render_text.h - renders a table to memory with a writer alone: what the tests of writers share.
 */
#ifndef RENDER_TEXT_H
#define RENDER_TEXT_H

#include "render/render.h"

#include <check.h>
#include <string.h>

/* A table, and how it is to be written. */
struct sample {
    const struct text *names;
    uint32_t columns;
    const struct value *cells; /* row by row */
    size_t rows;
    struct render_options options;
};

static inline struct text text_of(const char *string)
{
    return (struct text){.bytes = string, .length = strlen(string)};
}

static inline struct value cell_text(const char *string)
{
    return value_text(text_of(string));
}

static inline struct value cell_integer(int mantissa)
{
    return value_number((struct number){.mantissa = mantissa, .kind = NUMBER_DECIMAL});
}

static inline struct value cell_tenths(int mantissa)
{
    return value_number(
        (struct number){.mantissa = mantissa, .exponent = -1, .kind = NUMBER_DECIMAL});
}

static inline struct value cell_real(double real)
{
    return value_number((struct number){.real = real, .kind = NUMBER_DOUBLE});
}

/* Gives the text, with a NUL past its end; the caller closes it. */
static inline struct buffer render_text(const char *writer, const struct sample *sample)
{
    const struct render_ops *ops = render_find(writer);
    ck_assert_ptr_nonnull(ops);
    const struct render_header header = {.names = sample->names, .columns = sample->columns};
    struct buffer out = {.bytes = NULL};
    void *state = NULL;
    ck_assert_int_eq(ops->open(&sample->options, &header, &state, NULL), SHEAF_OK);
    ck_assert_int_eq(ops->begin(state, &out, NULL), SHEAF_OK);
    for (size_t i = 0; i < sample->rows; i++)
        ck_assert_int_eq(ops->row(state, i, sample->cells + i * sample->columns, &out, NULL),
                         SHEAF_OK);
    ck_assert_int_eq(ops->end(state, sample->rows, &out, NULL), SHEAF_OK);
    ops->close(state);
    buffer_append_byte(&out, '\0');
    ck_assert(!out.failed);
    out.length--;
    return out;
}

/* Checks the text against one that holds no NUL. */
static inline void check_text(const char *writer, const struct sample *sample, const char *expected)
{
    struct buffer out = render_text(writer, sample);
    ck_assert_str_eq(out.bytes, expected);
    ck_assert_uint_eq(out.length, strlen(expected));
    buffer_close(&out);
}

#endif

/* scan/kernel_texts.h - columns from the index: scan_kernel.regular_rows, .texts, .row_bytes. */
#ifndef SCAN_KERNEL_TEXTS_H
#define SCAN_KERNEL_TEXTS_H

#include "scan/kernel.h"
#include "scan/kernel_masks.h"

#ifdef SCAN_BLOCK

#include <string.h>

/* ---- regular rows -------------------------------------------------------------------------- */

/* The bits that all of marks[0], marks[stride], … have. */
SCAN_INLINE uint32_t scan_common_bits(const uint32_t *marks, uint32_t count, size_t stride)
{
    uint32_t bits[4] = {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
    uint32_t i = 0;
    for (; count - i >= 4; i += 4, marks += 4 * stride) {
        bits[0] &= marks[0];
        bits[1] &= marks[stride];
        bits[2] &= marks[2 * stride];
        bits[3] &= marks[3 * stride];
    }
    for (; i < count; i++, marks += stride)
        bits[0] &= *marks;
    return bits[0] & bits[1] & bits[2] & bits[3];
}

/* Rows of so many fields at the front, one after another. */
static inline uint32_t scan_count_regular(const struct scan_index *index, uint32_t columns)
{
    const uint32_t *marks = index->marks;
    const uint32_t *end = marks + index->count;
    uint32_t rows = 0;
    for (; (size_t)(end - marks) >= columns; marks += columns, rows++) {
        uint32_t earlier = 0;
        for (uint32_t column = 1; column < columns; column++)
            earlier |= marks[column];
        if (earlier % 2 != 0 || marks[columns] % 2 == 0)
            break;
    }
    return rows;
}

/* Rows of one field at the front of which none is an empty line. */
static inline uint32_t scan_count_filled(const struct scan_index *index, const char *bytes,
                                         uint32_t rows)
{
    for (uint32_t row = 0; row < rows; row++) {
        const uint32_t start = index->marks[row] / 2;
        const uint32_t length = index->marks[row + 1] / 2 - 1 - start;
        if (length == 0 || (length == 1 && bytes[start] == '\r'))
            return row;
    }
    return rows;
}

/* When as many line feeds are there as rows fit, and they stand where rows end, none is elsewhere.
 */
static inline uint32_t scan_kernel_regular_rows(const struct scan_index *index, const char *bytes,
                                                uint32_t columns)
{
    const bool may_all = (uint64_t)index->rows * columns == index->count;
    const bool all = may_all && scan_common_bits(index->marks + columns, index->rows, columns) % 2;
    const uint32_t rows = all ? index->rows : scan_count_regular(index, columns);
    return columns == 1 ? scan_count_filled(index, bytes, rows) : rows;
}

/* ---- texts --------------------------------------------------------------------------------- */

/* The fields of a column, as the index has them. */
struct scan_column {
    const char *bytes;
    const uint32_t *marks; /* the start of the first one */
    size_t stride;
    int quote;
};

SCAN_INLINE struct text scan_field_of(const struct scan_column *column, uint32_t row)
{
    const uint32_t *marks = column->marks + row * column->stride;
    const uint32_t start = marks[0] / 2;
    return (struct text){column->bytes + start, marks[1] / 2 - 1 - start};
}

SCAN_INLINE void scan_plain_texts_by(const struct scan_column *column, size_t stride, uint32_t rows,
                                     struct text *texts)
{
    uint32_t row = 0;
    for (; rows - row >= PAIRS_COUNT; row += PAIRS_COUNT)
        pairs_store_texts(pairs_load(column->marks + row * stride, stride), column->bytes,
                          texts + row);
    for (; row < rows; row++) {
        const struct text field = scan_field_of(column, row);
        texts[row] = (struct text){field.length == 0 ? NULL : field.bytes, field.length};
    }
}

/* Where there are no quotes and no CRs. */
static inline void scan_plain_texts(const struct scan_column *column, uint32_t rows,
                                    struct text *texts)
{
    if (column->stride == 2)
        scan_plain_texts_by(column, 2, rows, texts);
    else
        scan_plain_texts_by(column, column->stride, rows, texts);
}

/* Where CRs may stand before the line ends, but no quotes are. */
static inline void scan_last_texts(const struct scan_column *column, uint32_t rows,
                                   struct text *texts)
{
    for (uint32_t row = 0; row < rows; row++) {
        const struct text field = scan_field_of(column, row);
        const size_t length =
            field.length - (field.length > 0 && field.bytes[(ptrdiff_t)field.length - 1] == '\r');
        texts[row] = (struct text){length == 0 ? NULL : field.bytes, length};
    }
}

/* Reads whole blocks, of which the last begins inside the text. */
SCAN_INLINE bool scan_holds(const char *bytes, size_t length, unsigned char byte)
{
    for (; length > 64; bytes += 64, length -= 64)
        if (block_match(block_load(bytes), byte) != 0)
            return true;
    return length > 0 && block_match(block_load(bytes), byte) << (64 - length) != 0;
}

struct scan_columns_out {
    struct text *texts;
    uint8_t *quoted; /* or NULL */
    uint32_t *doubled;
};

/* Where anything may be; `crs`: CRs too. */
SCAN_INLINE uint32_t scan_any_texts(const struct scan_column *column, uint32_t rows,
                                    const struct scan_columns_out *out, bool crs)
{
    const unsigned char quote = (unsigned char)column->quote;
    uint32_t doubles = 0;
    for (uint32_t row = 0; row < rows; row++) {
        const struct text field = scan_field_of(column, row);
        size_t length = field.length;
        if (crs)
            length -= length > 0 && field.bytes[(ptrdiff_t)length - 1] == '\r';
        /* The first byte of an empty field is its separator, or a CR. */
        const bool in_quotes = (unsigned char)*field.bytes == quote;
        const char *bytes = field.bytes + in_quotes;
        out->texts[row] = (struct text){length == 0 ? NULL : bytes, length - 2 * (size_t)in_quotes};
        if (out->quoted != NULL)
            out->quoted[row] = in_quotes;
        if (in_quotes) {
            out->doubled[doubles] = row;
            doubles += scan_holds(bytes, length - 2, quote);
        }
    }
    return doubles;
}

static inline uint32_t scan_kernel_texts(const struct scan_index *index, const char *bytes,
                                         const struct scan_shape *shape, uint32_t rows,
                                         struct text *texts, uint8_t *quoted, uint32_t *doubled)
{
    const bool crs = index->has_crs && shape->column == shape->columns - 1;
    const struct scan_column column = {
        .bytes = bytes,
        .marks = index->marks + shape->column,
        .stride = shape->columns,
        .quote = shape->quote,
    };
    if (index->has_quotes && shape->quote != SCAN_NO_BYTE) {
        const struct scan_columns_out out = {texts, quoted, doubled};
        return crs ? scan_any_texts(&column, rows, &out, true)
                   : scan_any_texts(&column, rows, &out, false);
    }
    if (quoted != NULL)
        memset(quoted, 0, rows);
    if (crs)
        scan_last_texts(&column, rows, texts);
    else
        scan_plain_texts(&column, rows, texts);
    return 0;
}

/* ---- places of rows ------------------------------------------------------------------------ */

SCAN_INLINE void scan_row_bytes_by(const uint32_t *marks, size_t stride, uint32_t rows,
                                   uint64_t base, uint64_t *row_bytes)
{
    uint32_t row = 0;
    for (; rows - row >= PAIRS_COUNT; row += PAIRS_COUNT)
        pairs_store_starts(pairs_load(marks + row * stride, stride), base, row_bytes + row);
    for (; row < rows; row++)
        row_bytes[row] = base + marks[row * stride] / 2;
}

static inline void scan_kernel_row_bytes(const struct scan_index *index, uint32_t columns,
                                         uint32_t rows, uint64_t base, uint64_t *row_bytes)
{
    if (columns == 2)
        scan_row_bytes_by(index->marks, 2, rows, base, row_bytes);
    else
        scan_row_bytes_by(index->marks, columns, rows, base, row_bytes);
}

#endif
#endif

/* scan/kernel.h - the table of scanning kernels, one row an instruction set.
 *
 * A kernel looks at bytes in blocks of 64, as bit masks of what means something, and works out by
 * prefix sums of the quotes which of it stands in quotes (the idea: Geoff Langdale, Daniel Lemire,
 * "Parsing Gigabytes of JSON per Second", VLDB Journal 28, 2019). That is right only while every
 * opening quote follows a delimiter, a line end or the start, and every closing one precedes a
 * delimiter, a line end or a quote. So kernels check that, and stop before the row where it is not
 * so; what walks such rows byte by byte is scan/walker.c. All pure; any thread. */
#ifndef SCAN_KERNEL_H
#define SCAN_KERNEL_H

#include "base/isa.h"
#include "base/text.h"
#include "scan/automaton.h"
#include "scan/survey.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes behind the end that kernels may read (their values mean nothing). */
enum { SCAN_PADDING = 64 };

/* ---- the index: where fields end ----------------------------------------------------------- */

/* Of the n-th separator (a delimiter or LF outside quotes), n from 1, marks[n] is twice the offset
 * of the byte after it, plus 1 when it is a LF; marks[0] is 0, so that field n - 1 begins at
 * marks[n - 1] / 2 and ends one byte before marks[n] / 2. Only separators of complete rows. */
struct scan_index {
    uint32_t *marks;   /* room for 1 + SCAN_INDEX_ROOM(bytes) */
    uint32_t count;    /* separators */
    uint32_t rows;     /* LFs among them */
    uint32_t consumed; /* the offset after the last of them: where the next row starts */
    bool has_quotes;   /* some row of them holds a quote byte */
    bool has_crs;      /* likewise a CR */
    bool stopped;      /* fewer than `rows_most` rows are before a byte that masks cannot tell, in
                          the row at `consumed`, complete or not: a quote in an unquoted field, a
                          byte after a closing quote that is no quote, separator or CR, one after
                          that CR that is no LF, a comment byte at the row's start */
};

/* Marks that an index of so many bytes can need: one each, and what a block's store may overrun. */
#define SCAN_INDEX_ROOM(bytes) ((bytes) + SCAN_PADDING)

enum { SCAN_INDEX_MOST = 1 << 30 }; /* bytes that one index can be of */

/* How the separators of complete rows become columns of texts. All rows have `columns` fields:
 * index->count is rows * columns, and every columns-th separator is a LF. */
struct scan_shape {
    uint32_t columns;
    uint32_t column; /* the wanted one, from 0 */
    int quote;       /* or SCAN_NO_BYTE */
};

struct scan_kernel {
    enum isa isa;

    /* Indexes complete rows of bytes[0 … length), which begins where a row does, until `rows_most`
     * rows are complete, the bytes end, or something stops it; the same for every kernel.
     * Everything of the dialect but `escape` and `cr_ends`, which must not be set. */
    void (*index)(const struct scan_dialect *dialect, const char *bytes, size_t length,
                  uint32_t rows_most, struct scan_index *out);

    /* Gives the number of rows at the front of the index, of `columns` fields each, that stand
     * together without an empty line: the first row that is not so, and what follows, is left out.
     * An empty line is a LF, or CR LF, at a row's start. */
    uint32_t (*regular_rows)(const struct scan_index *index, const char *bytes, uint32_t columns);

    /* Writes the fields of one column for the first `rows` rows, which are regular: without the CR
     * of a CR LF, without the quotes around it; an unquoted empty field has bytes NULL (null), a
     * quoted one has not. Gives how many of them hold a doubled quote, still to be undone: their
     * row numbers are in `doubled`, which has room for `rows` + 16. quoted[] (NULL: not wanted): 1
     * for each field that was quoted, else 0. `texts`, `quoted` have room for `rows` + 16. */
    uint32_t (*texts)(const struct scan_index *index, const char *bytes,
                      const struct scan_shape *shape, uint32_t rows, struct text *texts,
                      uint8_t *quoted, uint32_t *doubled);

    /* row_bytes[i] = base + the offset where row i of `columns` fields starts; room for rows + 16.
     */
    void (*row_bytes)(const struct scan_index *index, uint32_t columns, uint32_t rows,
                      uint64_t base, uint64_t *row_bytes);

    /* What scan_survey_bytes gives, the same for every kernel. Takes every dialect. At least one
     * byte. */
    struct scan_survey (*survey)(const struct scan_automaton *automaton, const char *bytes,
                                 size_t length);
};

/* Gives the kernel of an instruction set that is available. */
const struct scan_kernel *scan_kernel_of(enum isa isa);

#endif

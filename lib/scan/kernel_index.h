/* scan/kernel_index.h - where fields end, by blocks: scan_kernel.index. */
#ifndef SCAN_KERNEL_INDEX_H
#define SCAN_KERNEL_INDEX_H

#include "scan/kernel.h"
#include "scan/kernel_masks.h"

#ifdef SCAN_BLOCK

#include <string.h>

_Static_assert((int)BLOCK_MARKS_OVERRUN <= (int)SCAN_PADDING, "what SCAN_INDEX_ROOM allows for");

struct scan_indexing {
    struct scan_carry carry;
    uint32_t *last; /* the last mark so far */
    uint32_t rows;
    struct block_seen quotes;
    struct block_seen crs;
};

/* Marks the separators among the `valid` bytes before the first stray one; gives whether there is
 * such a one. */
SCAN_INLINE bool scan_index_block(struct scan_indexing *now, const struct scan_wanted *wanted,
                                  struct text bytes, uint64_t valid, bool comments)
{
    const struct block block = block_load(bytes.bytes + bytes.length);
    const struct scan_separation found = scan_separate(wanted, block, comments, &now->carry);
    const uint64_t stray = found.stray & valid;
    uint64_t separators = found.separators & valid;
    if (stray != 0)
        separators &= (stray & (0 - stray)) - 1;
    block_write_marks(now->last + 1, separators, found.line_feeds, 2 * (uint32_t)bytes.length);
    now->last += block_count(separators);
    now->rows += block_count(separators & found.line_feeds);
    block_see(&now->quotes, block, wanted->quote);
    block_see(&now->crs, block, '\r');
    return stray != 0;
}

/* Gives whether a stray byte ended it. */
SCAN_INLINE bool scan_index_blocks(const struct scan_wanted *wanted, struct text bytes,
                                   uint32_t rows_most, struct scan_indexing *now, bool comments)
{
    const uint64_t all = ~UINT64_C(0);
    struct text read = {bytes.bytes, 0};
    for (; bytes.length - read.length >= 64; read.length += 64) {
        if (scan_index_block(now, wanted, read, all, comments))
            return true;
        if (now->rows >= rows_most)
            return false;
    }
    if (read.length == bytes.length)
        return false;
    const uint64_t valid = (UINT64_C(1) << (bytes.length - read.length)) - 1;
    return scan_index_block(now, wanted, read, valid, comments);
}

/* Drops what the last block gave beyond `rows_most`, and the fields of the unfinished row. */
static inline void scan_index_trim(struct scan_index *index, uint32_t rows_most)
{
    while (index->count > 0 && (index->marks[index->count] % 2 == 0 || index->rows > rows_most)) {
        index->rows -= index->marks[index->count] % 2;
        index->count--;
    }
}

static inline void scan_kernel_index(const struct scan_dialect *dialect, const char *bytes,
                                     size_t length, uint32_t rows_most, struct scan_index *out)
{
    const struct text all = {bytes, length};
    const struct scan_wanted wanted = scan_wanted_of(dialect);
    struct scan_indexing now = {.carry = scan_carry_at_row(), .last = out->marks};
    out->marks[0] = 0;
    /* Twice, so that files without a comment byte pay nothing for it. */
    const bool strays = dialect->comment == SCAN_NO_BYTE
                            ? scan_index_blocks(&wanted, all, rows_most, &now, false)
                            : scan_index_blocks(&wanted, all, rows_most, &now, true);
    out->count = (uint32_t)(now.last - out->marks);
    out->rows = now.rows;
    out->stopped = strays && now.rows < rows_most;
    scan_index_trim(out, rows_most);
    out->consumed = out->marks[out->count] / 2;
    out->has_quotes = dialect->quote != SCAN_NO_BYTE && block_has_seen(now.quotes) &&
                      memchr(bytes, dialect->quote, out->consumed) != NULL;
    out->has_crs = block_has_seen(now.crs) && memchr(bytes, '\r', out->consumed) != NULL;
}

#endif
#endif

/* scan/kernel_index.h - where fields end, by blocks: scan_kernel.index. */
#ifndef SCAN_KERNEL_INDEX_H
#define SCAN_KERNEL_INDEX_H

#include "scan/kernel.h"
#include "scan/kernel_masks.h"

#ifdef SCAN_BLOCK

#include <string.h>

struct scan_indexing {
    struct scan_carry carry;
    uint32_t *last; /* the last mark so far */
    uint32_t rows;
    uint64_t quotes; /* not 0: some were seen */
    uint64_t crs;
};

/* Marks what stands before the first stray byte; gives whether there is one. */
SCAN_INLINE bool scan_index_block(struct scan_indexing *now, const struct scan_masks *masks,
                                  uint32_t offset, uint64_t valid)
{
    uint64_t stray = 0;
    uint64_t separators = scan_separate(masks, &now->carry, &stray);
    stray &= valid;
    if (stray != 0)
        separators &= (stray & (0 - stray)) - 1;
    block_write_marks(now->last + 1, separators, masks->line_feeds, 2 * offset);
    now->last += block_count(separators);
    now->rows += block_count(separators & masks->line_feeds);
    now->quotes |= masks->quotes;
    now->crs |= masks->crs;
    return stray != 0;
}

/* Gives whether a stray byte ended it. */
SCAN_INLINE bool scan_index_blocks(const struct scan_dialect *dialect, struct text bytes,
                                   uint32_t rows_most, struct scan_indexing *now, bool comments)
{
    const struct scan_wanted wanted = scan_wanted_of(dialect);
    const uint32_t length = (uint32_t)bytes.length;
    uint32_t offset = 0;
    for (; length - offset >= 64; offset += 64) {
        const uint64_t all = ~UINT64_C(0);
        const struct scan_masks masks = scan_masks_of(&wanted, bytes.bytes + offset, all, comments);
        if (scan_index_block(now, &masks, offset, all))
            return true;
        if (now->rows >= rows_most)
            return false;
    }
    if (offset == length)
        return false;
    const uint64_t valid = (UINT64_C(1) << (length - offset)) - 1;
    const struct scan_masks masks = scan_masks_of(&wanted, bytes.bytes + offset, valid, comments);
    return scan_index_block(now, &masks, offset, valid);
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
    struct scan_indexing now = {.carry = scan_carry_at_row(), .last = out->marks};
    out->marks[0] = 0;
    /* Twice, so that files without a comment byte pay nothing for it. */
    const bool strays = dialect->comment == SCAN_NO_BYTE
                            ? scan_index_blocks(dialect, all, rows_most, &now, false)
                            : scan_index_blocks(dialect, all, rows_most, &now, true);
    out->count = (uint32_t)(now.last - out->marks);
    out->rows = now.rows;
    out->stopped = strays && now.rows < rows_most;
    scan_index_trim(out, rows_most);
    out->consumed = out->marks[out->count] / 2;
    out->has_quotes = now.quotes != 0 && memchr(bytes, dialect->quote, out->consumed) != NULL;
    out->has_crs = now.crs != 0 && memchr(bytes, '\r', out->consumed) != NULL;
}

#endif
#endif

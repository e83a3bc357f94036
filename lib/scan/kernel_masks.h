/* scan/kernel_masks.h - which bytes of a block mean something, and what masks tell of the quotes
 * among them: the step that the index and the survey share. Pure; any thread. */
#ifndef SCAN_KERNEL_MASKS_H
#define SCAN_KERNEL_MASKS_H

#include "scan/automaton.h"
#include "scan/block.h"

#ifdef SCAN_BLOCK

#define SCAN_INLINE __attribute__((always_inline)) static inline

/* A dialect's bytes to look for; where it has none, what is said of the byte means nothing. */
struct scan_wanted {
    unsigned char delimiter;
    unsigned char quote;
    unsigned char comment;
    unsigned char escape;
    uint64_t quotes; /* all ones, or 0: there is none */
    bool comments;   /* there is such a byte */
    bool cr_ends;
};

SCAN_INLINE struct scan_wanted scan_wanted_of(const struct scan_dialect *dialect)
{
    return (struct scan_wanted){
        .delimiter = dialect->delimiter,
        .quote = (unsigned char)dialect->quote,
        .comment = (unsigned char)dialect->comment,
        .escape = (unsigned char)dialect->escape,
        .quotes = dialect->quote == SCAN_NO_BYTE ? 0 : ~UINT64_C(0),
        .comments = dialect->comment != SCAN_NO_BYTE,
        .cr_ends = dialect->cr_ends,
    };
}

/* What the bytes of a block say about the next one's first. */
struct scan_carry {
    uint64_t inside;     /* all ones: the last byte stands in quotes, or opens them */
    uint64_t closed;     /* 1: the last byte is a closing quote */
    uint64_t cr_closed;  /* 1: it is a CR after one */
    uint64_t separators; /* the block's; only the last bit counts */
    uint64_t row_ends;   /* likewise those that are line feeds */
};

/* At the start of a row. */
SCAN_INLINE struct scan_carry scan_carry_at_row(void)
{
    return (struct scan_carry){.separators = ~UINT64_C(0), .row_ends = ~UINT64_C(0)};
}

/* Each bit moves to the byte after; into the first one comes the last of the block before. */
SCAN_INLINE uint64_t scan_after(uint64_t bits, uint64_t before)
{
    return bits << 1 | before >> 63;
}

/* Of bit i of each, byte i of a block. */
struct scan_separation {
    uint64_t separators; /* outside quotes */
    uint64_t line_feeds; /* anywhere */
    uint64_t stray;      /* masks are wrong from the first of these on, and right before it */
};

/* Where quotes are, or were. `comments`: the bytes of comments. */
SCAN_INLINE void scan_separate_quoted(const struct scan_wanted *wanted, struct block block,
                                      uint64_t comments, struct scan_carry *carry,
                                      struct scan_separation *out)
{
    const uint64_t ends = out->separators;
    const uint64_t quotes = block_match(block, wanted->quote) & wanted->quotes;
    const uint64_t crs = block_match(block, '\r');
    const uint64_t inside = block_prefix_xor(quotes) ^ carry->inside;
    const uint64_t opening = quotes & inside;
    const uint64_t closing = quotes & ~inside;
    const uint64_t row_ends = out->line_feeds & ~inside;
    const uint64_t after_closing = closing << 1 | carry->closed;
    const uint64_t cr_closed = crs & after_closing;
    const uint64_t after_cr = cr_closed << 1 | carry->cr_closed;
    out->separators = ends & ~inside;
    out->stray = (opening & ~scan_after(out->separators, carry->separators) & ~after_closing) |
                 (after_closing & ~(quotes | ends | crs)) | (after_cr & ~out->line_feeds) |
                 (comments & scan_after(row_ends, carry->row_ends));
    *carry = (struct scan_carry){
        .inside = 0 - (inside >> 63),
        .closed = closing >> 63,
        .cr_closed = cr_closed >> 63,
        .separators = out->separators,
        .row_ends = row_ends,
    };
}

/* Finds the separators of a block, and moves the carry. `has_comments`: the dialect has; files
 * without pay nothing for them. */
SCAN_INLINE struct scan_separation scan_separate(const struct scan_wanted *wanted,
                                                 struct block block, bool has_comments,
                                                 struct scan_carry *carry)
{
    struct scan_separation out = {.line_feeds = block_match(block, '\n')};
    const uint64_t comments = has_comments ? block_match(block, wanted->comment) : 0;
    out.separators = block_match(block, wanted->delimiter) | out.line_feeds;
    /* One test, for only all together are easily foretold. */
    const uint64_t quotes = block_has(block, wanted->quote) & wanted->quotes;
    if ((quotes | carry->inside | carry->closed | carry->cr_closed) != 0) {
        scan_separate_quoted(wanted, block, comments, carry, &out);
    } else {
        out.stray = comments & scan_after(out.line_feeds, carry->row_ends);
        carry->separators = out.separators;
        carry->row_ends = out.line_feeds;
    }
    return out;
}

#endif
#endif

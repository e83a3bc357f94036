/* scan/kernel_masks.h - which bytes of a block mean something, and what masks tell of the quotes
 * among them: the step that the index and the survey share. Pure; any thread. */
#ifndef SCAN_KERNEL_MASKS_H
#define SCAN_KERNEL_MASKS_H

#include "scan/automaton.h"
#include "scan/block.h"

#ifdef SCAN_BLOCK

#define SCAN_INLINE __attribute__((always_inline)) static inline

/* A dialect's bytes to look for; of what a dialect has not, nothing is found. */
struct scan_wanted {
    unsigned char delimiter;
    unsigned char quote;
    unsigned char comment;
    unsigned char escape;
    uint64_t quotes; /* all ones, or 0: there is none */
    uint64_t comments;
    uint64_t escapes;
};

SCAN_INLINE struct scan_wanted scan_wanted_of(const struct scan_dialect *dialect)
{
    return (struct scan_wanted){
        .delimiter = dialect->delimiter,
        .quote = (unsigned char)dialect->quote,
        .comment = (unsigned char)dialect->comment,
        .escape = (unsigned char)dialect->escape,
        .quotes = dialect->quote == SCAN_NO_BYTE ? 0 : ~UINT64_C(0),
        .comments = dialect->comment == SCAN_NO_BYTE ? 0 : ~UINT64_C(0),
        .escapes = dialect->escape == SCAN_NO_BYTE ? 0 : ~UINT64_C(0),
    };
}

/* Bit i: byte i of the block. */
struct scan_masks {
    uint64_t delimiters;
    uint64_t line_feeds;
    uint64_t crs;
    uint64_t quotes;
    uint64_t comments;
};

/* Of the bytes in `valid`. Without a comment byte no time is spent on it. */
SCAN_INLINE struct scan_masks scan_masks_of(const struct scan_wanted *wanted, const char *bytes,
                                            uint64_t valid, bool comments)
{
    const struct block block = block_load(bytes);
    return (struct scan_masks){
        .delimiters = block_match(block, wanted->delimiter) & valid,
        .line_feeds = block_match(block, '\n') & valid,
        .crs = block_match(block, '\r') & valid,
        .quotes = block_match(block, wanted->quote) & wanted->quotes & valid,
        .comments = comments ? block_match(block, wanted->comment) & valid : 0,
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

/* Gives the separators outside quotes, and moves the carry. Sets *stray to the bytes that show that
 * masks are wrong from there on: what they say of the bytes before the first such one is right. */
SCAN_INLINE uint64_t scan_separate(const struct scan_masks *masks, struct scan_carry *carry,
                                   uint64_t *stray)
{
    const uint64_t ends = masks->delimiters | masks->line_feeds;
    if ((masks->quotes | carry->inside | carry->closed | carry->cr_closed) == 0) {
        *stray = masks->comments & scan_after(masks->line_feeds, carry->row_ends);
        carry->separators = ends;
        carry->row_ends = masks->line_feeds;
        return ends;
    }
    const uint64_t inside = block_prefix_xor(masks->quotes) ^ carry->inside;
    const uint64_t opening = masks->quotes & inside;
    const uint64_t closing = masks->quotes & ~inside;
    const uint64_t separators = ends & ~inside;
    const uint64_t row_ends = masks->line_feeds & ~inside;
    const uint64_t after_closing = closing << 1 | carry->closed;
    const uint64_t cr_closed = masks->crs & after_closing;
    const uint64_t after_cr = cr_closed << 1 | carry->cr_closed;
    *stray = (opening & ~scan_after(separators, carry->separators) & ~after_closing) |
             (after_closing & ~(masks->quotes | ends | masks->crs)) |
             (after_cr & ~masks->line_feeds) |
             (masks->comments & scan_after(row_ends, carry->row_ends));
    *carry = (struct scan_carry){
        .inside = 0 - (inside >> 63),
        .closed = closing >> 63,
        .cr_closed = cr_closed >> 63,
        .separators = separators,
        .row_ends = row_ends,
    };
    return separators;
}

#endif
#endif

/* scan/scanner.h - rows of fields from a known row start, one after the other: what reads the rows
 * that masks cannot tell (walker), and what checks all of it independently (libcsv).
 *
 * The raw bytes are the caller's: a stretch of input that starts at a row start. Positions are
 * offsets in it; it may move between calls. One thread at a time. */
#ifndef SCAN_SCANNER_H
#define SCAN_SCANNER_H

#include "base/error.h"
#include "base/memory.h"
#include "scan/automaton.h"
#include "scan/scanned_rows.h"

#include <stddef.h>
#include <stdint.h>

#define SCANNER_UNWANTED UINT32_MAX

struct scanner_setup {
    const struct scan_automaton *automaton;
    uint64_t max_field; /* content bytes of the longest field allowed */
    const uint32_t
        *slot_of_field; /* of fields 0 … field_count - 1: its slot, or SCANNER_UNWANTED */
    uint32_t field_count;
    uint32_t slots;
    struct memory_budget *budget; /* charged for open rows; may be NULL */
};

enum scanner_event {
    SCANNER_FED,      /* all bytes are taken */
    SCANNER_PENDING,  /* stopped at a CR after a closing quote: the byte after it is needed */
    SCANNER_BAD,      /* stopped at a byte that may not follow a closing quote */
    SCANNER_TOO_LONG, /* the field at `column` is longer than max_field */
    SCANNER_UNCLOSED, /* at the end: a quote was never closed */
    SCANNER_FAILED,   /* memory; *error is filled */
};

enum scanner_extent { SCANNER_EVERY_ROW, SCANNER_ONE_ROW };

/* Where the open row stands: its first byte, its line, the field being read (from 0), the raw
 * position and line of that field's first byte. */
struct scanner_place {
    size_t row_start;
    uint64_t row_line;
    uint32_t field;
    size_t field_start;
    uint64_t field_line;
};

struct scanner;

struct scanner_ops {
    const char *name;
    /* Owned by the caller. The setup is copied, what it points to is borrowed. */
    enum sheaf_status (*open)(const struct scanner_setup *setup, struct scanner **out,
                              struct sheaf_error *error);
    /* Starts on a new stretch whose byte 0 is a row start on physical line `line`. byte_before: the
     * byte that stands before it, or SCAN_NO_BYTE (with cr_ends, a LF after a CR ends no further
     * line). */
    void (*begin)(struct scanner *scanner, uint64_t line, int byte_before);
    /* Feeds raw[*position … stop); moves *position past what was taken. SCANNER_ONE_ROW: also stops
     * once a row (or comment, or blank line) has ended. */
    enum scanner_event (*feed)(struct scanner *scanner, const char *raw, size_t *position,
                               size_t stop, enum scanner_extent extent, struct sheaf_error *error);
    /* Says that raw[0 … length) was all there is: ends the open row, if any. A CR that is pending
     * then makes the row bad. */
    enum scanner_event (*end)(struct scanner *scanner, const char *raw, size_t length,
                              struct sheaf_error *error);
    /* True when everything fed so far is complete rows, blank lines and comments. */
    bool (*at_row_start)(const struct scanner *scanner);
    void (*place)(const struct scanner *scanner, struct scanner_place *out);
    /* After SCANNER_BAD: the content bytes of the bad field before the bad byte. */
    uint64_t (*open_length)(const struct scanner *scanner);
    /* Drops the open row, whose last byte was raw[stop - 1]; `lines` line ends stand in it. The
     * next byte to be fed is raw[stop], a row start. */
    void (*skip_row)(struct scanner *scanner, size_t stop, uint64_t lines);
    /* Goes over complete rows that somebody else has read: no row is open, the next byte to be fed
     * is raw[stop], a row start; `lines` line ends stand between. */
    void (*pass_over)(struct scanner *scanner, size_t stop, uint64_t lines);
    /* The complete rows: valid until the next feed. */
    const struct scan_rows *(*rows)(const struct scanner *scanner);
    /* Forgets the complete rows (the open one stays). */
    void (*forget_rows)(struct scanner *scanner);
    /* Takes NULL. */
    void (*close)(struct scanner *scanner);
};

/* Every scanner begins with this member. */
struct scanner {
    const struct scanner_ops *ops;
};

extern const struct scanner_ops scanner_libcsv; /* feeder.c: no `escape` */
extern const struct scanner_ops scanner_walker; /* walker.c: every dialect */

#endif

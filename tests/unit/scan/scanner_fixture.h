/* scanner_fixture.h - a scanner and the oracle on the same bytes, compared row by row. */
#ifndef SCANNER_FIXTURE_H
#define SCANNER_FIXTURE_H

#include "oracle/automaton.h"
#include "scan/scanner.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCANNER_DIALECTS = 11, SCANNER_PLAIN_DIALECTS = 8, SCANNER_COLUMNS = 3 };

/* 0 to 2 have quotes, 3 and 4 have none; 5 and 6 have quotes and cr_ends, 7 only cr_ends; from
 * SCANNER_PLAIN_DIALECTS on they have an escape, which only the walker knows. */
extern const struct scan_dialect scanner_dialects[SCANNER_DIALECTS];

/* Every scanner with every dialect that it knows. */
enum { SCANNER_CASES = SCANNER_DIALECTS + SCANNER_PLAIN_DIALECTS };
struct scanner_case {
    const struct scanner_ops *ops;
    const struct scan_dialect *dialect;
};
struct scanner_case scanner_case(int number);

/* Column 1 is not wanted; the two slots stand in another order than the columns. */
extern const uint32_t scanner_slots[SCANNER_COLUMNS];

struct fixture {
    struct scan_automaton automaton;
    struct scanner *scanner;
    const char *raw;
    size_t length;
    size_t rows; /* compared so far */
    struct oracle_table table;
    bool bad_is_unclosed; /* the last row was called bad, and a quote in it is never closed */
    struct sheaf_error error;
};

void fixture_open(struct fixture *at, const struct scanner_case *one, uint64_t max_field);
void fixture_close(struct fixture *at);

/* Has the oracle read the bytes, which the next feeding is about. They are borrowed. */
void fixture_ask_oracle(struct fixture *at, const char *raw, size_t length);

/* Compares the complete rows with the oracle's next ones, and forgets them; a difference ends the
 * test. */
void fixture_compare_rows(struct fixture *at);

/* Feeds everything, in pieces of random size up to `piece`, comparing on the way, and skipping bad
 * rows; gives the event of the end. */
enum scanner_event fixture_feed_all(struct fixture *at, uint64_t *seed, size_t piece,
                                    enum scanner_extent extent);

/* Compares the event of the end with what the oracle says. */
void fixture_check_end(struct fixture *at, enum scanner_event event);

#endif

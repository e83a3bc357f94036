/* scan/automaton.h: every transition of every dialect against the rules as docs/architecture.md
 * writes them, in a table of its own. */
#include "scan/automaton.h"

#include "unit/unit.h"

#include <string.h>

/* The kinds of bytes, as the rules name them. */
enum kind { QUOTE, DELIMITER, COMMENT, ESCAPE, LF, CR, OTHER, KINDS };

/* The rules, one line a state: the state after, `!` behind it where the row is bad. States are R F
 * U Q E K C X in the order of enum scan_state. */
static const char *const lf_rules[SCAN_STATES][KINDS] = {
    /*            QUOTE DELIM COMMENT ESCAPE LF  CR   OTHER */
    /* R */ {"Q", "F", "C", "U", "R", "U", "U"},
    /* F */ {"Q", "F", "U", "U", "R", "U", "U"},
    /* U */ {"U", "F", "U", "U", "R", "U", "U"},
    /* Q */ {"E", "Q", "Q", "X", "Q", "Q", "Q"},
    /* E */ {"Q", "F", "U!", "U!", "R", "K", "U!"},
    /* K */ {"U!", "F!", "U!", "U!", "R", "U!", "U!"},
    /* C */ {"C", "C", "C", "C", "R", "C", "C"},
    /* X */ {"Q", "Q", "Q", "Q", "Q", "Q", "Q"},
};

/* With cr_ends K does not occur, and a CR ends what a LF ends. */
static const char *expected(enum scan_state state, enum kind kind, bool cr_ends)
{
    return lf_rules[state][kind == CR && cr_ends ? LF : kind];
}

static enum kind kind_of(const struct scan_dialect *dialect, int byte)
{
    return byte == '\n'                 ? LF
           : byte == '\r'               ? CR
           : byte == dialect->delimiter ? DELIMITER
           : byte == dialect->quote     ? QUOTE
           : byte == dialect->comment   ? COMMENT
           : byte == dialect->escape    ? ESCAPE
                                        : OTHER;
}

static const struct scan_dialect dialects[] = {
    {.delimiter = ',', .quote = '"', .comment = -1, .escape = -1},
    {.delimiter = '\t', .quote = -1, .comment = -1, .escape = -1},
    {.delimiter = ';', .quote = '\'', .comment = '#', .escape = -1},
    {.delimiter = ',', .quote = '"', .comment = '#', .escape = '\\'},
    {.delimiter = ',', .quote = '"', .comment = -1, .escape = -1, .cr_ends = true},
    {.delimiter = 0xff, .quote = 0xfe, .comment = 0x80, .escape = 0xc3, .cr_ends = true},
    {.delimiter = '|', .quote = -1, .comment = 0, .escape = -1, .cr_ends = true},
};
enum { DIALECTS = sizeof dialects / sizeof *dialects };

START_TEST(every_transition)
{
    static const char letters[] = "RFUQEKCX";
    const struct scan_dialect *dialect = &dialects[_i];
    struct scan_automaton automaton;
    scan_automaton_build(&automaton, dialect);
    ck_assert_int_eq(automaton.dialect.delimiter, dialect->delimiter);
    for (unsigned state = 0; state < SCAN_STATES; state++)
        for (int byte = 0; byte < 256; byte++) {
            const char *rule =
                expected((enum scan_state)state, kind_of(dialect, byte), dialect->cr_ends);
            const unsigned next = automaton.next[state][byte];
            if (letters[next & SCAN_STATE_MASK] != rule[0] ||
                ((next & SCAN_BAD) != 0) != (rule[1] == '!'))
                ck_abort_msg("%c + %#x gives %#x, not %s", letters[state], (unsigned)byte, next,
                             rule);
            ck_assert_uint_eq(next & ~(unsigned)(SCAN_BAD | SCAN_STATE_MASK), 0);
        }
}
END_TEST

/* The stops of scan_to_row, by single steps. */
START_TEST(stops_where_a_row_starts)
{
    uint64_t seed = unit_seed("stops_where_a_row_starts", 1);
    static const char likely[] = "\"\",,\n\r#\\x";
    struct scan_automaton automaton;
    scan_automaton_build(&automaton, &dialects[_i]);
    for (int round = 0; round < 2000; round++) {
        char bytes[12];
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = likely[unit_random(&seed) % (sizeof likely - 1)];
        for (unsigned entry = 0; entry < SCAN_STATES; entry++) {
            enum scan_state run = (enum scan_state)entry, row = run;
            const size_t to_row = scan_to_row(&automaton, &row, bytes, sizeof bytes);
            size_t first_row = 0;
            for (size_t i = 0; i < sizeof bytes && run != SCAN_ROW_START; i++) {
                run = scan_run(&automaton, run, bytes + i, 1);
                first_row = i + 1;
            }
            if (to_row != first_row || row != run)
                ck_abort_msg("round %d, entry %u", round, entry);
        }
    }
}
END_TEST

static Suite *automaton_suite(void)
{
    Suite *suite = suite_create("automaton");
    TCase *tests = tcase_create("automaton");
    tcase_add_loop_test(tests, every_transition, 0, DIALECTS);
    tcase_add_loop_test(tests, stops_where_a_row_starts, 0, DIALECTS);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(automaton_suite)

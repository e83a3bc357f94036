/* scan/survey.h: maps compose at every split, and the fast survey equals the plain one from every
 * entry state. */
#include "scan/survey.h"

#include "unit/unit.h"

#include <string.h>

static const struct scan_dialect dialects[] = {
    {.delimiter = ',', .quote = '"', .comment = -1, .escape = -1},
    {.delimiter = ',', .quote = -1, .comment = -1, .escape = -1},
    {.delimiter = ',', .quote = '"', .comment = '#', .escape = -1},
    {.delimiter = ',', .quote = '"', .comment = '#', .escape = '\\'},
    {.delimiter = ',', .quote = '"', .comment = -1, .escape = -1, .cr_ends = true},
    {.delimiter = ',', .quote = -1, .comment = '#', .escape = -1, .cr_ends = true},
    {.delimiter = ',', .quote = '"', .comment = '#', .escape = '\\', .cr_ends = true},
};
enum { DIALECTS = sizeof dialects / sizeof *dialects };

static const char letters[] = "RFUQEKCX";

/* The definition, once more and slower: byte by byte from the table. */
static enum scan_state obvious_exit(const struct scan_automaton *automaton, unsigned state,
                                    const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        state = automaton->next[state][(unsigned char)bytes[i]] & SCAN_STATE_MASK;
    return (enum scan_state)state;
}

static void check_survey(const struct scan_automaton *automaton, const char *bytes, size_t length)
{
    const struct scan_survey survey = scan_survey_bytes(automaton, bytes, length);
    const scan_map plain = scan_map_plain(automaton, bytes, length);
    for (unsigned state = 0; state < SCAN_STATES; state++) {
        const enum scan_state exit = obvious_exit(automaton, state, bytes, length);
        const enum scan_state by_plain = scan_map_apply(plain, (enum scan_state)state);
        const enum scan_state by_survey = scan_map_apply(survey.map, (enum scan_state)state);
        if (by_plain != exit || by_survey != exit)
            ck_abort_msg("from %c to %c: plain gives %c, the survey %c; %zu bytes, the last: %.*s",
                         letters[state], letters[exit], letters[by_plain], letters[by_survey],
                         length, length < 40 ? (int)length : 40,
                         bytes + (length < 40 ? 0 : length - 40));
    }
    ck_assert_uint_eq(survey.map, plain);
    const struct line_ends ends = line_ends_count(bytes, length, automaton->dialect.cr_ends);
    ck_assert_uint_eq(survey.lines.count, ends.count);
    ck_assert_int_eq(survey.lines.first_is_lf, ends.first_is_lf);
    ck_assert_int_eq(survey.lines.last_is_cr, ends.last_is_cr);
}

static void fill(char *bytes, size_t length, const char *likely, uint64_t *seed)
{
    const size_t kinds = strlen(likely);
    for (size_t i = 0; i < length; i++)
        bytes[i] = likely[unit_random(seed) % kinds];
}

/* What random bytes are made of: all that means something; no quotes; quotes but no line ends;
 * hardly anything. */
static const char *const alphabets[] = {"\"\"\",\n\r#\\x", ",\n\rxx", "\r\rx,", "\"x,",
                                        "xxxxxxx,",        "\n\n\n\r"};
enum { ALPHABETS = sizeof alphabets / sizeof *alphabets };

START_TEST(maps_compose_at_every_split)
{
    uint64_t seed = unit_seed("maps_compose_at_every_split", 8);
    struct scan_automaton automaton;
    scan_automaton_build(&automaton, &dialects[_i]);
    for (int round = 0; round < 1500; round++) {
        char bytes[40];
        const size_t length = 1 + unit_random(&seed) % sizeof bytes;
        fill(bytes, length, alphabets[round % ALPHABETS], &seed);
        const scan_map whole = scan_map_plain(&automaton, bytes, length);
        for (size_t split = 0; split <= length; split++) {
            const scan_map a = scan_map_plain(&automaton, bytes, split);
            const scan_map b = scan_map_plain(&automaton, bytes + split, length - split);
            if (scan_map_compose(a, b) != whole)
                ck_abort_msg("round %d, split at %zu of %zu", round, split, length);
        }
    }
}
END_TEST

START_TEST(composing_is_associative)
{
    uint64_t seed = unit_seed("composing_is_associative", 9);
    for (int round = 0; round < 20000; round++) {
        const scan_map a = (scan_map)(unit_random(&seed) >> 40);
        const scan_map b = (scan_map)(unit_random(&seed) >> 40);
        const scan_map c = (scan_map)(unit_random(&seed) >> 40);
        const scan_map ab_c = scan_map_compose(scan_map_compose(a, b), c);
        if (ab_c != scan_map_compose(a, scan_map_compose(b, c)))
            ck_abort_msg("round %d", round);
        for (unsigned state = 0; state < SCAN_STATES; state++) {
            const enum scan_state between = scan_map_apply(a, (enum scan_state)state);
            const enum scan_state after = scan_map_apply(b, between);
            if (scan_map_apply(ab_c, (enum scan_state)state) != scan_map_apply(c, after))
                ck_abort_msg("round %d, state %u", round, state);
        }
    }
}
END_TEST

START_TEST(short_strings)
{
    uint64_t seed = unit_seed("short_strings", 10);
    struct scan_automaton automaton;
    scan_automaton_build(&automaton, &dialects[_i]);
    for (int round = 0; round < 3000; round++) {
        char bytes[64];
        const size_t length = 1 + unit_random(&seed) % (round % 2 == 0 ? 5 : sizeof bytes);
        fill(bytes, length, alphabets[round % ALPHABETS], &seed);
        check_survey(&automaton, bytes, length);
    }
}
END_TEST

/* Every string of up to five of the bytes that mean something. */
START_TEST(all_shortest_strings)
{
    static const char bytes_of[] = "\",\n\r#\\x";
    enum { KINDS = sizeof bytes_of - 1, MOST = 5 };
    struct scan_automaton automaton;
    scan_automaton_build(&automaton, &dialects[_i]);
    unsigned end = 1;
    for (size_t length = 1; length < MOST; length++) {
        end *= KINDS;
        for (unsigned number = 0; number < end; number++) {
            char bytes[MOST];
            unsigned rest = number;
            for (size_t i = 0; i < length; i++, rest /= KINDS)
                bytes[i] = bytes_of[rest % KINDS];
            check_survey(&automaton, bytes, length);
        }
    }
}
END_TEST

/* Longer than every block of the survey, with each special byte at each place near the borders. */
START_TEST(long_strings)
{
    static const size_t lengths[] = {15, 16, 17, 1023, 1024, 1025, 1040, 1041, 2064, 5000};
    static const char special[] = "\"\n\r#\\,";
    static char bytes[5000];
    uint64_t seed = unit_seed("long_strings", 11);
    struct scan_automaton automaton;
    scan_automaton_build(&automaton, &dialects[_i]);
    for (size_t n = 0; n < sizeof lengths / sizeof *lengths; n++) {
        const size_t length = lengths[n];
        for (unsigned alphabet = 0; alphabet < ALPHABETS; alphabet++) {
            fill(bytes, length, alphabets[alphabet], &seed);
            check_survey(&automaton, bytes, length);
            for (size_t byte = 0; byte < sizeof special - 1; byte++) {
                const size_t places[] = {0, 1, 14, length - 1, length - 2, length / 2};
                const size_t place = places[unit_random(&seed) % 6];
                const char before = bytes[place];
                bytes[place] = special[byte];
                check_survey(&automaton, bytes, length);
                bytes[place] = before;
            }
        }
    }
}
END_TEST

/* One special byte in plain text, at the first, at the last and at each other place. */
START_TEST(one_special_byte)
{
    static const char special[] = "\"\n\r#\\,";
    char bytes[40];
    struct scan_automaton automaton;
    scan_automaton_build(&automaton, &dialects[_i]);
    for (size_t byte = 0; byte < sizeof special - 1; byte++)
        for (size_t place = 0; place < sizeof bytes; place++) {
            memset(bytes, 'x', sizeof bytes);
            bytes[place] = special[byte];
            check_survey(&automaton, bytes, sizeof bytes);
            check_survey(&automaton, bytes, place + 1);
            check_survey(&automaton, bytes + place, sizeof bytes - place);
        }
}
END_TEST

/* A bare quote in an unquoted field: what no parity can express. */
START_TEST(a_quote_in_text_makes_a_constant_map)
{
    struct scan_automaton automaton;
    scan_automaton_build(&automaton, &dialects[0]);
    const struct scan_survey survey = scan_survey_bytes(&automaton, "a\"b\"\nc", 6);
    ck_assert_int_eq(scan_map_apply(survey.map, SCAN_ROW_START), SCAN_UNQUOTED);
    ck_assert_int_eq(scan_map_apply(survey.map, SCAN_UNQUOTED), SCAN_UNQUOTED);
    ck_assert_int_eq(scan_map_apply(survey.map, SCAN_QUOTED), SCAN_UNQUOTED);
    ck_assert_uint_eq(survey.lines.count, 1);
}
END_TEST

static Suite *survey_suite(void)
{
    Suite *suite = suite_create("survey");
    TCase *tests = tcase_create("survey");
    tcase_set_timeout(tests, 30);
    tcase_add_loop_test(tests, maps_compose_at_every_split, 0, DIALECTS);
    tcase_add_test(tests, composing_is_associative);
    tcase_add_loop_test(tests, short_strings, 0, DIALECTS);
    tcase_add_loop_test(tests, all_shortest_strings, 0, DIALECTS);
    tcase_add_loop_test(tests, long_strings, 0, DIALECTS);
    tcase_add_loop_test(tests, one_special_byte, 0, DIALECTS);
    tcase_add_test(tests, a_quote_in_text_makes_a_constant_map);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(survey_suite)

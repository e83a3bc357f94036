/* scan/scanner.h, every scanner against the oracle: random bytes in random pieces, all dialects,
 * all borders. */
#include "scanner_fixture.h"

#include "base/memory.h"
#include "scan/open_row.h"
#include "unit/unit.h"

#include <string.h>

enum { MOST = 64 };

static const struct scanner_ops *const scanners[] = {&scanner_walker, &scanner_libcsv};
enum { SCANNERS = sizeof scanners / sizeof *scanners };

static void open_with(struct fixture *at, int scanner, int dialect, uint64_t max_field)
{
    fixture_open(at, &(struct scanner_case){scanners[scanner], &scanner_dialects[dialect]},
                 max_field);
}

/* Bytes of which far more than 30 % mean something. */
static size_t make_bytes(const struct scan_dialect *dialect, char *bytes, uint64_t *seed)
{
    const char quote = dialect->quote == SCAN_NO_BYTE ? '"' : (char)dialect->quote;
    const char delimiter = (char)dialect->delimiter;
    const char likely[] = {quote, quote, quote, delimiter, delimiter, '\n', '\n',
                           '\r',  '#',   'x',   'y',       '\0',      ' ',  '\xc3'};
    const size_t escapes = dialect->escape == SCAN_NO_BYTE ? 0 : 2;
    const size_t length = unit_random(seed) % MOST;
    for (size_t i = 0; i < length; i++) {
        const size_t draw = unit_random(seed) % (sizeof likely + escapes);
        bytes[i] = draw < sizeof likely ? likely[draw] : (char)dialect->escape;
    }
    return length;
}

START_TEST(random_bytes_in_random_pieces)
{
    uint64_t seed = unit_seed("random_bytes_in_random_pieces", 12);
    struct fixture at;
    const struct scanner_case one = scanner_case(_i);
    fixture_open(&at, &one, UINT32_MAX);
    size_t rows = 0, bad = 0, unclosed = 0;
    for (int round = 0; round < 6000; round++) {
        char bytes[MOST];
        fixture_ask_oracle(&at, bytes, make_bytes(one.dialect, bytes, &seed));
        const size_t piece = round % 3 == 0 ? 1 : round % 3 == 1 ? 4 : MOST;
        const enum scanner_extent extent = round % 4 == 0 ? SCANNER_ONE_ROW : SCANNER_EVERY_ROW;
        fixture_check_end(&at, fixture_feed_all(&at, &seed, piece, extent));
        rows += at.table.count;
        unclosed += at.table.unclosed_line != 0;
        for (size_t i = 0; i < at.table.count; i++)
            bad += at.table.rows[i].bad_line != 0;
    }
    printf("%zu rows, %zu bad, %zu unclosed quotes\n", rows, bad, unclosed);
    ck_assert_uint_gt(rows, 6000);
    if (one.dialect->quote != SCAN_NO_BYTE)
        ck_assert(bad > 1000 && unclosed > 1000);
    fixture_close(&at);
}
END_TEST

/* ---- single cases ------------------------------------------------------------------------ */

static const struct {
    const char *bytes;
    size_t length;
} cases[] = {
#define CASE(bytes)                                                                                \
    {                                                                                              \
        bytes, sizeof(bytes) - 1                                                                   \
    }
    CASE(""),
    CASE("\n\n\r\n\n"),
    CASE("a,b\n\n\r\n\nc,d"),
    CASE("a,b\r\nc,d\r\n"),
    CASE("a,b\r"),
    CASE("a\rb,c\rd\n"),
    CASE("\r\r\n\r,\r\n"),
    CASE("\"a\"\r\n\"b\"\r"),
    CASE("\"a\r\nb\",c\r\n"),
    CASE("\"\"\n\"\"\"\"\n\"a\"\"b\"\"\"\n"),
    CASE("a\"b\"c,\"d\n"),
    CASE("a\"b,\"c\"\"d\",e\"\n"),
    CASE(" \"a\" ,b\n"),
    CASE("\"a\" ,b\nc\n"),
    CASE("\"a\"b\"c\",d\ne,f\n"),
    CASE("\"a\"\rb,\"c\nd\n"),
    CASE("\"a\"\r,\"c\nd\n"),
    CASE("#x,\"\n#\r\na,#b\n\"#\"\n#"),
    CASE("#only"),
    CASE(",,,\n,\n"),
    CASE("a,b,c,d,e\n"),
    CASE("\"unclosed\na,b\n"),
    CASE("a,\""),
    CASE("a,\"x\"\r"),
    CASE("\0,\0\n\"\0\"\n"),
    CASE("\"a\\\"b\",c\n"),
    CASE("\"\\\\\",\\\n\"\\\r\n\"\r\n"),
    CASE("\"\\"),
};

START_TEST(cases_at_every_piece_size)
{
    uint64_t seed = 1;
    for (int number = 0; number < SCANNER_CASES; number++) {
        const struct scanner_case one = scanner_case(number);
        struct fixture at;
        fixture_open(&at, &one, UINT32_MAX);
        for (size_t piece = 1; piece <= cases[_i].length + 1; piece++)
            for (int extent = SCANNER_EVERY_ROW; extent <= SCANNER_ONE_ROW; extent++) {
                fixture_ask_oracle(&at, cases[_i].bytes, cases[_i].length);
                fixture_check_end(&at,
                                  fixture_feed_all(&at, &seed, piece, (enum scanner_extent)extent));
            }
        fixture_close(&at);
    }
}
END_TEST

/* ---- the longest field -------------------------------------------------------------------- */

enum { MAX_FIELD = 7 };

/* What a field of `length` bytes becomes, in many surroundings: the event, fed byte by byte. */
static enum scanner_event feed_field(struct fixture *at, const char *before, const char *after,
                                     size_t length, size_t piece)
{
    char bytes[64];
    const int used =
        snprintf(bytes, sizeof bytes, "%s%.*s%s", before, (int)length, "xxxxxxxxxxxx", after);
    at->scanner->ops->begin(at->scanner, 1, SCAN_NO_BYTE);
    size_t position = 0;
    for (size_t stop = 0; stop < (size_t)used;) {
        stop = stop + piece > (size_t)used ? (size_t)used : stop + piece;
        const enum scanner_event event = at->scanner->ops->feed(at->scanner, bytes, &position, stop,
                                                                SCANNER_EVERY_ROW, &at->error);
        if (event != SCANNER_FED && !(event == SCANNER_PENDING && stop < (size_t)used))
            return event;
    }
    return at->scanner->ops->end(at->scanner, bytes, (size_t)used, &at->error);
}

START_TEST(the_longest_field)
{
    static const struct {
        const char *before, *after;
        size_t more;     /* content bytes besides the filling */
        bool only_at_lf; /* without cr_ends */
    } around[] = {
        {"", "", 0, false},         {"", "\n", 0, false},     {"", ",b\n", 0, false},
        {"a,", "\r\n", 0, false},   {"a,", "\r", 1, true},    {"", "\r,a\n", 1, true},
        {"", "\r\r\n", 1, true},    {"\"", "\"", 0, false},   {"\"", "\"\n", 0, false},
        {"\"", "\"\r\n", 0, false}, {"\"", "\",b", 0, false}, {"\"", "\"\"\"", 1, false},
        {"\"", "\n\"", 1, false},   {"a\"", "", 2, false},    {"\n\n\"\"\"", "\"\n", 1, false},
    };
    for (int cr_ends = 0; cr_ends < 2; cr_ends++) {
        struct fixture at;
        open_with(&at, _i, cr_ends == 0 ? 0 : 5, MAX_FIELD);
        for (size_t i = 0; i < sizeof around / sizeof *around; i++)
            for (size_t length = 1; length <= MAX_FIELD + 3; length++)
                for (size_t piece = 1; piece < 20; piece++) {
                    const size_t content =
                        length + (around[i].only_at_lf && cr_ends != 0 ? 0 : around[i].more);
                    const enum scanner_event event =
                        feed_field(&at, around[i].before, around[i].after, length, piece);
                    if ((event == SCANNER_TOO_LONG) != (content > MAX_FIELD) ||
                        (event != SCANNER_TOO_LONG && event != SCANNER_FED))
                        ck_abort_msg("case %zu, cr_ends %d: %zu bytes by %zu give %d", i, cr_ends,
                                     content, piece, (int)event);
                }
        fixture_close(&at);
    }
}
END_TEST

/* A field that is too long comes first, whatever is wrong behind it. */
START_TEST(too_long_goes_before_unclosed_and_bad)
{
    struct fixture at;
    open_with(&at, _i, 0, MAX_FIELD);
    for (size_t piece = 1; piece < 20; piece++) {
        ck_assert_int_eq(feed_field(&at, "\"", "", MAX_FIELD, piece), SCANNER_UNCLOSED);
        ck_assert_int_eq(feed_field(&at, "\"", "", MAX_FIELD + 1, piece), SCANNER_TOO_LONG);
        ck_assert_int_eq(feed_field(&at, "\"", "\"x", MAX_FIELD, piece), SCANNER_BAD);
        ck_assert_int_eq(feed_field(&at, "\"", "\"x", MAX_FIELD + 1, piece), SCANNER_TOO_LONG);
        ck_assert_int_eq(feed_field(&at, "\"", "\"\r", MAX_FIELD + 1, piece), SCANNER_TOO_LONG);
    }
    struct scanner_place place;
    feed_field(&at, "a\n\"b\n\",", "\n", MAX_FIELD + 1, 3);
    at.scanner->ops->place(at.scanner, &place);
    ck_assert_uint_eq(place.row_start, 2);
    ck_assert_uint_eq(place.row_line, 2);
    ck_assert_uint_eq(place.field, 1);
    ck_assert_uint_eq(place.field_start, 7);
    ck_assert_uint_eq(place.field_line, 3);
    fixture_close(&at);
}
END_TEST

/* ---- large things ------------------------------------------------------------------------ */

START_TEST(thousands_of_columns)
{
    enum { MANY = 5000, LONG_ROW = 4 * MANY };
    static char bytes[LONG_ROW + 1];
    uint32_t *slot_of_field = memory_alloc(MANY * sizeof *slot_of_field);
    ck_assert_ptr_nonnull(slot_of_field);
    for (uint32_t i = 0; i < MANY; i++) {
        slot_of_field[i] = i % 2 == 0 ? i / 2 : SCANNER_UNWANTED;
        memcpy(bytes + 4 * (size_t)i, i % 3 == 0 ? "\"x\"," : "yyy,", 4);
        bytes[4 * i + 1] = (char)('a' + i % 26);
    }
    bytes[LONG_ROW - 1] = '\n';
    struct fixture at = {.raw = bytes};
    scan_automaton_build(&at.automaton, &scanner_dialects[0]);
    const struct scanner_setup setup = {.automaton = &at.automaton,
                                        .max_field = 100,
                                        .slot_of_field = slot_of_field,
                                        .field_count = MANY,
                                        .slots = MANY / 2};
    ck_assert_int_eq(scanners[_i]->open(&setup, &at.scanner, NULL), SHEAF_OK);
    at.scanner->ops->begin(at.scanner, 1, SCAN_NO_BYTE);
    size_t position = 0;
    for (size_t stop = 777; position < LONG_ROW; stop += 777)
        ck_assert_int_eq(at.scanner->ops->feed(at.scanner, bytes, &position,
                                               stop < LONG_ROW ? stop : LONG_ROW, SCANNER_EVERY_ROW,
                                               NULL),
                         SCANNER_FED);
    const struct scan_rows *rows = at.scanner->ops->rows(at.scanner);
    ck_assert_uint_eq(rows->count, 1);
    ck_assert_uint_eq(rows->field_counts[0], MANY);
    for (uint32_t i = 0; i < MANY; i += 2) {
        const struct scan_field *field = &rows->fields[(i / 2) * rows->capacity];
        const bool quoted = i % 3 == 0;
        if (field->kind != (quoted ? SCAN_FIELD_QUOTED : SCAN_FIELD_UNQUOTED) ||
            field->length != (quoted ? 1 : 3) ||
            bytes[field->at + (quoted ? 0 : 1)] != (char)('a' + i % 26))
            ck_abort_msg("field %u", i);
    }
    scanners[_i]->close(at.scanner);
    memory_free(slot_of_field);
}
END_TEST

/* Without a quote character: fields of every byte value, longer than a piece of 128, so that every
 * value that libcsv could take for its quote occurs. */
START_TEST(no_quote_means_none)
{
    static char bytes[1 << 14];
    uint64_t seed = unit_seed("no_quote_means_none", 13);
    struct fixture at;
    open_with(&at, _i, 3, UINT32_MAX);
    for (int round = 0; round < 60; round++) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            const uint64_t draw = unit_random(&seed);
            bytes[i] = (char)(round % 3 == 0   ? draw
                              : round % 3 == 1 ? draw % 130 /* every low value in each piece */
                                               : (draw % 9 == 0 ? ',' : '"'));
        }
        fixture_ask_oracle(&at, bytes, sizeof bytes);
        fixture_check_end(
            &at, fixture_feed_all(&at, &seed, round % 2 == 0 ? 100 : 5000, SCANNER_EVERY_ROW));
    }
    fixture_close(&at);
}
END_TEST

/* Fields and copies longer than libcsv's buffer, and rows past each growth. */
START_TEST(long_fields_and_many_rows)
{
    enum { SIZE = 60000 };
    char *bytes = memory_alloc(SIZE);
    ck_assert_ptr_nonnull(bytes);
    uint64_t seed = unit_seed("long_fields_and_many_rows", 14);
    struct fixture at;
    open_with(&at, _i, 0, UINT32_MAX);
    for (int round = 0; round < 6; round++) {
        const bool long_fields = round % 2 == 0;
        for (size_t i = 0; i < SIZE; i++) {
            const uint64_t draw = unit_random(&seed) % (long_fields ? 20000 : 8);
            bytes[i] = draw == 0 ? '\n' : draw == 1 ? ',' : draw < 5 && long_fields ? '"' : 'x';
        }
        fixture_ask_oracle(&at, bytes, SIZE);
        fixture_check_end(&at, fixture_feed_all(&at, &seed, 20000, SCANNER_EVERY_ROW));
    }
    fixture_close(&at);
    memory_free(bytes);
}
END_TEST

/* ---- stretches --------------------------------------------------------------------------- */

/* A stretch begins on its line, and the LF of a CRLF that it cuts is no line. */
START_TEST(a_stretch_knows_the_byte_before)
{
    static const struct {
        int dialect, before;
        uint64_t first_line;
    } starts[] = {{0, SCAN_NO_BYTE, 11}, {0, '\r', 11}, {5, SCAN_NO_BYTE, 11}, {5, '\r', 10}};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        struct fixture at;
        open_with(&at, _i, starts[i].dialect, 100);
        at.scanner->ops->begin(at.scanner, 10, starts[i].before);
        size_t position = 0;
        ck_assert_int_eq(
            at.scanner->ops->feed(at.scanner, "\na\n", &position, 3, SCANNER_EVERY_ROW, NULL),
            SCANNER_FED);
        ck_assert_uint_eq(at.scanner->ops->rows(at.scanner)->count, 1);
        ck_assert_uint_eq(at.scanner->ops->rows(at.scanner)->lines[0], starts[i].first_line);
        fixture_close(&at);
    }
}
END_TEST

/* The raw bytes may move between calls: what was open is not read from the old place. */
START_TEST(raw_bytes_may_move)
{
    static const char bytes[] = "a,\"b\"\"c\nd\",e\r\n\"f\",g\n";
    struct fixture at;
    open_with(&at, _i, 0, 100);
    fixture_ask_oracle(&at, bytes, sizeof bytes - 1);
    at.scanner->ops->begin(at.scanner, 1, SCAN_NO_BYTE);
    size_t position = 0;
    for (size_t stop = 1; stop < sizeof bytes; stop++) {
        char *moved = memory_alloc(sizeof bytes);
        ck_assert_ptr_nonnull(moved);
        memcpy(moved, bytes, stop);
        const enum scanner_event event =
            at.scanner->ops->feed(at.scanner, moved, &position, stop, SCANNER_EVERY_ROW, NULL);
        ck_assert(event == SCANNER_FED || event == SCANNER_PENDING);
        memset(moved, '?', stop);
        memory_free(moved);
        fixture_compare_rows(&at);
    }
    ck_assert_uint_eq(at.rows, 2);
    fixture_close(&at);
}
END_TEST

START_TEST(an_open_row_is_not_forgotten)
{
    struct fixture at;
    static const char bytes[] = "a,b,c\n\"d\",e,f\ng,h";
    open_with(&at, _i, 0, 100);
    fixture_ask_oracle(&at, bytes, sizeof bytes - 1);
    at.scanner->ops->begin(at.scanner, 1, SCAN_NO_BYTE);
    ck_assert(at.scanner->ops->at_row_start(at.scanner));
    size_t position = 0;
    at.scanner->ops->feed(at.scanner, bytes, &position, 12, SCANNER_EVERY_ROW, NULL);
    ck_assert(!at.scanner->ops->at_row_start(at.scanner));
    fixture_compare_rows(&at);
    ck_assert_uint_eq(at.rows, 1);
    at.scanner->ops->feed(at.scanner, bytes, &position, at.length, SCANNER_EVERY_ROW, NULL);
    ck_assert_int_eq(at.scanner->ops->end(at.scanner, bytes, at.length, NULL), SCANNER_FED);
    ck_assert(at.scanner->ops->at_row_start(at.scanner));
    fixture_compare_rows(&at);
    ck_assert_uint_eq(at.rows, 3);
    fixture_close(&at);
}
END_TEST

/* ---- memory ------------------------------------------------------------------------------ */

/* All of what allocates: rows that grow, copies, fields past libcsv's buffer, quotes in text where
 * that buffer is full, cr_ends. */
static size_t make_hungry(char *bytes)
{
    char *at = bytes;
    for (int i = 0; i < 20; i++)
        at += sprintf(at, "a,b,\"c\"\"%d\"\n", i);
    for (size_t length = 4094; length <= 4098; length++) {
        memset(at, 'x', length);
        at += length;
        at += sprintf(at, "\"y,b,c\n");
    }
    at += sprintf(at, "\"");
    memset(at, 'z', 9000);
    at += 9000;
    at += sprintf(at, "\",b,\"\"\"\"\n");
    return (size_t)(at - bytes);
}

/* One pass with the n-th allocation failing: false when it was not reached. */
static bool feed_failing(struct fixture *at, const struct scanner_ops *ops, uint64_t n)
{
    const struct scanner_setup setup = {.automaton = &at->automaton,
                                        .max_field = UINT32_MAX,
                                        .slot_of_field = scanner_slots,
                                        .field_count = SCANNER_COLUMNS,
                                        .slots = 2};
    uint64_t seed = n;
    enum scanner_event event = SCANNER_FAILED;
    const uint64_t made = memory_allocations();
    at->rows = 0;
    at->error = (struct sheaf_error){.status = SHEAF_OK};
    memory_fail_at(n);
    const enum sheaf_status opened = ops->open(&setup, &at->scanner, &at->error);
    if (opened == SHEAF_OK)
        event = fixture_feed_all(at, &seed, 3000, SCANNER_EVERY_ROW);
    memory_fail_at(0);
    ck_assert_int_eq(opened == SHEAF_OK, at->scanner != NULL);
    if (event == SCANNER_FAILED) {
        ck_assert_int_eq(at->error.status, SHEAF_SYSTEM);
        ck_assert_ptr_nonnull(strstr(at->error.text, "out of memory"));
    } else {
        fixture_check_end(at, event); /* libcsv asks again, for less: then nothing is lost */
    }
    ops->close(at->scanner);
    at->scanner = NULL;
    return memory_allocations() - made >= n;
}

START_TEST(memory_failures_are_clean)
{
    static char bytes[64 << 10];
    const int64_t live = memory_live();
    struct fixture at = {.raw = NULL};
    const struct scanner_case one = scanner_case(_i);
    scan_automaton_build(&at.automaton, one.dialect);
    fixture_ask_oracle(&at, bytes, make_hungry(bytes));
    uint64_t n = 1;
    while (feed_failing(&at, one.ops, n)) {
        ck_assert_int_eq(memory_live(), live);
        n++;
    }
    printf("%llu allocations failed in turn\n", (unsigned long long)n - 1);
    ck_assert_uint_gt(n, 10);
    ck_assert_int_eq(memory_live(), live);
    fixture_close(&at);
}
END_TEST

/* The copies of fields with doubled quotes are charged, until the next stretch. */
START_TEST(the_budget_is_kept)
{
    enum { ROWS = 1000, ROW = 104 };
    static char bytes[ROWS * ROW];
    memset(bytes, 'x', sizeof bytes);
    for (size_t row = 0; row < ROWS; row++) {
        memcpy(bytes + row * ROW, "\"\"\"", 3);
        memcpy(bytes + row * ROW + ROW - 2, "\"\n", 2);
    }
    struct memory_budget budget = {.limit = 20000};
    struct scan_automaton automaton;
    scan_automaton_build(&automaton, &scanner_dialects[0]);
    const struct scanner_setup setup = {.automaton = &automaton,
                                        .max_field = UINT32_MAX,
                                        .slot_of_field = scanner_slots,
                                        .field_count = SCANNER_COLUMNS,
                                        .slots = 2,
                                        .budget = &budget};
    struct scanner *scanner;
    struct sheaf_error error = {.status = SHEAF_OK};
    ck_assert_int_eq(scanners[_i]->open(&setup, &scanner, NULL), SHEAF_OK);
    for (int stretch = 0; stretch < 20; stretch++) {
        size_t position = 0;
        scanner->ops->begin(scanner, 1, SCAN_NO_BYTE);
        ck_assert_int_eq(scanner->ops->feed(scanner, bytes, &position, (size_t)30 * ROW,
                                            SCANNER_EVERY_ROW, &error),
                         SCANNER_FED);
        ck_assert_uint_gt(budget.used, (size_t)30 * 100);
    }
    size_t position = 0;
    scanner->ops->begin(scanner, 1, SCAN_NO_BYTE);
    ck_assert_int_eq(
        scanner->ops->feed(scanner, bytes, &position, sizeof bytes, SCANNER_EVERY_ROW, &error),
        SCANNER_FAILED);
    ck_assert_int_eq(error.status, SHEAF_LIMIT);
    scanners[_i]->close(scanner);
    ck_assert_uint_eq(budget.used, 0);
}
END_TEST

/* The bytes behind a copy can be read, whatever they are. A long copy has a block of memory to
 * itself, so that the address sanitizer sees where that ends. */
START_TEST(bytes_behind_a_copy_can_be_read)
{
    enum { LONG = 10001 };
    static char bytes[2 * LONG + 3];
    memset(bytes, '"', sizeof bytes);
    bytes[sizeof bytes - 1] = '\n';
    struct fixture at;
    open_with(&at, _i, 0, UINT32_MAX);
    at.scanner->ops->begin(at.scanner, 1, SCAN_NO_BYTE);
    size_t position = 0;
    ck_assert_int_eq(
        at.scanner->ops->feed(at.scanner, bytes, &position, sizeof bytes, SCANNER_EVERY_ROW, NULL),
        SCANNER_FED);
    const struct scan_rows *rows = at.scanner->ops->rows(at.scanner);
    ck_assert_uint_eq(rows->count, 1);
    const struct scan_field *field = &rows->fields[(size_t)scanner_slots[0] * rows->capacity];
    ck_assert_uint_eq(field->length, LONG);
    ck_assert_ptr_nonnull(field->copy);
    const volatile char *behind = field->copy + field->length;
    int sum = 0;
    for (size_t i = 0; i < SCAN_COPY_PADDING; i++)
        sum += behind[i] != 0;
    ck_assert_int_le(sum, SCAN_COPY_PADDING);
    fixture_close(&at);
}
END_TEST

static Suite *scanner_suite(void)
{
    Suite *suite = suite_create("scanner");
    TCase *tests = tcase_create("scanner");
    tcase_set_timeout(tests, 30);
    tcase_add_loop_test(tests, random_bytes_in_random_pieces, 0, SCANNER_CASES);
    tcase_add_loop_test(tests, cases_at_every_piece_size, 0, sizeof cases / sizeof *cases);
    tcase_add_loop_test(tests, the_longest_field, 0, SCANNERS);
    tcase_add_loop_test(tests, too_long_goes_before_unclosed_and_bad, 0, SCANNERS);
    tcase_add_loop_test(tests, thousands_of_columns, 0, SCANNERS);
    tcase_add_loop_test(tests, no_quote_means_none, 0, SCANNERS);
    tcase_add_loop_test(tests, long_fields_and_many_rows, 0, SCANNERS);
    tcase_add_loop_test(tests, a_stretch_knows_the_byte_before, 0, SCANNERS);
    tcase_add_loop_test(tests, raw_bytes_may_move, 0, SCANNERS);
    tcase_add_loop_test(tests, bytes_behind_a_copy_can_be_read, 0, SCANNERS);
    tcase_add_loop_test(tests, an_open_row_is_not_forgotten, 0, SCANNERS);
    tcase_add_loop_test(tests, memory_failures_are_clean, 0, SCANNER_CASES);
    tcase_add_loop_test(tests, the_budget_is_kept, 0, SCANNERS);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(scanner_suite)

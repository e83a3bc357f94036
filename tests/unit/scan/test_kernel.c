/* scan/kernel.h: the plain kernel against a slow walk with the automaton and against the tests'
 * own reader of CSV; every other kernel against the plain one. */
#include "scan/kernel.h"

#include "oracle/automaton.h"
#include "unit/scan/kernel_fixture.h"
#include "unit/unit.h"

#include <string.h>

enum { FILES = 3000 };

/* How often a test met what it is to meet. */
enum met {
    QUOTE_FREE,
    QUOTED,
    STOPPED,
    CRLF,
    COMMENT,
    TRIMMED,
    REGULAR,
    IRREGULAR,
    DOUBLED,
    NULLS,
    MET
};

static const char *const met_names[MET] = {"quote-free", "quoted",     "stopped", "CR LF",
                                           "comment",    "trimmed",    "regular", "irregular",
                                           "doubled",    "null fields"};

struct tally {
    unsigned times[MET];
};

static void expect_met(const char *test, const struct tally *tally, const enum met *wanted,
                       size_t count)
{
    for (size_t i = 0; i < count; i++) {
        printf("%s: %s: %u\n", test, met_names[wanted[i]], tally->times[wanted[i]]);
        if (tally->times[wanted[i]] < 200)
            ck_abort_msg("%s met too few: %s", test, met_names[wanted[i]]);
    }
}

/* ---- the index ----------------------------------------------------------------------------- */

static struct scan_index new_index(size_t length)
{
    const size_t room = 1 + SCAN_INDEX_ROOM(length);
    return (struct scan_index){.marks = fixture_memory(room * sizeof(uint32_t))};
}

static void expect_equal(const struct scan_index *index, const struct scan_index *expected,
                         const char *who, unsigned file)
{
    if (index->count != expected->count || index->rows != expected->rows ||
        index->consumed != expected->consumed || index->stopped != expected->stopped ||
        index->has_quotes != expected->has_quotes || index->has_crs != expected->has_crs)
        ck_abort_msg("%s, file %u: %u separators, %u rows, %u bytes, flags %d%d%d; expected %u, "
                     "%u, %u, %d%d%d",
                     who, file, index->count, index->rows, index->consumed, index->stopped,
                     index->has_quotes, index->has_crs, expected->count, expected->rows,
                     expected->consumed, expected->stopped, expected->has_quotes,
                     expected->has_crs);
    for (uint32_t i = 0; i <= index->count; i++)
        if (index->marks[i] != expected->marks[i])
            ck_abort_msg("%s, file %u: mark %u is %u, not %u", who, file, i, index->marks[i],
                         expected->marks[i]);
}

static void tally_index(struct tally *tally, const struct scan_dialect *dialect,
                        const struct scan_index *index, const char *bytes)
{
    tally->times[QUOTE_FREE] += index->rows > 1 && !index->has_quotes;
    tally->times[QUOTED] += index->has_quotes;
    tally->times[STOPPED] += index->stopped;
    tally->times[CRLF] += index->has_crs;
    tally->times[COMMENT] +=
        index->stopped && (unsigned char)bytes[index->consumed] == dialect->comment;
}

static void check_index(const struct scan_dialect *dialect, const struct fixture_copy *file,
                        uint32_t rows_most, unsigned number)
{
    struct scan_index expected = new_index(file->length);
    fixture_walk(dialect, file->bytes, file->length, rows_most, &expected);
    for (enum isa isa = ISA_SCALAR; isa < ISA_COUNT; isa++) {
        if (!isa_is_available(isa))
            continue;
        struct scan_index index = new_index(file->length);
        scan_kernel_of(isa)->index(dialect, file->bytes, file->length, rows_most, &index);
        expect_equal(&index, &expected, isa_name(isa), number);
        free(index.marks);
    }
    free(expected.marks);
}

START_TEST(every_index_is_that_of_the_walk)
{
    static char bytes[FIXTURE_MOST];
    uint64_t seed = unit_seed("every_index_is_that_of_the_walk", 31);
    struct tally tally = {0};
    for (unsigned number = 0; number < FILES; number++) {
        const struct scan_dialect *dialect = &fixture_dialects[number % FIXTURE_INDEXED];
        const size_t length = fixture_file(dialect, &seed, bytes);
        struct fixture_copy file = fixture_copy(dialect, bytes, length, number % 64);
        check_index(dialect, &file, UINT32_MAX, number);
        struct scan_index whole = new_index(length);
        fixture_walk(dialect, file.bytes, length, UINT32_MAX, &whole);
        tally_index(&tally, dialect, &whole, file.bytes);
        if (whole.rows > 0) {
            check_index(dialect, &file, whole.rows, number);
            check_index(dialect, &file, (uint32_t)(unit_random(&seed) % whole.rows), number);
            tally.times[TRIMMED]++;
        }
        free(whole.marks);
        free(file.memory);
    }
    expect_met("every_index_is_that_of_the_walk", &tally,
               (const enum met[]){QUOTE_FREE, QUOTED, STOPPED, CRLF, COMMENT, TRIMMED}, 6);
}
END_TEST

/* Every string of a few of the bytes that mean something, at every place near a block's end. */
START_TEST(every_short_string_across_blocks)
{
    static const char alphabet[] = "\",\n\r#x";
    enum { KINDS = sizeof alphabet - 1, MOST = 5, STRINGS = 7776 };
    const struct scan_dialect *dialect = &fixture_dialects[2];
    for (unsigned number = 0; number < STRINGS; number++) {
        char bytes[96];
        memset(bytes, 'x', sizeof bytes);
        const size_t place = 58 + number % 7;
        bytes[place - 1] = number % 2 == 0 ? ',' : '\n';
        unsigned rest = number;
        for (size_t i = 0; i < MOST; i++, rest /= KINDS)
            bytes[place + i] = alphabet[rest % KINDS];
        bytes[place + MOST] = number % 3 == 0 ? '"' : '\n';
        bytes[sizeof bytes - 1] = '\n';
        struct fixture_copy file = fixture_copy(dialect, bytes, sizeof bytes, number % 64);
        check_index(dialect, &file, UINT32_MAX, number);
        free(file.memory);
        file = fixture_copy(dialect, bytes, place + MOST, number % 64);
        check_index(dialect, &file, UINT32_MAX, number);
        free(file.memory);
    }
}
END_TEST

/* ---- columns ------------------------------------------------------------------------------- */

/* What a kernel gives of a column, in memory of just the room that it may use. */
struct column {
    struct text *texts;
    uint8_t *quoted;
    uint32_t *doubled;
    uint32_t doubles;
};

static struct column column_of(const struct scan_kernel *kernel, const struct scan_index *index,
                               const char *bytes, const struct scan_shape *shape, uint32_t rows)
{
    struct column column = {
        .texts = fixture_memory((rows + 16) * sizeof *column.texts),
        .quoted = fixture_memory(rows + 16),
        .doubled = fixture_memory((rows + 16) * sizeof *column.doubled),
    };
    column.doubles =
        kernel->texts(index, bytes, shape, rows, column.texts, column.quoted, column.doubled);
    return column;
}

static void free_column(struct column *column)
{
    free(column->texts);
    free(column->quoted);
    free(column->doubled);
}

static void check_without_quoted(const struct scan_kernel *kernel, const struct scan_index *index,
                                 const char *bytes, const struct scan_shape *shape,
                                 const struct column *expected)
{
    const uint32_t rows = fixture_regular_rows(index, bytes, shape->columns);
    struct column again = column_of(kernel, index, bytes, shape, rows);
    ck_assert_uint_eq(kernel->texts(index, bytes, shape, rows, again.texts, NULL, again.doubled),
                      expected->doubles);
    for (uint32_t row = 0; row < rows; row++)
        if (again.texts[row].bytes != expected->texts[row].bytes ||
            again.texts[row].length != expected->texts[row].length)
            ck_abort_msg("%s, column %u, row %u", isa_name(kernel->isa), shape->column, row);
    free_column(&again);
}

static void check_column(const struct scan_kernel *kernel, const struct scan_index *index,
                         const char *bytes, const struct scan_shape *shape,
                         const struct column *expected)
{
    const uint32_t rows = fixture_regular_rows(index, bytes, shape->columns);
    struct column column = column_of(kernel, index, bytes, shape, rows);
    for (uint32_t row = 0; row < rows; row++)
        if (column.texts[row].bytes != expected->texts[row].bytes ||
            column.texts[row].length != expected->texts[row].length ||
            column.quoted[row] != expected->quoted[row])
            ck_abort_msg("%s, column %u of %u, row %u of %u: %zu bytes, not %zu",
                         isa_name(kernel->isa), shape->column, shape->columns, row, rows,
                         column.texts[row].length, expected->texts[row].length);
    ck_assert_uint_eq(column.doubles, expected->doubles);
    for (uint32_t i = 0; i < column.doubles; i++)
        ck_assert_uint_eq(column.doubled[i], expected->doubled[i]);
    free_column(&column);
    check_without_quoted(kernel, index, bytes, shape, expected);
}

static void check_row_bytes(const struct scan_kernel *kernel, const struct scan_index *index,
                            uint32_t columns, uint32_t rows)
{
    const uint64_t base = UINT64_C(0x123456789abc);
    uint64_t *row_bytes = fixture_memory((rows + 16) * sizeof *row_bytes);
    kernel->row_bytes(index, columns, rows, base, row_bytes);
    for (uint32_t row = 0; row < rows; row++)
        ck_assert_uint_eq(row_bytes[row], base + index->marks[(size_t)row * columns] / 2);
    free(row_bytes);
}

/* The field as the tests' own reader has it: doubled quotes undone. */
static bool is_field(const struct oracle_field *field, struct text text, bool quoted, int quote)
{
    size_t length = 0;
    for (size_t i = 0; i < text.length; i++, length++) {
        if (length == field->length || field->bytes[length] != text.bytes[i])
            return false;
        i += quoted && (unsigned char)text.bytes[i] == quote;
    }
    return length == field->length && field->quoted == quoted &&
           (text.bytes == NULL) == (length == 0 && !quoted);
}

static void check_against_reader(const struct oracle_table *table, const struct column *column,
                                 const struct scan_shape *shape, uint32_t rows)
{
    ck_assert_uint_ge(table->count, rows);
    uint32_t doubles = 0;
    for (uint32_t row = 0; row < rows; row++) {
        const struct text text = column->texts[row];
        const bool quoted = column->quoted[row] != 0;
        ck_assert_uint_eq(table->rows[row].count, shape->columns);
        if (!is_field(&table->rows[row].fields[shape->column], text, quoted, shape->quote))
            ck_abort_msg("column %u of row %u is not what the reader has", shape->column, row);
        if (quoted && memchr(text.bytes, shape->quote, text.length) != NULL)
            ck_assert_uint_eq(column->doubled[doubles++], row);
    }
    ck_assert_uint_eq(column->doubles, doubles);
}

static void check_columns(const struct scan_index *index, const char *bytes,
                          const struct scan_dialect *dialect, uint32_t columns, struct tally *tally)
{
    const uint32_t rows = fixture_regular_rows(index, bytes, columns);
    tally->times[rows == index->rows ? REGULAR : IRREGULAR] += rows > 0;
    const struct oracle_dialect plain = {.delimiter = dialect->delimiter,
                                         .quote = dialect->quote,
                                         .comment = dialect->comment,
                                         .escape = ORACLE_NO_BYTE};
    struct oracle_table table;
    oracle_read(&plain, (const unsigned char *)bytes, index->consumed, &table);
    for (uint32_t i = 0; i < columns && rows > 0; i++) {
        const struct scan_shape shape = {columns, i, dialect->quote};
        struct column column = column_of(scan_kernel_of(ISA_SCALAR), index, bytes, &shape, rows);
        check_against_reader(&table, &column, &shape, rows);
        tally->times[DOUBLED] += column.doubles > 0;
        for (uint32_t row = 0; row < rows; row++)
            tally->times[NULLS] += column.texts[row].bytes == NULL;
        for (enum isa isa = ISA_SCALAR; isa < ISA_COUNT; isa++)
            if (isa_is_available(isa))
                check_column(scan_kernel_of(isa), index, bytes, &shape, &column);
        free_column(&column);
    }
    for (enum isa isa = ISA_SCALAR; isa < ISA_COUNT; isa++) {
        if (!isa_is_available(isa))
            continue;
        const uint32_t found = scan_kernel_of(isa)->regular_rows(index, bytes, columns);
        if (found != rows)
            ck_abort_msg("%s: %u regular rows of %u fields, not %u of %u", isa_name(isa), found,
                         columns, rows, index->rows);
        check_row_bytes(scan_kernel_of(isa), index, columns, rows);
    }
    oracle_table_free(&table);
}

/* The texts of a file that begins like a byte order mark would differ: none does. */
START_TEST(every_column_is_that_of_the_reader)
{
    static char bytes[FIXTURE_MOST];
    uint64_t seed = unit_seed("every_column_is_that_of_the_reader", 32);
    struct tally tally = {0};
    for (unsigned number = 0; number < FILES; number++) {
        const struct scan_dialect *dialect = &fixture_dialects[number % FIXTURE_INDEXED];
        const size_t length = fixture_file(dialect, &seed, bytes);
        struct fixture_copy file = fixture_copy(dialect, bytes, length, number % 64);
        struct scan_index index = new_index(length);
        scan_kernel_of(ISA_SCALAR)->index(dialect, file.bytes, length, UINT32_MAX, &index);
        for (uint32_t columns = 1; columns <= 6; columns++)
            check_columns(&index, file.bytes, dialect, columns, &tally);
        free(index.marks);
        free(file.memory);
    }
    expect_met("every_column_is_that_of_the_reader", &tally,
               (const enum met[]){REGULAR, IRREGULAR, DOUBLED, NULLS}, 4);
}
END_TEST

/* ---- the survey ---------------------------------------------------------------------------- */

static void check_survey(const struct scan_automaton *automaton, const struct fixture_copy *file,
                         unsigned number)
{
    const struct scan_survey plain = scan_survey_bytes(automaton, file->bytes, file->length);
    ck_assert_uint_eq(plain.map, scan_map_plain(automaton, file->bytes, file->length));
    for (enum isa isa = ISA_SCALAR; isa < ISA_COUNT; isa++) {
        if (!isa_is_available(isa))
            continue;
        const struct scan_survey survey =
            scan_kernel_of(isa)->survey(automaton, file->bytes, file->length);
        if (survey.map != plain.map || survey.lines.count != plain.lines.count ||
            survey.lines.first_is_lf != plain.lines.first_is_lf ||
            survey.lines.last_is_cr != plain.lines.last_is_cr)
            ck_abort_msg("%s, file %u of %zu bytes: map %o, not %o; %llu line ends, not %llu",
                         isa_name(isa), number, file->length, survey.map, plain.map,
                         (unsigned long long)survey.lines.count,
                         (unsigned long long)plain.lines.count);
    }
}

/* Chunks that end with a line, at any place in a block. */
static void check_beginnings(const struct scan_automaton *automaton,
                             const struct fixture_copy *file, unsigned number)
{
    const char *end = file->bytes + file->length;
    const char *line_feed = file->bytes;
    for (unsigned i = 0; i < 60 && line_feed < end; i++) {
        line_feed = memchr(line_feed, '\n', (size_t)(end - line_feed));
        if (line_feed == NULL)
            break;
        line_feed++;
        struct fixture_copy beginning =
            fixture_copy(&automaton->dialect, file->bytes, (size_t)(line_feed - file->bytes), i);
        check_survey(automaton, &beginning, number);
        free(beginning.memory);
    }
}

START_TEST(every_survey_is_the_plain_one)
{
    static char bytes[FIXTURE_MOST];
    uint64_t seed = unit_seed("every_survey_is_the_plain_one", 33);
    struct tally tally = {0};
    for (unsigned number = 0; number < 2 * FILES; number++) {
        const struct scan_dialect *dialect = &fixture_dialects[number % FIXTURE_DIALECTS];
        struct scan_automaton automaton;
        scan_automaton_build(&automaton, dialect);
        const size_t length = fixture_file(dialect, &seed, bytes);
        /* As chunks begin: anywhere. */
        const size_t start = unit_random(&seed) % 2 == 0 ? 0 : unit_random(&seed) % length;
        struct fixture_copy file =
            fixture_copy(dialect, bytes + start, length - start, number % 64);
        check_survey(&automaton, &file, number);
        if (number % 16 < FIXTURE_DIALECTS - 1 && length < 2000)
            check_beginnings(&automaton, &file, number);
        const bool quotes = dialect->quote != SCAN_NO_BYTE &&
                            memchr(bytes + start, dialect->quote, length - start) != NULL;
        tally.times[quotes ? QUOTED : QUOTE_FREE]++;
        free(file.memory);
    }
    expect_met("every_survey_is_the_plain_one", &tally, (const enum met[]){QUOTE_FREE, QUOTED}, 2);
}
END_TEST

static scan_map survey_map(enum isa isa, const struct scan_automaton *automaton,
                           const struct scan_dialect *dialect, struct text bytes)
{
    struct fixture_copy part = fixture_copy(dialect, bytes.bytes, bytes.length, 0);
    const scan_map map = scan_kernel_of(isa)->survey(automaton, part.bytes, part.length).map;
    free(part.memory);
    return map;
}

START_TEST(surveys_compose_at_every_split)
{
    static char bytes[FIXTURE_MOST];
    uint64_t seed = unit_seed("surveys_compose_at_every_split", 34);
    for (unsigned number = 0; number < 200; number++) {
        const struct scan_dialect *dialect = &fixture_dialects[number % FIXTURE_DIALECTS];
        struct scan_automaton automaton;
        scan_automaton_build(&automaton, dialect);
        const size_t length = fixture_file(dialect, &seed, bytes);
        const enum isa isa = isa_best() - number % (unsigned)(isa_best() + 1);
        const scan_map whole = survey_map(isa, &automaton, dialect, (struct text){bytes, length});
        for (size_t split = 1; split < length && split < 400; split++) {
            const scan_map a = survey_map(isa, &automaton, dialect, (struct text){bytes, split});
            const scan_map b =
                survey_map(isa, &automaton, dialect, (struct text){bytes + split, length - split});
            if (scan_map_compose(a, b) != whole)
                ck_abort_msg("%s, file %u, split at %zu", isa_name(isa), number, split);
        }
    }
}
END_TEST

/* ---- the table ----------------------------------------------------------------------------- */

START_TEST(every_row_is_of_its_instruction_set)
{
    for (enum isa isa = ISA_SCALAR; isa < ISA_COUNT; isa++) {
        printf("%s: %s\n", isa_name(isa), isa_is_available(isa) ? "tested" : "not available");
        if (isa_is_available(isa))
            ck_assert_int_eq(scan_kernel_of(isa)->isa, isa);
    }
}
END_TEST

static Suite *kernel_suite(void)
{
    Suite *suite = suite_create("kernel");
    TCase *tests = tcase_create("kernel");
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, every_row_is_of_its_instruction_set);
    tcase_add_test(tests, every_index_is_that_of_the_walk);
    tcase_add_test(tests, every_short_string_across_blocks);
    tcase_add_test(tests, every_column_is_that_of_the_reader);
    tcase_add_test(tests, every_survey_is_the_plain_one);
    tcase_add_test(tests, surveys_compose_at_every_split);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(kernel_suite)

/* scan/scanner.h: the two scanners side by side, on the same bytes cut in the same places. After
 * every feed all that can be asked of them is the same. */
#include "scanner_fixture.h"

#include "base/memory.h"
#include "scan/line_ends.h"
#include "unit/unit.h"

#include <string.h>

enum { MOST = 48, SHORT = 9, TWINS = 2, FIRST_LINE = 100 };

/* How often something was met; what the test would be worth little without has a floor. */
enum met {
    MET_ROWS,
    MET_FED_OPEN, /* a feed that ended inside a row */
    MET_PENDING,
    MET_BAD,
    MET_TOO_LONG,
    MET_UNCLOSED,
    MET_BAD_AT_END, /* a CR that was pending */
    MET_COMMENTS,
    MET_COPIES,
    MET_CRLFS,
    MET_BLANKS,
    MET_PASSED_OVER,
    MET_KINDS
};
static const char *const met_names[MET_KINDS] = {
    "rows",           "open",     "pending", "bad",   "too long", "unclosed",
    "bad at the end", "comments", "copies",  "CRLFs", "blank",    "passed over"};

struct twins {
    struct scan_automaton automaton;
    struct scanner *scanners[TWINS];
    const char *bytes;
    size_t length;
    char *raw[TWINS]; /* what the scanners see: moved at every feed, and no longer than the feed */
    struct sheaf_error error;
    uint64_t *seed;
    uint64_t met[MET_KINDS];
};

static void complain(const struct twins *twins, const char *what)
{
    char text[4 * MOST + 1] = "";
    for (size_t i = 0, used = 0; i < twins->length; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "\\x%02x",
                                 (unsigned char)twins->bytes[i]);
    ck_abort_msg("%s differs: '%s', delimiter %d, quote %d, comment %d, cr_ends %d", what, text,
                 twins->automaton.dialect.delimiter, twins->automaton.dialect.quote,
                 twins->automaton.dialect.comment, twins->automaton.dialect.cr_ends);
}

/* ---- comparing --------------------------------------------------------------------------- */

static void compare_places(const struct twins *twins)
{
    struct scanner_place places[TWINS];
    for (int i = 0; i < TWINS; i++)
        twins->scanners[i]->ops->place(twins->scanners[i], &places[i]);
    if (places[0].row_start != places[1].row_start || places[0].row_line != places[1].row_line)
        complain(twins, "the place of the row");
    if (places[0].field != places[1].field || places[0].field_start != places[1].field_start ||
        places[0].field_line != places[1].field_line)
        complain(twins, "the place of the field");
}

static void compare_fields(struct twins *twins, const struct scan_field *walker,
                           const struct scan_field *libcsv)
{
    if (walker->kind != libcsv->kind || walker->length != libcsv->length)
        complain(twins, "the kind or the length of a field");
    if (walker->kind == SCAN_FIELD_ABSENT)
        return;
    if (walker->at != libcsv->at || (walker->copy == NULL) != (libcsv->copy == NULL))
        complain(twins, "where a field is");
    if (walker->copy == NULL)
        return;
    twins->met[MET_COPIES]++;
    if (memcmp(walker->copy, libcsv->copy, walker->length) != 0)
        complain(twins, "the bytes of a copy");
}

static void compare_rows(struct twins *twins)
{
    const struct scan_rows *rows[TWINS];
    for (int i = 0; i < TWINS; i++)
        rows[i] = twins->scanners[i]->ops->rows(twins->scanners[i]);
    if (rows[0]->count != rows[1]->count)
        complain(twins, "the number of rows");
    for (uint32_t row = 0; row < rows[0]->count; row++) {
        twins->met[MET_ROWS]++;
        if (rows[0]->starts[row] != rows[1]->starts[row] ||
            rows[0]->lines[row] != rows[1]->lines[row] ||
            rows[0]->field_counts[row] != rows[1]->field_counts[row])
            complain(twins, "a row's start, line or number of fields");
        for (uint32_t slot = 0; slot < rows[0]->slots; slot++)
            compare_fields(twins, &rows[0]->fields[(size_t)slot * rows[0]->capacity + row],
                           &rows[1]->fields[(size_t)slot * rows[1]->capacity + row]);
    }
    /* Mostly they are taken; rows that are not must stay. */
    if (unit_random(twins->seed) % 4 != 0)
        for (int i = 0; i < TWINS; i++)
            twins->scanners[i]->ops->forget_rows(twins->scanners[i]);
}

/* ---- feeding ----------------------------------------------------------------------------- */

static void move_raw(struct twins *twins, size_t stop)
{
    for (int i = 0; i < TWINS; i++) {
        memory_free(twins->raw[i]);
        twins->raw[i] = memory_alloc(stop);
        ck_assert_ptr_nonnull(twins->raw[i]);
        memcpy(twins->raw[i], twins->bytes, stop);
    }
}

static enum scanner_event feed(struct twins *twins, size_t *position, size_t stop)
{
    const enum scanner_extent extent =
        unit_random(twins->seed) % 3 == 0 ? SCANNER_ONE_ROW : SCANNER_EVERY_ROW;
    const size_t start = *position;
    enum scanner_event events[TWINS];
    size_t positions[TWINS];
    move_raw(twins, stop);
    for (int i = 0; i < TWINS; i++) {
        struct scanner *scanner = twins->scanners[i];
        positions[i] = start;
        events[i] =
            scanner->ops->feed(scanner, twins->raw[i], &positions[i], stop, extent, &twins->error);
    }
    if (events[0] != events[1])
        complain(twins, "the event of a feed");
    /* After a field that is too long nothing is fed any more. */
    if (events[0] != SCANNER_TOO_LONG && positions[0] != positions[1])
        complain(twins, "the position");
    if (events[0] != SCANNER_TOO_LONG &&
        twins->scanners[0]->ops->at_row_start(twins->scanners[0]) !=
            twins->scanners[1]->ops->at_row_start(twins->scanners[1]))
        complain(twins, "whether a row starts");
    compare_places(twins);
    compare_rows(twins);
    *position = positions[0];
    return events[0];
}

/* Gives the position of the row start that comes next from a state at a position. */
static size_t next_row(const struct twins *twins, enum scan_state state, size_t position)
{
    return position + scan_to_row(&twins->automaton, &state, twins->bytes + position,
                                  twins->length - position);
}

static size_t skip_bad(struct twins *twins, size_t position)
{
    const size_t stop = next_row(twins, SCAN_QUOTE_IN_QUOTED, position);
    const bool cr_ends = twins->automaton.dialect.cr_ends;
    if (twins->scanners[0]->ops->open_length(twins->scanners[0]) !=
        twins->scanners[1]->ops->open_length(twins->scanners[1]))
        complain(twins, "the length of a bad field");
    struct scanner_place place;
    twins->scanners[0]->ops->place(twins->scanners[0], &place);
    const char *row = twins->bytes + place.row_start;
    const uint64_t lines = line_ends_count(row, stop - place.row_start, cr_ends).count;
    for (int i = 0; i < TWINS; i++)
        twins->scanners[i]->ops->skip_row(twins->scanners[i], stop, lines);
    compare_places(twins);
    return stop;
}

/* Where a row starts, somebody else reads one now and then. */
static size_t pass_over(struct twins *twins, size_t position)
{
    if (unit_random(twins->seed) % 4 != 0 || position >= twins->length)
        return position;
    struct scanner *walker = twins->scanners[0];
    const unsigned char first = (unsigned char)twins->bytes[position];
    if (!walker->ops->at_row_start(walker) || position == 0 ||
        !(twins->bytes[position - 1] == '\n' ||
          (twins->automaton.dialect.cr_ends && twins->bytes[position - 1] == '\r')))
        return position;
    const enum scan_state state = twins->automaton.next[SCAN_ROW_START][first] & SCAN_STATE_MASK;
    const size_t stop = next_row(twins, state, position + 1);
    const bool cr_ends = twins->automaton.dialect.cr_ends;
    /* The LF of a CRLF ends no further line. */
    const bool half = cr_ends && first == '\n' && twins->bytes[position - 1] == '\r';
    const uint64_t lines =
        line_ends_count(twins->bytes + position, stop - position, cr_ends).count - half;
    for (int i = 0; i < TWINS; i++)
        twins->scanners[i]->ops->pass_over(twins->scanners[i], stop, lines);
    compare_places(twins);
    twins->met[MET_PASSED_OVER]++;
    return stop;
}

static void end(struct twins *twins)
{
    enum scanner_event events[TWINS];
    move_raw(twins, twins->length);
    for (int i = 0; i < TWINS; i++)
        events[i] = twins->scanners[i]->ops->end(twins->scanners[i], twins->raw[i], twins->length,
                                                 &twins->error);
    if (events[0] != events[1])
        complain(twins, "the event of the end");
    twins->met[MET_UNCLOSED] += events[0] == SCANNER_UNCLOSED;
    twins->met[MET_TOO_LONG] += events[0] == SCANNER_TOO_LONG;
    twins->met[MET_BAD_AT_END] += events[0] == SCANNER_BAD;
    compare_places(twins);
    compare_rows(twins);
    if (events[0] == SCANNER_FED && !twins->scanners[0]->ops->at_row_start(twins->scanners[0]))
        complain(twins, "a row is open after the end");
}

/* One pass; bit i of `cuts` ends a feed after byte i (and the last byte ends one). */
static void pass(struct twins *twins, uint64_t cuts)
{
    const int byte_before = unit_random(twins->seed) % 2 == 0 ? '\r' : SCAN_NO_BYTE;
    for (int i = 0; i < TWINS; i++)
        twins->scanners[i]->ops->begin(twins->scanners[i], FIRST_LINE, byte_before);
    size_t position = 0;
    for (size_t stop = 1; stop <= twins->length; stop++) {
        if (stop < twins->length && (cuts >> (stop - 1) & 1) == 0)
            continue;
        while (position < stop) {
            const enum scanner_event event = feed(twins, &position, stop);
            twins->met[MET_PENDING] += event == SCANNER_PENDING;
            twins->met[MET_BAD] += event == SCANNER_BAD;
            if (event == SCANNER_TOO_LONG) {
                twins->met[MET_TOO_LONG]++;
                return;
            }
            if (event == SCANNER_PENDING)
                break;
            if (event == SCANNER_BAD)
                position = skip_bad(twins, position);
            else
                position = pass_over(twins, position);
        }
        twins->met[MET_FED_OPEN] += !twins->scanners[0]->ops->at_row_start(twins->scanners[0]);
    }
    end(twins);
}

/* ---- inputs ------------------------------------------------------------------------------ */

static void count_bytes(struct twins *twins)
{
    const struct scan_dialect *dialect = &twins->automaton.dialect;
    for (size_t i = 0; i < twins->length; i++) {
        const bool starts = i == 0 || twins->bytes[i - 1] == '\n';
        const char byte = twins->bytes[i];
        twins->met[MET_COMMENTS] += starts && (unsigned char)byte == dialect->comment;
        twins->met[MET_BLANKS] += starts && byte == '\n';
        twins->met[MET_CRLFS] += i > 0 && byte == '\n' && twins->bytes[i - 1] == '\r';
    }
}

static size_t make_bytes(struct twins *twins, char *bytes, size_t most)
{
    const struct scan_dialect *dialect = &twins->automaton.dialect;
    const char quote = dialect->quote == SCAN_NO_BYTE ? '"' : (char)dialect->quote;
    const char likely[] = {quote, quote, quote, (char)dialect->delimiter, '\n', '\n', '\r', '\r',
                           '#',   'x',   'y'};
    /* Long runs of what means nothing are what is skipped a word at a time. */
    const bool runs = most > SHORT && unit_random(twins->seed) % 2 == 0;
    const size_t length = most > SHORT ? unit_random(twins->seed) % (most + 1) : most;
    for (size_t i = 0; i < length; i++) {
        const uint64_t draw = unit_random(twins->seed);
        bytes[i] =
            runs && draw % 3 != 0 ? (char)(0x80 + draw % 100) : likely[draw / 3 % sizeof likely];
    }
    if (length >= 2 && unit_random(twins->seed) % 6 == 0) { /* a CR that may stay pending */
        bytes[length - 2] = quote;
        bytes[length - 1] = '\r';
    }
    return length;
}

static void open_twins(struct twins *twins, const struct scan_dialect *dialect, uint64_t max_field)
{
    static const struct scanner_ops *const ops[TWINS] = {&scanner_walker, &scanner_libcsv};
    scan_automaton_build(&twins->automaton, dialect);
    const struct scanner_setup setup = {.automaton = &twins->automaton,
                                        .max_field = max_field,
                                        .slot_of_field = scanner_slots,
                                        .field_count = SCANNER_COLUMNS,
                                        .slots = 2};
    for (int i = 0; i < TWINS; i++) {
        ck_assert_int_eq(ops[i]->open(&setup, &twins->scanners[i], NULL), SHEAF_OK);
        ck_assert_ptr_eq(twins->scanners[i]->ops, ops[i]);
    }
}

static void close_twins(struct twins *twins)
{
    for (int i = 0; i < TWINS; i++) {
        twins->scanners[i]->ops->close(twins->scanners[i]);
        twins->scanners[i] = NULL;
    }
}

static const uint64_t longest[] = {0, 1, 3, 9, UINT32_MAX};
enum { LONGEST = sizeof longest / sizeof *longest };

/* `rounds` inputs of at most `most` bytes for every dialect and every longest field. */
static void over_inputs(struct twins *twins, size_t most, int rounds)
{
    for (int number = 0; number < SCANNER_PLAIN_DIALECTS * LONGEST; number++) {
        open_twins(twins, &scanner_dialects[number / LONGEST], longest[number % LONGEST]);
        for (int round = 0; round < rounds; round++) {
            char bytes[MOST];
            twins->bytes = bytes;
            twins->length = make_bytes(twins, bytes, most);
            count_bytes(twins);
            if (most <= SHORT)
                for (uint64_t cuts = 0; cuts < UINT64_C(1) << (most - 1); cuts++)
                    pass(twins, cuts);
            else
                for (int i = 0; i < 8; i++)
                    pass(twins, i == 0 ? 0 : i == 1 ? UINT64_MAX : unit_random(twins->seed));
        }
        close_twins(twins);
    }
    for (int i = 0; i < TWINS; i++) {
        memory_free(twins->raw[i]);
        twins->raw[i] = NULL;
    }
}

static void report(const struct twins *twins, uint64_t least)
{
    for (int kind = 0; kind < MET_KINDS; kind++)
        printf("%s%llu %s", kind > 0 ? ", " : "", (unsigned long long)twins->met[kind],
               met_names[kind]);
    printf("\n");
    fflush(stdout);
    for (int kind = 0; kind < MET_KINDS; kind++)
        if (twins->met[kind] < least)
            ck_abort_msg("only %llu %s", (unsigned long long)twins->met[kind], met_names[kind]);
}

START_TEST(short_inputs_cut_in_every_way)
{
    uint64_t seed = unit_seed("short_inputs_cut_in_every_way", 31);
    struct twins twins = {.seed = &seed};
    over_inputs(&twins, SHORT, 25);
    report(&twins, 50);
}
END_TEST

START_TEST(longer_inputs_cut_at_random)
{
    uint64_t seed = unit_seed("longer_inputs_cut_at_random", 32);
    struct twins twins = {.seed = &seed};
    over_inputs(&twins, MOST, 400);
    report(&twins, 400);
}
END_TEST

static Suite *twins_suite(void)
{
    Suite *suite = suite_create("twins");
    TCase *tests = tcase_create("twins");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, short_inputs_cut_in_every_way);
    tcase_add_test(tests, longer_inputs_cut_at_random);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(twins_suite)

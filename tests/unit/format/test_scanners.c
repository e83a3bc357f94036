/* Both scanners over the same random files: every instruction set, chunk size and number of workers
 * gives the rows, errors and counts that libcsv gives from the whole file. */
#include "format/csv.h"

#include "oracle/automaton.h"
#include "reading.h"
#include "sync/executors.h"
#include "unit/unit.h"

#include <string.h>

enum {
    FILES = 4800,
    INSTRUMENTED_FILES = 60, /* where only few are asked for */
    REACHED_LEAST = 1000,    /* files, of FILES, that reach each state and each way */
    MOST = 700,
    PIECE_MOST = 80,
    CHUNKS_MOST = 257,
    WORKERS_MOST = 8,
};

struct sample {
    unsigned char bytes[MOST];
    size_t length;
};

static const char *const way_names[CSV_WAYS] = {
    "the index",           "its quotes",           "its doubled quotes",         "its CRs",
    "what it cannot tell", "rows of other shapes", "the scanner after the index"};
/* Those that both scanners know: no escapes. */
static const char *const state_names[] = {"R", "F", "U", "Q", "E", "K", "C"};
enum { STATES = sizeof state_names / sizeof *state_names };

/* How many files reached each. */
static uint64_t ways_reached[CSV_WAYS];
static uint64_t states_reached[STATES];

/* ---- random files ------------------------------------------------------------------------ */

static void put(struct sample *sample, const char *bytes, size_t length)
{
    if (sample->length + length > MOST)
        return;
    memcpy(sample->bytes + sample->length, bytes, length);
    sample->length += length;
}

static void put_text(struct sample *sample, const char *text)
{
    put(sample, text, strlen(text));
}

/* Anything, in any order. */
static void put_wild(struct sample *sample, uint64_t *seed)
{
    static const struct text pieces[] = {
        {"\"", 1},  {"\"", 1},    {",", 1},      {",", 1},    {"\n", 1},      {"\n", 1},
        {"\r", 1},  {"\r\n", 2},  {"#", 1},      {"x,y,", 4}, {"NA", 2},      {"\"\"", 2},
        {"\",", 2}, {"\"\n", 2},  {",,\n", 3},   {"x", 1},    {"\"NA\"", 4},  {"\0", 1},
        {",\n", 2}, {"\"a\"", 3}, {"\"\r\n", 3}, {"a\"b", 3}, {"x,y,z\n", 6}, {"\xff", 1}};
    const struct text *piece = &pieces[unit_random(seed) % (sizeof pieces / sizeof *pieces)];
    put(sample, piece->bytes, piece->length);
}

/* A field as programs write them: short or about as long as a block of a kernel, quoted when it has
 * to be, and sometimes when not. */
static void put_field(struct sample *sample, uint64_t *seed)
{
    static const uint8_t lengths[] = {0, 0, 1, 1, 2, 3, 5, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65};
    static const struct text inside[] = {{"a", 1},  {"b", 1},    {"\"\"", 2}, {",", 1},
                                         {"\n", 1}, {"\r\n", 2}, {"#", 1},    {"\0", 1}};
    const uint64_t draw = unit_random(seed);
    const size_t length = lengths[draw % sizeof lengths];
    const bool quoted = draw / 64 % 3 == 0;
    if (quoted)
        put_text(sample, "\"");
    for (size_t i = 0; i < length; i++) {
        const struct text *piece = &inside[quoted ? unit_random(seed) % 8 : unit_random(seed) % 2];
        put(sample, piece->bytes, piece->length);
    }
    if (quoted)
        put_text(sample, "\"");
}

static void put_row(struct sample *sample, const char *line_end, uint64_t *seed)
{
    const uint64_t draw = unit_random(seed);
    const unsigned fields = draw % 24 == 0 ? 2 : draw % 24 == 1 ? 4 : 3;
    if (draw % 24 == 2 || draw % 24 == 4 || draw % 24 == 5)
        put_text(sample, "#, a \"comment\n");
    if (draw % 24 == 3)
        put_text(sample, line_end);
    for (unsigned field = 0; field < fields; field++) {
        if (field > 0)
            put_text(sample, ",");
        put_field(sample, seed);
    }
    put_text(sample, line_end);
}

static void make_file(struct sample *sample, uint64_t *seed)
{
    const uint64_t draw = unit_random(seed);
    const char *line_end = draw % 3 == 0 ? "\r\n" : "\n";
    const size_t room = (size_t)(draw / 64 % (MOST - PIECE_MOST));
    sample->length = 0;
    put_text(sample, "a,b,c\n");
    while (sample->length < room) {
        const uint64_t kind = unit_random(seed) % 64;
        if (draw / 4 % 4 == 0 || kind == 0)
            put_wild(sample, seed);
        else
            put_row(sample, line_end, seed);
    }
}

/* ---- one file in all ways ---------------------------------------------------------------- */

static struct format_options random_options(uint64_t *seed)
{
    const uint64_t draw = unit_random(seed);
    struct format_options options = reading_options();
    options.comment = draw % 2 == 0 ? '#' : -1;
    options.policy = draw / 2 % 4 == 0 ? FORMAT_FAIL : FORMAT_SKIP;
    options.ragged = draw / 8 % 8 == 0 ? FORMAT_PAD : draw / 8 % 8 == 1 ? FORMAT_TRIM : 0;
    if (draw / 64 % 16 == 0)
        options.quote = -1;
    if (draw / 1024 % 16 == 0)
        options.cr_ends = true;
    if (draw / 16384 % 4 == 0)
        options.nulls = draw / 65536 % 2 == 0 ? ",NA" : "a";
    options.null_quoted = draw / 131072 % 4 == 0;
    if (draw / 524288 % 8 == 0)
        options.max_field = 1 + draw / 4194304 % 70;
    return options;
}

static void complain(const struct sample *sample, const struct reading_setup *setup,
                     const struct reading *got, const struct reading *wanted, const char *what)
{
    for (size_t i = 0; i < sample->length; i++) {
        const unsigned char byte = sample->bytes[i];
        if (byte >= 0x20 && byte < 0x7f)
            printf("%c", byte);
        else
            printf("\\x%02x", byte);
    }
    const struct format_options *options = setup->options;
    ck_abort_msg("\n%s, chunks of %llu, %u workers; quote %d, comment %d, cr_ends %d, policy %d, "
                 "ragged %d, longest %llu: %s\ngot (%d, %llu skipped, %s):\n%.*s\nwanted (%d, %llu "
                 "skipped, %s):\n%.*s",
                 isa_name(options->isa), (unsigned long long)setup->chunk_size, setup->workers,
                 options->quote, options->comment, options->cr_ends, (int)options->policy,
                 options->ragged, (unsigned long long)options->max_field, what, (int)got->status,
                 (unsigned long long)got->skipped, got->error.text, (int)got->text.length,
                 got->text.bytes, (int)wanted->status, (unsigned long long)wanted->skipped,
                 wanted->error.text, (int)wanted->text.length, wanted->text.bytes);
}

static const char *difference(const struct reading *got, const struct reading *wanted)
{
    if (got->status != wanted->status)
        return "the status";
    if (wanted->status != SHEAF_OK)
        return strcmp(got->error.text, wanted->error.text) == 0 ? NULL : "the message";
    if (got->text.length != wanted->text.length ||
        (got->text.length > 0 &&
         memcmp(got->text.bytes, wanted->text.bytes, got->text.length) != 0))
        return "the rows";
    if (got->skipped != wanted->skipped)
        return "the number of skipped rows";
    return strcmp(got->first_skipped.text, wanted->first_skipped.text) == 0
               ? NULL
               : "the first skipped row";
}

static void read_file(const struct sample *sample, const struct reading_setup *setup,
                      struct reading *out)
{
    struct reading_files files = {.count = 0};
    reading_add_file(&files, sample->bytes, sample->length);
    reading_run(&files, setup, out);
    reading_close_files(&files);
}

/* Reads with one instruction set, at some chunk size; gives the ways that were taken. */
static unsigned check(const struct sample *sample, struct reading_setup *setup,
                      const struct reading *wanted, uint64_t *seed)
{
    const uint64_t draw = unit_random(seed);
    setup->chunk_size = draw % 4 == 0 ? MOST : 1 + draw / 4 % CHUNKS_MOST;
    setup->workers = 1 + (unsigned)(draw / 2048 % WORKERS_MOST);
    setup->executor = draw / 65536 % 4 == 0 ? &executor_pool : &executor_serial;
    if (setup->executor == &executor_serial)
        setup->workers = 1;
    struct reading got;
    read_file(sample, setup, &got);
    const char *what = difference(&got, wanted);
    if (what != NULL)
        complain(sample, setup, &got, wanted, what);
    const unsigned ways = got.ways;
    reading_drop(&got);
    return ways;
}

static void note_states(const struct sample *sample, const struct format_options *options)
{
    const struct oracle_dialect dialect = {.delimiter = options->delimiter,
                                           .quote = options->quote,
                                           .comment = options->comment,
                                           .escape = ORACLE_NO_BYTE,
                                           .cr_ends = options->cr_ends};
    struct oracle_table table;
    oracle_read(&dialect, sample->bytes, sample->length, &table);
    for (unsigned state = 0; state < STATES; state++)
        states_reached[state] += table.seen[state] > 0;
    oracle_table_free(&table);
}

static void check_file(const struct sample *sample, struct format_options *options, uint64_t *seed)
{
    static const uint32_t needed[] = {2, 0};
    struct reading_setup setup = {.options = options,
                                  .needed = needed,
                                  .needed_count = (uint32_t)(unit_random(seed) % 3),
                                  .chunk_size = MOST,
                                  .executor = &executor_serial,
                                  .workers = 1};
    struct reading wanted;
    options->scanner = FORMAT_SCANNER_LIBCSV;
    read_file(sample, &setup, &wanted);
    options->scanner = FORMAT_SCANNER_SIMD;
    unsigned ways = 0;
    for (enum isa isa = ISA_SCALAR; isa < ISA_COUNT; isa++) {
        if (!isa_is_available(isa))
            continue;
        options->isa = isa;
        ways |= check(sample, &setup, &wanted, seed);
    }
    for (unsigned way = 0; way < CSV_WAYS; way++)
        ways_reached[way] += (ways >> way) & 1;
    note_states(sample, options);
    reading_drop(&wanted);
}

static void report(uint64_t files, uint64_t least)
{
    for (unsigned state = 0; state < STATES; state++)
        printf("state %s: %llu of %llu files\n", state_names[state],
               (unsigned long long)states_reached[state], (unsigned long long)files);
    for (unsigned way = 0; way < CSV_WAYS; way++)
        printf("%s: %llu of %llu files\n", way_names[way], (unsigned long long)ways_reached[way],
               (unsigned long long)files);
    for (unsigned state = 0; state < STATES; state++)
        ck_assert_uint_ge(states_reached[state], least);
    for (unsigned way = 0; way < CSV_WAYS; way++)
        ck_assert_uint_ge(ways_reached[way], least);
}

START_TEST(scanners_agree)
{
    uint64_t seed = unit_seed("scanners_agree", 67);
    const uint64_t files = getenv("SHEAF_TEST_FILES") == NULL ? FILES : INSTRUMENTED_FILES;
    for (uint64_t i = 0; i < files; i++) {
        struct sample sample;
        make_file(&sample, &seed);
        struct format_options options = random_options(&seed);
        check_file(&sample, &options, &seed);
    }
    report(files, files == FILES ? REACHED_LEAST : 1);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("scanners");
    TCase *tests = tcase_create("agreement");
    tcase_add_test(tests, scanners_agree);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)

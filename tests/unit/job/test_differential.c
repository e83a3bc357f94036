/* The whole job against the oracle: random nasty files, at every chunk size from 1 byte to the
 * file's length, with 1, 2 and 3 workers, by both scanners, from files, pipes and standard input.
 * SHEAF_TEST_FILES sets how many files (200). */
#include "nasty.h"
#include "sheaf/job.h"
#include "unit/unit.h"

#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum source { FROM_FILE, FROM_PIPE, FROM_STDIN, SOURCES };
enum { ENOUGH_FILES = 50, PATH_SIZE = 32, DUMP_SIZE = 4 * NASTY_SIZE * NASTY_FILES + 64 };

struct setting {
    const char *executor;
    unsigned threads;
    uint64_t chunk_size;
    enum source source;
};

struct outcome {
    enum sheaf_status status;
    uint32_t file;
    uint64_t line;
    char text[SHEAF_ERROR_TEXT]; /* of the error, or of the first skipped row */
    char *csv;
    size_t csv_length;
    uint64_t skipped_rows, skipped_values;
};

/* The input as the job opens it: a path per file. */
struct input {
    int descriptors[NASTY_FILES];
    char paths[NASTY_FILES][PATH_SIZE];
    const char *files[NASTY_FILES];
};

static uint64_t runs_made;

static unsigned file_total(void)
{
    const char *text = getenv("SHEAF_TEST_FILES");
    return text != NULL ? (unsigned)strtoul(text, NULL, 10) : 200;
}

/* ---- inputs ---- */

static void write_all(int descriptor, const unsigned char *bytes, size_t length)
{
    ck_assert_int_eq(write(descriptor, bytes, length), (ssize_t)length);
}

static int open_memory_file(const unsigned char *bytes, size_t length)
{
    const int descriptor = memfd_create("nasty", MFD_CLOEXEC);
    ck_assert_int_ge(descriptor, 0);
    write_all(descriptor, bytes, length);
    return descriptor;
}

/* A pipe that holds everything and has no writer any more. */
static int open_full_pipe(const unsigned char *bytes, size_t length)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    write_all(ends[1], bytes, length);
    ck_assert_int_eq(close(ends[1]), 0);
    return ends[0];
}

static void input_open(struct input *input, const struct nasty *nasty, enum source source)
{
    for (size_t f = 0; f < nasty->file_count; f++) {
        int descriptor = source == FROM_FILE ? open_memory_file(nasty->bytes[f], nasty->lengths[f])
                                             : open_full_pipe(nasty->bytes[f], nasty->lengths[f]);
        snprintf(input->paths[f], PATH_SIZE, "/proc/self/fd/%d", descriptor);
        if (source == FROM_STDIN && f == 0) {
            ck_assert_int_eq(dup2(descriptor, STDIN_FILENO), STDIN_FILENO);
            strcpy(input->paths[f], "-");
        }
        input->descriptors[f] = descriptor;
        input->files[f] = input->paths[f];
    }
}

static void input_close(struct input *input, const struct nasty *nasty)
{
    for (size_t f = 0; f < nasty->file_count; f++)
        ck_assert_int_eq(close(input->descriptors[f]), 0);
}

/* ---- one run ---- */

static struct sheaf_request request_of(const struct nasty *nasty, const struct input *input)
{
    static const enum sheaf_on_error on_errors[] = {
        [ORACLE_FAIL] = SHEAF_ON_ERROR_FAIL,
        [ORACLE_SKIP] = SHEAF_ON_ERROR_SKIP,
        [ORACLE_NULL] = SHEAF_ON_ERROR_NULL,
    };
    struct sheaf_request request = SHEAF_REQUEST_INIT;
    request.command = nasty->count_only ? SHEAF_COUNT : SHEAF_AGGREGATE;
    request.files = input->files;
    request.file_count = nasty->file_count;
    request.expressions = nasty->expressions;
    request.expression_count = nasty->count_only ? 0 : nasty->request.call_count;
    request.group_by = nasty->group_by;
    request.dialect.delimiter = nasty->dialect.delimiter;
    request.dialect.quote = nasty->dialect.quote;
    request.dialect.comment = nasty->dialect.comment;
    request.dialect.escape = nasty->dialect.escape;
    request.dialect.cr_ends = nasty->dialect.cr_ends;
    request.dialect.skip_lines = nasty->dialect.skip_lines;
    request.dialect.no_headers = nasty->request.no_headers;
    request.dialect.null_quoted = nasty->request.null_quoted;
    request.dialect.ragged =
        (nasty->request.pad ? SHEAF_RAGGED_PAD : 0) | (nasty->request.trim ? SHEAF_RAGGED_TRIM : 0);
    request.dialect.on_error = on_errors[nasty->request.on_error];
    return request;
}

static void keep_result(struct sheaf_result *result, struct outcome *out)
{
    const struct sheaf_print_options print = {
        .format = "csv", .delimiter = ',', .comment = SHEAF_NO_BYTE};
    struct sheaf_error error = {.status = SHEAF_OK};
    ck_assert_int_eq(sheaf_result_format(result, &print, &out->csv, &out->csv_length, &error),
                     SHEAF_OK);
    struct sheaf_skipped skipped;
    sheaf_result_skipped(result, &skipped);
    out->skipped_rows = skipped.rows;
    out->skipped_values = skipped.values;
    snprintf(out->text, sizeof out->text, "%s", skipped.first);
}

/* Every third run has the other scanner, which knows no escape. */
static const char *scanner_of(const struct nasty *nasty, const struct setting *setting)
{
    const bool other = (setting->chunk_size + setting->threads) % 3 == 0;
    return other && nasty->dialect.escape == ORACLE_NO_BYTE ? "libcsv" : "simd";
}

/* Instruction sets take turns. */
static const char *isa_of(const struct setting *setting)
{
    size_t count = 0;
    while (sheaf_isa_available(count).name != NULL)
        count++;
    return sheaf_isa_available(setting->chunk_size % count).name;
}

static void run(const struct nasty *nasty, const struct input *input, const struct setting *setting,
                struct outcome *out)
{
    *out = (struct outcome){.status = SHEAF_OK};
    const struct sheaf_request request = request_of(nasty, input);
    const struct sheaf_run_options options = {.threads = setting->threads,
                                              .chunk_size = setting->chunk_size,
                                              .executor = setting->executor,
                                              .scanner = scanner_of(nasty, setting),
                                              .isa = isa_of(setting)};
    struct sheaf_error error = {.status = SHEAF_OK};
    struct sheaf_plan *plan = NULL;
    struct sheaf_result *result = NULL;
    out->status = sheaf_plan_open(&request, &options, &plan, &error);
    if (out->status == SHEAF_OK)
        out->status = sheaf_plan_run(plan, &result, &error);
    if (out->status == SHEAF_OK) {
        keep_result(result, out);
    } else {
        ck_assert_ptr_null(result);
        ck_assert_int_eq(error.status, out->status);
        out->file = error.file;
        out->line = error.line;
        memcpy(out->text, error.text, sizeof out->text);
    }
    sheaf_result_close(result);
    sheaf_plan_close(plan);
    runs_made++;
}

/* ---- comparison ---- */

/* What the oracle says is printed: count has no heading. */
static const char *expected_csv(const struct nasty *nasty, size_t *length)
{
    const char *csv = nasty->answer.csv;
    const size_t heading = nasty->count_only ? (size_t)(strchr(csv, '\n') - csv) + 1 : 0;
    *length = nasty->answer.csv_length - heading;
    return csv + heading;
}

static const char *difference(const struct nasty *nasty, const struct outcome *got,
                              const char *first_text)
{
    static const enum sheaf_status statuses[] = {
        [ORACLE_OK] = SHEAF_OK, [ORACLE_DATA] = SHEAF_DATA, [ORACLE_USAGE] = SHEAF_USAGE};
    const struct oracle_answer *answer = &nasty->answer;
    if (got->status != statuses[answer->status])
        return "status";
    if (first_text != NULL && strcmp(got->text, first_text) != 0)
        return "message: not that of the first run";
    if (answer->status == ORACLE_DATA && got->file != answer->file)
        return "file of the error";
    if (answer->status == ORACLE_DATA && got->line != answer->line)
        return "line of the error";
    if (answer->status != ORACLE_OK)
        return strlen(got->text) > 0 ? NULL : "message: none";
    size_t length;
    const char *csv = expected_csv(nasty, &length);
    if (got->csv_length != length || memcmp(got->csv, csv, length) != 0)
        return "output";
    if (got->skipped_rows != answer->skipped_rows || got->skipped_values != answer->nulled_values)
        return "counts of what was skipped";
    const bool skipped = got->skipped_rows + got->skipped_values > 0;
    return skipped == (got->text[0] != '\0') ? NULL : "message of the first skipped row";
}

static void dump(const struct nasty *nasty, char out[DUMP_SIZE])
{
    size_t used = 0;
    for (size_t f = 0; f < nasty->file_count; f++) {
        used += (size_t)snprintf(out + used, DUMP_SIZE - used, f > 0 ? "' + b'" : "b'");
        for (size_t i = 0; i < nasty->lengths[f]; i++)
            used += (size_t)snprintf(out + used, DUMP_SIZE - used, "\\x%02x", nasty->bytes[f][i]);
    }
    snprintf(out + used, DUMP_SIZE - used, "'");
}

static void complain(const struct nasty *nasty, unsigned index, const struct setting *setting,
                     const struct outcome *got, const char *what)
{
    char bytes[DUMP_SIZE];
    dump(nasty, bytes);
    size_t length = 0;
    const char *csv = nasty->answer.csv == NULL ? "" : expected_csv(nasty, &length);
    ck_abort_msg(
        "file %u (variant %u, query -g %s, source %d), executor %s, %u threads, chunks of "
        "%" PRIu64 ", scanner %s, %s: %s differs\n%s\nexpected: status %d, file %zu, line %" PRIu64
        ", skipped %" PRIu64 " + %" PRIu64 "\n%.*s\ngot: status %d, file %u, line %" PRIu64
        ", skipped %" PRIu64 " + %" PRIu64 ", %s\n%.*s\nfirst text: %s",
        index, index % NASTY_VARIANTS, nasty->group_by == NULL ? "-" : nasty->group_by,
        (int)setting->source, setting->executor, setting->threads, setting->chunk_size,
        scanner_of(nasty, setting), isa_of(setting), what, bytes, (int)nasty->answer.status,
        nasty->answer.file, nasty->answer.line, nasty->answer.skipped_rows,
        nasty->answer.nulled_values, (int)length, csv, (int)got->status, got->file, got->line,
        got->skipped_rows, got->skipped_values, sheaf_status_name(got->status),
        (int)got->csv_length, got->csv == NULL ? "" : got->csv, got->text);
}

/* The messages of the first run from each source; later ones must repeat them. */
struct messages {
    char texts[SOURCES][SHEAF_ERROR_TEXT];
    bool known[SOURCES];
};

static void check(const struct nasty *nasty, unsigned index, const struct setting *setting,
                  const struct input *input, struct messages *messages)
{
    struct outcome got;
    run(nasty, input, setting, &got);
    const char *text = messages->known[setting->source] ? messages->texts[setting->source] : NULL;
    const char *what = difference(nasty, &got, text);
    if (what != NULL)
        complain(nasty, index, setting, &got, what);
    memcpy(messages->texts[setting->source], got.text, sizeof got.text);
    messages->known[setting->source] = true;
    free(got.csv);
}

/* ---- the tests ---- */

static void check_from_file(const struct nasty *nasty, unsigned index)
{
    struct input input;
    struct messages messages = {.known = {false}};
    input_open(&input, nasty, FROM_FILE);
    const uint64_t length = nasty_length(nasty);
    for (uint64_t chunk = 1; chunk <= length + 1; chunk++)
        for (unsigned threads = 1; threads <= 3; threads++)
            check(nasty, index, &(struct setting){"pool", threads, chunk, FROM_FILE}, &input,
                  &messages);
    for (uint64_t chunk = 1; chunk <= length; chunk += 1 + length / 8) {
        check(nasty, index, &(struct setting){"serial", 1, chunk, FROM_FILE}, &input, &messages);
        check(nasty, index, &(struct setting){"openmp", 2, chunk, FROM_FILE}, &input, &messages);
    }
    check(nasty, index, &(struct setting){"pool", 0, 0, FROM_FILE}, &input, &messages);
    input_close(&input, nasty);
}

/* A pipe is read once, so each run gets a new one, which has the number of the last. */
static void check_from_pipe(const struct nasty *nasty, unsigned index)
{
    static const char *const executors[] = {"serial", "pool", "pool", "openmp"};
    struct messages messages = {.known = {false}};
    const uint64_t length = nasty_length(nasty);
    for (uint64_t chunk = 1; chunk <= length; chunk += 1 + (length * (index % 5)) / 100)
        for (unsigned threads = 1; threads <= 3; threads += 2) {
            const enum source source = chunk % 2 == 0 ? FROM_PIPE : FROM_STDIN;
            const char *executor = executors[(chunk / 2 + threads) % 4];
            struct input input;
            input_open(&input, nasty, source);
            check(nasty, index, &(struct setting){executor, threads, chunk, source}, &input,
                  &messages);
            input_close(&input, nasty);
        }
}

static void count_states(const struct nasty *nasty, unsigned counts[ORACLE_STATES])
{
    for (unsigned s = 0; s < ORACLE_STATES; s++)
        counts[s] += nasty->states >> s & 1U;
}

static void report(unsigned files, const unsigned counts[ORACLE_STATES], const unsigned ends[3])
{
    static const char letters[] = "RFUQEKCX";
    printf("%" PRIu64 " runs over %u files; files that reached", runs_made, files);
    for (unsigned s = 0; s < ORACLE_STATES; s++)
        printf(" %c: %u", letters[s], counts[s]);
    printf("; answers: %u, data errors: %u, unknown columns: %u\n", ends[ORACLE_OK],
           ends[ORACLE_DATA], ends[ORACLE_USAGE]);
    fflush(stdout);
}

static void over_files(uint64_t seed, unsigned files,
                       void (*check_file)(const struct nasty *nasty, unsigned index))
{
    static struct nasty nasty;
    unsigned states[ORACLE_STATES] = {0};
    unsigned ends[3] = {0};
    for (unsigned index = 0; index < files; index++) {
        nasty_make(&nasty, index, &seed);
        count_states(&nasty, states);
        ends[nasty.answer.status]++;
        check_file(&nasty, index);
    }
    nasty_drop(&nasty);
    report(files, states, ends);
    for (unsigned s = 0; s < ORACLE_STATES && files >= ENOUGH_FILES; s++)
        ck_assert_uint_ge(states[s], files / 20);
}

START_TEST(files_at_every_chunk_size)
{
    over_files(unit_seed("files_at_every_chunk_size", 1), file_total(), check_from_file);
}
END_TEST

START_TEST(pipes)
{
    over_files(unit_seed("pipes", 2), file_total() / 2 + 10, check_from_pipe);
}
END_TEST

static Suite *differential_suite(void)
{
    Suite *suite = suite_create("differential");
    TCase *tests = tcase_create("differential");
    tcase_set_timeout(tests, 900);
    tcase_add_test(tests, files_at_every_chunk_size);
    tcase_add_test(tests, pipes);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(differential_suite)

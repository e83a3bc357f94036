#include "unit/unit.h"

#include "io/ordered_writer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum { WORKERS = 4, PIECES = 5000 };

static char path[] = "/tmp/sheaf-test-XXXXXX";

static void make_file(void)
{
    strcpy(path, "/tmp/sheaf-test-XXXXXX");
    const int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
}

static void remove_file(void)
{
    ck_assert_int_eq(unlink(path), 0);
}

/* Workers that claim pieces in ascending order, and how their writes ended. */
struct crew {
    struct ordered_writer *writer;
    _Atomic uint64_t next;
    _Atomic int ended[SHEAF_STATUS_COUNT];
    size_t padding; /* bytes added to each piece */
};

static void *work(void *argument)
{
    static const char padding[10000];
    struct crew *crew = argument;
    for (uint64_t number; (number = atomic_fetch_add(&crew->next, 1)) < PIECES;) {
        char piece[sizeof padding + 32];
        const int length = snprintf(piece, sizeof piece, "%llu\n", (unsigned long long)number);
        memcpy(piece + length, padding, crew->padding);
        struct sheaf_error error = {.status = SHEAF_OK};
        const enum sheaf_status status = ordered_writer_write(
            crew->writer, number, piece, (size_t)length + crew->padding, &error);
        if (status != error.status) /* ck_assert belongs to the first thread */
            abort();
        atomic_fetch_add(&crew->ended[status], 1);
    }
    return NULL;
}

static void start(struct crew *crew, pthread_t threads[WORKERS])
{
    for (int i = 0; i < WORKERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, crew), 0);
}

static void join(pthread_t threads[WORKERS])
{
    for (int i = 0; i < WORKERS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
}

START_TEST(pieces_come_in_order)
{
    struct sink *sink;
    struct crew crew = {.next = 0};
    pthread_t threads[WORKERS];
    ck_assert_int_eq(sink_open(path, &sink, NULL), SHEAF_OK);
    ck_assert_int_eq(ordered_writer_open(sink, &crew.writer, NULL), SHEAF_OK);
    start(&crew, threads);
    join(threads);
    ordered_writer_close(crew.writer);
    ck_assert_int_eq(sink_commit(sink, NULL), SHEAF_OK);
    sink_close(sink);
    ck_assert_int_eq(crew.ended[SHEAF_OK], PIECES);

    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    char line[32];
    for (unsigned long i = 0; i < PIECES; i++) {
        ck_assert_ptr_nonnull(fgets(line, sizeof line, file));
        ck_assert_uint_eq(strtoul(line, NULL, 10), i);
    }
    ck_assert_ptr_null(fgets(line, sizeof line, file));
    fclose(file);
}
END_TEST

/* One piece of a worker of its own. */
struct piece {
    struct ordered_writer *writer;
    uint64_t number;
    enum sheaf_status status;
};

static void *write_piece(void *argument)
{
    struct piece *piece = argument;
    const char digit = (char)('0' + piece->number);
    piece->status = ordered_writer_write(piece->writer, piece->number, &digit, 1, NULL);
    return NULL;
}

/* The last piece comes first: all but one have to wait, and to be woken. */
START_TEST(early_pieces_wait)
{
    struct sink *sink;
    struct piece pieces[WORKERS];
    struct ordered_writer *writer;
    pthread_t threads[WORKERS];
    ck_assert_int_eq(sink_open(path, &sink, NULL), SHEAF_OK);
    ck_assert_int_eq(ordered_writer_open(sink, &writer, NULL), SHEAF_OK);
    for (int i = WORKERS - 1; i >= 0; i--) {
        pieces[i] = (struct piece){.writer = writer, .number = (uint64_t)i};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, write_piece, &pieces[i]), 0);
        usleep(1000); /* likely asleep by now; the result is the same if not */
    }
    join(threads);
    for (int i = 0; i < WORKERS; i++)
        ck_assert_int_eq(pieces[i].status, SHEAF_OK);
    ordered_writer_close(writer);
    ck_assert_int_eq(sink_commit(sink, NULL), SHEAF_OK);
    sink_close(sink);

    char text[WORKERS + 1] = "";
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(fgets(text, sizeof text, file));
    fclose(file);
    ck_assert_str_eq(text, "0123");
}
END_TEST

/* Pieces in two parts each, by threads that all want to write at once. */
static void *write_parts(void *argument)
{
    struct piece *piece = argument;
    const char digit = (char)('0' + piece->number);
    piece->status = ordered_writer_write_part(piece->writer, piece->number, &digit, 1, NULL);
    if (piece->status == SHEAF_OK)
        piece->status = ordered_writer_write_part(piece->writer, piece->number, "", 0, NULL);
    usleep(100); /* time for another to come between */
    if (piece->status == SHEAF_OK)
        piece->status = ordered_writer_write(piece->writer, piece->number, &digit, 1, NULL);
    return NULL;
}

START_TEST(parts_of_a_piece_stay_together)
{
    struct sink *sink;
    struct piece pieces[WORKERS];
    struct ordered_writer *writer;
    pthread_t threads[WORKERS];
    ck_assert_int_eq(sink_open(path, &sink, NULL), SHEAF_OK);
    ck_assert_int_eq(ordered_writer_open(sink, &writer, NULL), SHEAF_OK);
    for (int i = WORKERS - 1; i >= 0; i--) {
        pieces[i] = (struct piece){.writer = writer, .number = (uint64_t)i};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, write_parts, &pieces[i]), 0);
    }
    join(threads);
    for (int i = 0; i < WORKERS; i++)
        ck_assert_int_eq(pieces[i].status, SHEAF_OK);
    ordered_writer_close(writer);
    ck_assert_int_eq(sink_commit(sink, NULL), SHEAF_OK);
    sink_close(sink);

    char text[2 * WORKERS + 1] = "";
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(fgets(text, sizeof text, file));
    fclose(file);
    ck_assert_str_eq(text, "00112233");
}
END_TEST

START_TEST(one_failure_stops_all)
{
    struct sink *sink;
    struct crew crew = {.next = 0, .padding = 10000};
    pthread_t threads[WORKERS];
    ck_assert_int_eq(sink_open("/dev/full", &sink, NULL), SHEAF_OK);
    ck_assert_int_eq(ordered_writer_open(sink, &crew.writer, NULL), SHEAF_OK);
    start(&crew, threads);
    join(threads);
    ck_assert_int_eq(crew.ended[SHEAF_SYSTEM], 1);
    ck_assert_int_gt(crew.ended[SHEAF_STOPPED], PIECES / 2);
    ck_assert_int_eq(crew.ended[SHEAF_OK] + 1 + crew.ended[SHEAF_STOPPED], PIECES);
    ordered_writer_close(crew.writer);
    sink_close(sink);
}
END_TEST

START_TEST(a_stop_ends_the_waiting)
{
    struct sink *sink;
    struct crew crew = {.next = 1}; /* nobody writes piece 0: all wait */
    pthread_t threads[WORKERS];
    ck_assert_int_eq(sink_open("/dev/null", &sink, NULL), SHEAF_OK);
    ck_assert_int_eq(ordered_writer_open(sink, &crew.writer, NULL), SHEAF_OK);
    start(&crew, threads);
    ordered_writer_stop(crew.writer);
    join(threads);
    ck_assert_int_eq(crew.ended[SHEAF_STOPPED], PIECES - 1);
    ck_assert_int_eq(ordered_writer_write(crew.writer, 0, "x", 1, NULL), SHEAF_STOPPED);
    ordered_writer_close(crew.writer);
    sink_close(sink);
    ordered_writer_close(NULL);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("ordered_writer");
    TCase *tests = tcase_create("ordered_writer");
    tcase_set_timeout(tests, 30);
    tcase_add_checked_fixture(tests, make_file, remove_file);
    tcase_add_test(tests, pieces_come_in_order);
    tcase_add_test(tests, early_pieces_wait);
    tcase_add_test(tests, parts_of_a_piece_stay_together);
    tcase_add_test(tests, one_failure_stops_all);
    tcase_add_test(tests, a_stop_ends_the_waiting);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(make_suite)

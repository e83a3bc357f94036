/* io/feed.h: streams and files as numbered blocks, with the reader thread and without. */
#include "io/feed.h"

#include "base/memory.h"
#include "sheaf/cancel.h"
#include "sources.h"
#include "unit/unit.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FILES = 4, MOST = 1 << 20, WORKERS = 4, READERS = 2 };

static char bytes[FILES][MOST];

struct inputs {
    struct source sources[FILES];
    struct input *inputs[FILES];
    uint64_t begins[FILES];
    uint32_t count;
    struct sheaf_cancel *token;
    struct feed *feed;
};

static void add_input(struct inputs *at)
{
    const uint32_t i = at->count++;
    ck_assert_int_eq(input_open(at->sources[i].path, at->token, &at->inputs[i], NULL), SHEAF_OK);
    at->begins[i] = 0;
}

static void add_file(struct inputs *at, size_t length)
{
    source_fill(bytes[at->count], length, at->count + length);
    source_file(&at->sources[at->count], bytes[at->count], length);
    add_input(at);
}

static void add_pipe(struct inputs *at, size_t length, size_t piece)
{
    source_fill(bytes[at->count], length, at->count + length);
    source_pipe(&at->sources[at->count], bytes[at->count], length, piece);
    add_input(at);
}

static void add_silent_pipe(struct inputs *at, size_t length)
{
    source_fill(bytes[at->count], length, at->count + length);
    source_silent_pipe(&at->sources[at->count], bytes[at->count], length);
    add_input(at);
}

/* As planning does: what stands before the chunks was peeked at. */
static void set_begin(struct inputs *at, uint32_t file, size_t begin)
{
    char *peeked = memory_alloc(begin);
    size_t got;
    ck_assert_ptr_nonnull(peeked);
    ck_assert_int_eq(input_read_at(at->inputs[file], 0, peeked, begin, &got, NULL), SHEAF_OK);
    ck_assert_uint_eq(got, begin);
    memory_free(peeked);
    at->begins[file] = begin;
}

static void start(struct inputs *at, uint64_t chunk_size, int reader)
{
    const struct feed_setup setup = {.inputs = at->inputs,
                                     .count = at->count,
                                     .begins = at->begins,
                                     .run.chunk_size = chunk_size,
                                     .run.workers = reader == DATASET_READS_ITSELF ? 1 : WORKERS,
                                     .run.reader = (enum dataset_reader)reader,
                                     .cancel = at->token};
    ck_assert_int_eq(feed_open(&setup, &at->feed, NULL), SHEAF_OK);
}

static void finish(struct inputs *at)
{
    feed_close(at->feed);
    for (uint32_t i = 0; i < at->count; i++) {
        input_close(at->inputs[i]);
        source_close(&at->sources[i]);
    }
}

static bool reads_right(struct inputs *at, uint32_t file, uint64_t offset, size_t length)
{
    char *read = memory_alloc(length);
    if (read == NULL)
        return false;
    size_t total = 0;
    enum sheaf_status status = SHEAF_OK;
    for (size_t got = 1; status == SHEAF_OK && got > 0 && total < length; total += got)
        status =
            feed_read(at->feed, file, offset + total, read + total, length - total, &got, NULL);
    const uint64_t left = at->sources[file].length - offset;
    const bool is_right = status == SHEAF_OK && total == (left < length ? left : length) &&
                          memcmp(read, bytes[file] + offset, total) == 0;
    memory_free(read);
    return is_right;
}

/* ---- one claimant ------------------------------------------------------------------------ */

static void claim_all(struct inputs *at, uint64_t chunk_size, uint64_t *seed)
{
    struct chunk chunk;
    uint64_t number = 0;
    for (uint32_t file = 0; file < at->count; file++) {
        const uint64_t length = at->sources[file].length;
        for (uint64_t offset = at->begins[file]; offset < length; number++) {
            const uint64_t left = length - offset;
            ck_assert_int_eq(feed_claim(at->feed, &chunk, NULL), SHEAF_OK);
            ck_assert_uint_eq(chunk.number, number);
            ck_assert_uint_eq(chunk.file, file);
            ck_assert_uint_eq(chunk.offset, offset);
            ck_assert_uint_eq(chunk.length, left < chunk_size ? left : chunk_size);
            ck_assert_int_eq(chunk.first, offset == at->begins[file]);
            ck_assert(reads_right(at, file, offset, chunk.length));
            ck_assert(reads_right(at, file, offset, unit_random(seed) % (left + 5)));
            feed_finish(at->feed, number);
            offset += chunk.length;
        }
    }
    ck_assert_int_eq(feed_claim(at->feed, &chunk, NULL), SHEAF_END);
    ck_assert_int_eq(feed_claim(at->feed, &chunk, NULL), SHEAF_END);
}

START_TEST(blocks_cover_each_byte_once)
{
    uint64_t seed = unit_seed("blocks_cover_each_byte_once", 41);
    const int64_t live = memory_live();
    for (uint64_t chunk_size = 1; chunk_size <= 64; chunk_size += chunk_size < 5 ? 1 : 3)
        for (int round = 0; round < 3; round++) {
            struct inputs at = {.count = 0};
            const uint64_t files = 1 + unit_random(&seed) % FILES;
            for (uint32_t file = 0; file < files; file++) {
                const size_t length = unit_random(&seed) % 4 * (unit_random(&seed) % 70);
                if (unit_random(&seed) % 3 == 0)
                    add_file(&at, length);
                else
                    add_pipe(&at, length, 1 + unit_random(&seed) % 20);
                set_begin(&at, file, unit_random(&seed) % (length + 1));
            }
            start(&at, chunk_size, _i);
            claim_all(&at, chunk_size, &seed);
            finish(&at);
            ck_assert_int_eq(memory_live(), live);
        }
}
END_TEST

/* Nothing has to be claimed before the end. */
START_TEST(closed_at_any_time)
{
    const int64_t live = memory_live();
    for (int claims = 0; claims < 20; claims++) {
        struct inputs at = {.count = 0};
        add_pipe(&at, 5000, 100);
        start(&at, 64, _i);
        struct chunk chunk;
        for (int i = 0; i < claims; i++) {
            ck_assert_int_eq(feed_claim(at.feed, &chunk, NULL), SHEAF_OK);
            if (i % 3 != 0)
                feed_finish(at.feed, chunk.number);
        }
        finish(&at);
        ck_assert_int_eq(memory_live(), live);
    }
    feed_close(NULL);
}
END_TEST

/* ---- memory is bounded, open rows are not ------------------------------------------------- */

/* However long the stream and small the blocks: a window of them is in memory. */
START_TEST(memory_is_bounded)
{
    enum { LENGTH = 300000, BLOCK = 16 };
    const int64_t live = memory_live();
    struct inputs at = {.count = 0};
    add_pipe(&at, LENGTH, 65536);
    start(&at, BLOCK, _i);
    struct chunk chunk;
    uint64_t finished = 0;
    int64_t most = 0;
    while (feed_claim(at.feed, &chunk, NULL) == SHEAF_OK) {
        const int64_t now = memory_live() - live;
        most = now > most ? now : most;
        if (chunk.number >= 100) /* a hundred stay open */
            feed_finish(at.feed, finished++);
    }
    ck_assert_uint_eq(chunk.number, LENGTH / BLOCK - 1);
    printf("at most %lld blocks of memory\n", (long long)most);
    ck_assert_int_lt(most, 2 * CHUNK_WINDOW);
    finish(&at);
    ck_assert_int_eq(memory_live(), live);
}
END_TEST

/* Only chunk 0 is claimed, and its row reaches over thousands of blocks, to the end: it gets them
 * all, and so does whoever claims them after. */
START_TEST(an_open_row_never_deadlocks)
{
    enum { LENGTH = 100000, BLOCK = 16 };
    uint64_t seed = 1;
    struct inputs at = {.count = 0};
    add_pipe(&at, LENGTH, 4096);
    add_pipe(&at, 100, 10);
    start(&at, BLOCK, _i);
    struct chunk chunk;
    ck_assert_int_eq(feed_claim(at.feed, &chunk, NULL), SHEAF_OK);
    for (uint64_t offset = 0; offset < LENGTH; offset += 9999)
        ck_assert(reads_right(&at, 0, offset, 9999));
    ck_assert(reads_right(&at, 0, 0, LENGTH + 1));
    feed_finish(at.feed, 0);
    for (uint64_t number = 1; number < (LENGTH + BLOCK - 1) / BLOCK; number++) {
        ck_assert_int_eq(feed_claim(at.feed, &chunk, NULL), SHEAF_OK);
        if (number % 100 == 0)
            ck_assert(reads_right(&at, 0, chunk.offset, unit_random(&seed) % 3000));
        feed_finish(at.feed, number);
    }
    ck_assert_int_eq(feed_claim(at.feed, &chunk, NULL), SHEAF_OK);
    ck_assert_uint_eq(chunk.file, 1);
    ck_assert(chunk.first);
    finish(&at);
}
END_TEST

/* A block stays as long as its chunk, or one before it, is open. */
START_TEST(blocks_stay_until_they_are_finished)
{
    enum { BLOCKS = 200, BLOCK = 8 };
    struct inputs at = {.count = 0};
    add_pipe(&at, BLOCKS * BLOCK, 100);
    start(&at, BLOCK, _i);
    struct chunk chunk;
    for (uint64_t number = 0; number < BLOCKS; number++) {
        ck_assert_int_eq(feed_claim(at.feed, &chunk, NULL), SHEAF_OK);
        if (number % 50 != 7)
            feed_finish(at.feed, number);
    }
    for (uint64_t open = 7; open < BLOCKS; open += 50) {
        ck_assert(reads_right(&at, 0, open * BLOCK, BLOCKS * BLOCK));
        feed_finish(at.feed, open);
    }
    ck_assert_int_eq(feed_claim(at.feed, &chunk, NULL), SHEAF_END);
    finish(&at);
}
END_TEST

/* ---- stops and failures ------------------------------------------------------------------- */

/* After the stop no claim is given, but a row that is open gets its bytes. */
START_TEST(a_stop_ends_claims_only)
{
    struct inputs at = {.count = 0};
    add_pipe(&at, 50000, 1000);
    start(&at, 10, _i);
    struct chunk chunk;
    struct sheaf_error error;
    ck_assert_int_eq(feed_claim(at.feed, &chunk, NULL), SHEAF_OK);
    feed_stop(at.feed);
    feed_stop(at.feed);
    ck_assert_int_eq(feed_claim(at.feed, &chunk, &error), SHEAF_STOPPED);
    ck_assert_int_eq(error.status, SHEAF_STOPPED);
    ck_assert(reads_right(&at, 0, 0, 50000));
    feed_finish(at.feed, 0);
    ck_assert_int_eq(feed_claim(at.feed, &chunk, NULL), SHEAF_STOPPED);
    finish(&at);
}
END_TEST

static void *set_token_soon(void *token)
{
    const struct timespec moment = {.tv_nsec = 20000000};
    nanosleep(&moment, NULL);
    sheaf_cancel_set(token, 15);
    return NULL;
}

/* A set token ends a claim, or the reading of an open row, that waits for a silent pipe. */
static void stop_by_token(int reader, bool by_claim)
{
    struct inputs at = {.count = 0};
    ck_assert_int_eq(sheaf_cancel_open(&at.token, NULL), SHEAF_OK);
    add_silent_pipe(&at, 30);
    start(&at, 10, reader);
    struct chunk chunk;
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(feed_claim(at.feed, &chunk, NULL), SHEAF_OK);
    pthread_t setter;
    ck_assert_int_eq(pthread_create(&setter, NULL, set_token_soon, at.token), 0);
    struct sheaf_error error = {.status = SHEAF_OK};
    char read[50];
    size_t got;
    const enum sheaf_status status =
        by_claim ? feed_claim(at.feed, &chunk, &error)
                 : feed_read(at.feed, 0, 30, read, sizeof read, &got, &error);
    ck_assert_int_eq(status, SHEAF_STOPPED);
    ck_assert_int_eq(error.status, SHEAF_STOPPED);
    ck_assert_int_eq(pthread_join(setter, NULL), 0);
    ck_assert_int_eq(feed_claim(at.feed, &chunk, NULL), SHEAF_STOPPED);
    finish(&at);
    sheaf_cancel_close(at.token);
}

START_TEST(a_token_ends_a_waiting_claim)
{
    stop_by_token(_i, true);
}
END_TEST

START_TEST(a_token_ends_a_waiting_read)
{
    stop_by_token(_i, false);
}
END_TEST

/* Without a token too: closing ends the reader's wait for bytes that may never come. */
START_TEST(closing_does_not_wait_for_a_silent_pipe)
{
    const int64_t live = memory_live();
    for (int stopped = 0; stopped < 2; stopped++) {
        struct inputs at = {.count = 0};
        add_silent_pipe(&at, 15);
        start(&at, 10, _i);
        struct chunk chunk;
        ck_assert_int_eq(feed_claim(at.feed, &chunk, NULL), SHEAF_OK);
        if (stopped != 0)
            feed_stop(at.feed);
        feed_finish(at.feed, 0);
        finish(&at);
        ck_assert_int_eq(memory_live(), live);
    }
}
END_TEST

/* A file beside a stream that shrinks: an error, never a shorter dataset. */
START_TEST(a_failing_input_fails_the_claim)
{
    struct inputs at = {.count = 0};
    add_pipe(&at, 100, 10);
    add_file(&at, 1000);
    ck_assert_int_eq(ftruncate(at.sources[1].descriptor, 500), 0);
    start(&at, 50, _i);
    struct chunk chunk;
    struct sheaf_error error = {.status = SHEAF_OK};
    enum sheaf_status status = SHEAF_OK;
    int claims = 0;
    while ((status = feed_claim(at.feed, &chunk, &error)) == SHEAF_OK) {
        claims++;
        ck_assert(reads_right(&at, chunk.file, chunk.offset, chunk.length));
        feed_finish(at.feed, chunk.number);
    }
    ck_assert_int_eq(status, SHEAF_DATA);
    ck_assert_int_eq(error.status, SHEAF_DATA);
    ck_assert_ptr_nonnull(strstr(error.text, "changed while it was read"));
    ck_assert_int_eq(claims, 2 + 10);
    finish(&at);
}
END_TEST

/* The n-th allocation fails, in the reader or here: an error, or all blocks; nothing leaks. */
START_TEST(memory_failures_are_clean)
{
    enum { LENGTH = 3000, BLOCK = 7, OPEN = 50 };
    const int64_t live = memory_live();
    uint64_t failures = 0;
    for (uint64_t n = 1; n < 400; n += n < 30 ? 1 : 17) {
        struct inputs at = {.count = 0};
        add_pipe(&at, LENGTH, 1000);
        const struct feed_setup setup = {.inputs = at.inputs,
                                         .count = 1,
                                         .begins = at.begins,
                                         .run.chunk_size = BLOCK,
                                         .run.workers = 1,
                                         .run.reader = (enum dataset_reader)_i};
        struct chunk chunk;
        struct sheaf_error error = {.status = SHEAF_OK};
        uint64_t claimed = 0;
        memory_fail_at(n);
        enum sheaf_status status = feed_open(&setup, &at.feed, &error);
        while (status == SHEAF_OK) {
            status = feed_claim(at.feed, &chunk, &error);
            if (status == SHEAF_OK && ++claimed > OPEN)
                feed_finish(at.feed, claimed - OPEN - 1);
        }
        memory_fail_at(0);
        failures += status == SHEAF_SYSTEM;
        if (status == SHEAF_END)
            ck_assert_uint_eq(claimed, (LENGTH + BLOCK - 1) / BLOCK);
        else
            ck_assert_int_eq(error.status, SHEAF_SYSTEM);
        finish(&at);
        ck_assert_int_eq(memory_live(), live);
    }
    ck_assert_uint_gt(failures, 10);
}
END_TEST

/* ---- many claimants ---------------------------------------------------------------------- */

struct hammer {
    struct inputs *at;
    atomic_uint failures;
    _Atomic uint64_t bytes;
    _Atomic uint8_t seen[1 << 17];
};

static void *hammer_main(void *argument)
{
    struct hammer *hammer = argument;
    struct chunk chunk;
    uint64_t seed = (uint64_t)(uintptr_t)&chunk;
    uint64_t next = 0;
    while (feed_claim(hammer->at->feed, &chunk, NULL) == SHEAF_OK) {
        if (chunk.number < next || atomic_exchange(&hammer->seen[chunk.number], 1) != 0)
            atomic_fetch_add(&hammer->failures, 1);
        next = chunk.number + 1;
        const uint64_t draw = unit_random(&seed);
        const size_t length = chunk.length + (draw % 16 == 0 ? draw / 16 % 5000 : 0);
        if (!reads_right(hammer->at, chunk.file, chunk.offset, length))
            atomic_fetch_add(&hammer->failures, 1);
        if (draw % 32 == 0)
            sched_yield();
        atomic_fetch_add(&hammer->bytes, chunk.length);
        feed_finish(hammer->at->feed, chunk.number);
    }
    return NULL;
}

START_TEST(workers_share_the_blocks)
{
    static const struct {
        uint64_t chunk_size;
        size_t length;
    } sizes[] = {{1, 4000}, {16, 60000}, {1000, 900000}, {65536, MOST}};
    static struct hammer hammer;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct inputs at = {.count = 0};
        memset(&hammer, 0, sizeof hammer);
        hammer.at = &at;
        add_pipe(&at, sizes[i].length, 3000);
        add_file(&at, 1000);
        add_pipe(&at, 0, 1);
        add_pipe(&at, 2000, 7);
        start(&at, sizes[i].chunk_size, DATASET_READER_THREAD);
        pthread_t workers[WORKERS];
        for (int w = 0; w < WORKERS; w++)
            ck_assert_int_eq(pthread_create(&workers[w], NULL, hammer_main, &hammer), 0);
        for (int w = 0; w < WORKERS; w++)
            ck_assert_int_eq(pthread_join(workers[w], NULL), 0);
        ck_assert_uint_eq(hammer.failures, 0);
        ck_assert_uint_eq(hammer.bytes, sizes[i].length + 3000);
        finish(&at);
    }
}
END_TEST

struct stopper {
    struct inputs *at;
    atomic_int *go;
    bool claimed[64];
};

/* Claims like a worker that stops the run at its first chunk past the first eight. */
static void *stopper_main(void *argument)
{
    struct stopper *stopper = argument;
    struct chunk chunk;
    while (atomic_load(stopper->go) == 0)
        sched_yield();
    while (feed_claim(stopper->at->feed, &chunk, NULL) == SHEAF_OK) {
        if (chunk.number >= 8)
            feed_stop(stopper->at->feed);
        stopper->claimed[chunk.number] = true;
        feed_finish(stopper->at->feed, chunk.number);
    }
    return NULL;
}

/* However a stop meets the claims: what is claimed has no gap, for a worker that reads a later
 * chunk waits for what those before it publish. */
START_TEST(a_stop_leaves_no_gap)
{
    enum { BLOCK = 4, BLOCKS = 64, ROUNDS = 1000 };
    for (int round = 0; round < ROUNDS; round++) {
        struct inputs at = {.count = 0};
        atomic_int go = 0;
        struct stopper stoppers[WORKERS];
        pthread_t threads[WORKERS];
        add_silent_pipe(&at, BLOCK * BLOCKS);
        start(&at, BLOCK, DATASET_READER_THREAD);
        for (int w = 0; w < WORKERS; w++) {
            stoppers[w] = (struct stopper){.at = &at, .go = &go};
            ck_assert_int_eq(pthread_create(&threads[w], NULL, stopper_main, &stoppers[w]), 0);
        }
        atomic_store(&go, 1);
        for (int w = 0; w < WORKERS; w++)
            ck_assert_int_eq(pthread_join(threads[w], NULL), 0);
        bool is_open = true;
        for (int number = 0; number < BLOCKS; number++) {
            bool is_claimed = false;
            for (int w = 0; w < WORKERS; w++)
                is_claimed = is_claimed || stoppers[w].claimed[number];
            ck_assert_msg(is_open || !is_claimed, "round %d: %d is claimed, not all before it",
                          round, number);
            is_open = is_claimed;
        }
        finish(&at);
    }
}
END_TEST

static Suite *feed_suite(void)
{
    Suite *suite = suite_create("feed");
    TCase *tests = tcase_create("feed");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, blocks_cover_each_byte_once, 0, READERS);
    tcase_add_loop_test(tests, closed_at_any_time, 0, READERS);
    tcase_add_loop_test(tests, memory_is_bounded, 0, READERS);
    tcase_add_loop_test(tests, an_open_row_never_deadlocks, 0, READERS);
    tcase_add_loop_test(tests, blocks_stay_until_they_are_finished, 0, READERS);
    tcase_add_loop_test(tests, a_stop_ends_claims_only, 0, READERS);
    tcase_add_loop_test(tests, a_token_ends_a_waiting_claim, 0, READERS);
    tcase_add_loop_test(tests, a_token_ends_a_waiting_read, 0, READERS);
    tcase_add_loop_test(tests, closing_does_not_wait_for_a_silent_pipe, 0, READERS);
    tcase_add_loop_test(tests, a_failing_input_fails_the_claim, 0, READERS);
    tcase_add_loop_test(tests, memory_failures_are_clean, 0, READERS);
    tcase_add_test(tests, workers_share_the_blocks);
    tcase_add_test(tests, a_stop_leaves_no_gap);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(feed_suite)

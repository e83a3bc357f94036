/* io/dataset.h over regular files (test_feed.c has the streams): chunks cover every byte once, in
 * order, within the window. */
#include "io/dataset.h"

#include "base/memory.h"
#include "sheaf/cancel.h"
#include "sources.h"
#include "unit/unit.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FILES = 6, MOST = 4000, WORKERS = 4 };

static char bytes[FILES][MOST];

struct files {
    struct source sources[FILES];
    const char *paths[FILES];
    uint64_t begins[FILES];
    uint32_t count;
};

static void make_files(struct files *files, uint32_t count, const size_t *lengths)
{
    files->count = count;
    for (uint32_t i = 0; i < count; i++) {
        source_fill(bytes[i], lengths[i], i + 1);
        source_file(&files->sources[i], bytes[i], lengths[i]);
        files->paths[i] = files->sources[i].path;
        files->begins[i] = 0;
    }
}

static void close_files(struct files *files)
{
    for (uint32_t i = 0; i < files->count; i++)
        source_close(&files->sources[i]);
}

static struct dataset *open_files(const struct files *files)
{
    struct dataset *dataset;
    ck_assert_int_eq(dataset_open(files->paths, files->count, NULL, &dataset, NULL), SHEAF_OK);
    for (uint32_t i = 0; i < files->count; i++)
        dataset_set_begin(dataset, i, files->begins[i]);
    return dataset;
}

/* ---- one claimant ------------------------------------------------------------------------ */

/* The next chunk in the only order there is. */
static void check_chunk(const struct files *files, uint64_t chunk_size, const struct chunk *chunk,
                        uint32_t *file, uint64_t *offset)
{
    while (*offset >= files->sources[*file].length) {
        ++*file;
        ck_assert_uint_lt(*file, files->count);
        *offset = files->begins[*file];
    }
    const uint64_t left = files->sources[*file].length - *offset;
    ck_assert_uint_eq(chunk->file, *file);
    ck_assert_uint_eq(chunk->offset, *offset);
    ck_assert_uint_eq(chunk->length, left < chunk_size ? left : chunk_size);
    ck_assert_int_eq(chunk->first, *offset == files->begins[*file]);
    *offset += chunk->length;
}

/* Looks at all that follows the chunk's first byte, and reads it. */
static void check_bytes(const struct files *files, struct dataset *dataset,
                        const struct chunk *chunk, enum dataset_access access)
{
    char read[MOST + DATASET_PADDING];
    const size_t left = files->sources[chunk->file].length - chunk->offset;
    struct dataset_view view = {.file = chunk->file, .offset = chunk->offset, .length = MOST};
    ck_assert_int_eq(dataset_read(dataset, chunk->file, chunk->offset, read, MOST, &view.got, NULL),
                     SHEAF_OK);
    ck_assert_uint_eq(view.got, left);
    ck_assert_int_eq(memcmp(read, bytes[chunk->file] + chunk->offset, left), 0);
    view.buffer = read;
    ck_assert_int_eq(dataset_look(dataset, &view, NULL), SHEAF_OK);
    ck_assert_uint_eq(view.got, left);
    ck_assert_int_eq(memcmp(view.bytes, bytes[chunk->file] + chunk->offset, left), 0);
    char padding[DATASET_PADDING];
    memcpy(padding, view.bytes + left, sizeof padding);
    ck_assert_int_eq(view.bytes != read, access == DATASET_MMAP);
    ck_assert_int_eq(dataset_is_mapped(dataset, chunk->file), access == DATASET_MMAP);
    view.offset += left;
    ck_assert_int_eq(dataset_look(dataset, &view, NULL), SHEAF_OK);
    ck_assert_uint_eq(view.got, 0);
}

static void claim_all(const struct files *files, uint64_t chunk_size, enum dataset_access access)
{
    const struct dataset_run run = {.chunk_size = chunk_size, .workers = 1, .access = access};
    struct dataset *dataset = open_files(files);
    const uint64_t expected = dataset_chunks(dataset, chunk_size, 0);
    ck_assert_int_eq(dataset_start(dataset, &run, NULL), SHEAF_OK);
    uint32_t file = 0;
    uint64_t offset = files->begins[0];
    struct chunk chunk;
    uint64_t number = 0;
    for (; dataset_claim(dataset, &chunk, NULL) == SHEAF_OK; number++) {
        ck_assert_uint_eq(chunk.number, number);
        check_chunk(files, chunk_size, &chunk, &file, &offset);
        check_bytes(files, dataset, &chunk, access);
        dataset_finish(dataset, number);
    }
    ck_assert_uint_eq(number, expected);
    for (; file < files->count; offset = ++file < files->count ? files->begins[file] : 0)
        ck_assert_uint_ge(offset, files->sources[file].length);
    ck_assert_int_eq(dataset_claim(dataset, &chunk, NULL), SHEAF_END);
    dataset_close(dataset);
}

static void make_random_files(struct files *files, uint64_t *seed, uint64_t most)
{
    size_t lengths[FILES];
    const uint32_t count = 1 + (uint32_t)(unit_random(seed) % FILES);
    for (uint32_t i = 0; i < count; i++)
        lengths[i] = unit_random(seed) % most;
    make_files(files, count, lengths);
    for (uint32_t i = 0; i < count; i++)
        files->begins[i] = unit_random(seed) % (lengths[i] + 1);
}

START_TEST(chunks_cover_each_byte_once)
{
    uint64_t seed = unit_seed("chunks_cover_each_byte_once", 31);
    for (int round = 0; round < 60; round++) {
        struct files files;
        make_random_files(&files, &seed, round % 2 == 0 ? 4 : 120);
        static const uint64_t sizes[] = {1, 2, 3, 7, 64, 100, UINT64_MAX};
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            claim_all(&files, sizes[i], (enum dataset_access)_i);
        close_files(&files);
    }
}
END_TEST

/* With a tail, chunks of the asked size are followed by smaller ones, and none is left out. */
START_TEST(the_tail_is_cut_smaller)
{
    static const uint64_t tails[] = {1, 100000, 131072, 400000, 1 << 20, UINT64_MAX};
    enum { SIZE = 1 << 20, CHUNK = 128 << 10, SMALL = 32 << 10 };
    static char zeros[SIZE];
    struct files files = {.count = 2, .begins = {5, 77}};
    for (uint32_t i = 0; i < 2; i++) {
        source_file(&files.sources[i], zeros, SIZE);
        files.paths[i] = files.sources[i].path;
    }
    struct dataset *dataset = open_files(&files);
    const uint64_t tail = tails[_i];
    const struct dataset_run run = {.chunk_size = CHUNK, .workers = 2, .tail = tail};
    const uint64_t expected = dataset_chunks(dataset, CHUNK, tail);
    ck_assert_int_eq(dataset_start(dataset, &run, NULL), SHEAF_OK);
    struct chunk chunk;
    uint64_t offset = 5;
    uint64_t number = 0;
    for (; dataset_claim(dataset, &chunk, NULL) == SHEAF_OK; number++) {
        if (chunk.first && chunk.file == 1) {
            ck_assert_uint_eq(offset, SIZE);
            offset = 77;
        }
        ck_assert_uint_eq(chunk.offset, offset);
        offset += chunk.length;
        const uint64_t left = SIZE - chunk.offset;
        /* The tail begins with the first chunk that would reach into the last bytes. */
        const bool small = chunk.file == 1 && (tail > left || left - tail < CHUNK);
        const uint64_t most = small ? SMALL : CHUNK;
        ck_assert_uint_eq(chunk.length, left < most ? left : most);
        dataset_finish(dataset, number);
    }
    ck_assert_uint_eq(offset, SIZE);
    ck_assert_uint_eq(number, expected);
    dataset_close(dataset);
    close_files(&files);
}
END_TEST

/* What a mapped file loses is zeros to a reader; the check tells. */
START_TEST(a_mapped_file_cut_short)
{
    enum { SIZE = 64 << 10 };
    static char data[SIZE];
    struct files files = {.count = 1};
    source_fill(data, SIZE, 9);
    source_file(&files.sources[0], data, SIZE);
    files.paths[0] = files.sources[0].path;
    struct dataset *dataset = open_files(&files);
    const struct dataset_run run = {.chunk_size = SIZE, .workers = 1, .access = DATASET_MMAP};
    ck_assert_int_eq(dataset_start(dataset, &run, NULL), SHEAF_OK);
    static char buffer[SIZE + DATASET_PADDING];
    struct dataset_view view = {.length = SIZE, .buffer = buffer};
    ck_assert_int_eq(dataset_look(dataset, &view, NULL), SHEAF_OK);
    ck_assert_int_eq(ftruncate(files.sources[0].descriptor, 10000), 0);
    ck_assert_int_eq(memcmp(view.bytes, data, 10000), 0);
    for (size_t i = 10000; i < SIZE; i++)
        ck_assert_int_eq(view.bytes[i], 0);
    struct sheaf_error error;
    ck_assert_int_eq(dataset_check_unchanged(dataset, &error), SHEAF_DATA);
    ck_assert_ptr_nonnull(strstr(error.text, "changed while it was read"));
    dataset_close(dataset);
    close_files(&files);
}
END_TEST

START_TEST(what_is_there)
{
    struct files files;
    make_files(&files, 3, (const size_t[]){10, 0, 25});
    struct dataset *dataset = open_files(&files);
    ck_assert_uint_eq(dataset_files(dataset), 3);
    ck_assert_str_eq(dataset_name(dataset, 2), files.paths[2]);
    ck_assert(!dataset_has_stream(dataset));
    ck_assert_uint_eq(dataset_size(dataset), 35);
    ck_assert_int_ge(dataset_descriptor(dataset, 1), 0);
    ck_assert_uint_eq(dataset_chunks(dataset, 10, 0), 4);
    dataset_set_begin(dataset, 2, 25);
    ck_assert_uint_eq(dataset_chunks(dataset, 10, 0), 1);
    ck_assert_int_eq(dataset_check_unchanged(dataset, NULL), SHEAF_OK);
    ck_assert_int_eq(ftruncate(files.sources[2].descriptor, 24), 0);
    struct sheaf_error error;
    ck_assert_int_eq(dataset_check_unchanged(dataset, &error), SHEAF_DATA);
    ck_assert_ptr_nonnull(strstr(error.text, files.paths[2]));
    dataset_close(dataset);
    close_files(&files);
    dataset_close(NULL);
}
END_TEST

START_TEST(no_path_is_standard_input)
{
    struct source source;
    source_file(&source, "abc", 3);
    ck_assert_int_eq(lseek(source.descriptor, 0, SEEK_SET), 0);
    ck_assert_int_eq(dup2(source.descriptor, STDIN_FILENO), STDIN_FILENO);
    struct dataset *dataset;
    ck_assert_int_eq(dataset_open(NULL, 0, NULL, &dataset, NULL), SHEAF_OK);
    ck_assert_uint_eq(dataset_files(dataset), 1);
    ck_assert_str_eq(dataset_name(dataset, 0), "standard input");
    ck_assert_uint_eq(dataset_size(dataset), 3);
    dataset_close(dataset);
    source_close(&source);
}
END_TEST

START_TEST(wrong_paths)
{
    const int64_t live = memory_live();
    static const char *const twice[] = {"-", "/dev/null", "-"};
    static const char *const missing[] = {"/dev/null", "/nowhere", "/dev/null"};
    struct dataset *dataset = NULL;
    struct sheaf_error error;
    ck_assert_int_eq(dataset_open(twice, 3, NULL, &dataset, &error), SHEAF_USAGE);
    ck_assert_ptr_null(dataset);
    ck_assert_int_eq(dataset_open(missing, 3, NULL, &dataset, &error), SHEAF_SYSTEM);
    ck_assert_ptr_nonnull(strstr(error.text, "/nowhere"));
    ck_assert_ptr_null(dataset);
    ck_assert_int_eq(memory_live(), live);
}
END_TEST

START_TEST(memory_failures_are_clean)
{
    const int64_t live = memory_live();
    static const char *const paths[] = {"/dev/null", "/proc/self/status"};
    enum sheaf_status status = SHEAF_SYSTEM;
    uint64_t n = 0;
    while (status != SHEAF_OK) {
        struct dataset *dataset = NULL;
        memory_fail_at(++n);
        status = dataset_open(paths, 2, NULL, &dataset, NULL);
        if (status == SHEAF_OK)
            status = dataset_start(dataset, &(struct dataset_run){.chunk_size = 1000, .workers = 2},
                                   NULL);
        memory_fail_at(0);
        ck_assert(status == SHEAF_OK || status == SHEAF_SYSTEM);
        dataset_close(dataset);
        ck_assert_int_eq(memory_live(), live);
    }
    ck_assert_uint_gt(n, 8);
}
END_TEST

/* ---- the window, and stops --------------------------------------------------------------- */

static void *stop_soon(void *dataset)
{
    const struct timespec moment = {.tv_nsec = 20000000};
    nanosleep(&moment, NULL);
    dataset_stop(dataset);
    return NULL;
}

/* With chunk `open` unfinished no chunk past open + CHUNK_WINDOW is given: the claim waits, here
 * for the stop. */
START_TEST(claims_wait_for_the_window)
{
    struct files files;
    make_files(&files, 2, (const size_t[]){MOST, MOST});
    struct dataset *dataset = open_files(&files);
    ck_assert_int_eq(
        dataset_start(dataset, &(struct dataset_run){.chunk_size = 2, .workers = 4}, NULL),
        SHEAF_OK);
    const uint64_t open = (uint64_t)_i;
    struct chunk chunk;
    for (uint64_t number = 0; number <= open + CHUNK_WINDOW; number++) {
        ck_assert_int_eq(dataset_claim(dataset, &chunk, NULL), SHEAF_OK);
        ck_assert_uint_eq(chunk.number, number);
        if (number != open)
            dataset_finish(dataset, number);
    }
    pthread_t stopper;
    ck_assert_int_eq(pthread_create(&stopper, NULL, stop_soon, dataset), 0);
    ck_assert_int_eq(dataset_claim(dataset, &chunk, NULL), SHEAF_STOPPED);
    ck_assert_int_eq(pthread_join(stopper, NULL), 0);
    dataset_finish(dataset, open);
    ck_assert_int_eq(dataset_claim(dataset, &chunk, NULL), SHEAF_STOPPED);
    dataset_close(dataset);
    close_files(&files);
}
END_TEST

START_TEST(a_set_token_stops_claims)
{
    struct sheaf_cancel *token;
    struct files files;
    struct dataset *dataset;
    struct chunk chunk;
    struct sheaf_error error;
    ck_assert_int_eq(sheaf_cancel_open(&token, NULL), SHEAF_OK);
    make_files(&files, 1, (const size_t[]){100});
    ck_assert_int_eq(dataset_open(files.paths, 1, token, &dataset, NULL), SHEAF_OK);
    ck_assert_int_eq(
        dataset_start(dataset, &(struct dataset_run){.chunk_size = 10, .workers = 1}, NULL),
        SHEAF_OK);
    ck_assert_int_eq(dataset_claim(dataset, &chunk, NULL), SHEAF_OK);
    sheaf_cancel_set(token, 2);
    ck_assert_int_eq(dataset_claim(dataset, &chunk, &error), SHEAF_STOPPED);
    ck_assert_int_eq(error.status, SHEAF_STOPPED);
    dataset_finish(dataset, 0);
    dataset_close(dataset);
    close_files(&files);
    sheaf_cancel_close(token);
}
END_TEST

/* A stream becomes a file, in the directory that was named. */
START_TEST(a_spooled_stream)
{
    struct source source;
    struct dataset *dataset;
    struct sheaf_error error = {.status = SHEAF_OK};
    source_fill(bytes[0], 100, 1);
    source_pipe(&source, bytes[0], 100, 100);
    const char *paths[] = {source.path};
    ck_assert_int_eq(dataset_open(paths, 1, NULL, &dataset, NULL), SHEAF_OK);
    dataset_set_temporary(dataset, "/none/such");
    ck_assert_int_eq(dataset_spool(dataset, 0, 100, &error), SHEAF_SYSTEM);
    ck_assert_ptr_nonnull(strstr(error.text, "/none/such"));
    ck_assert(dataset_has_stream(dataset));
    dataset_set_temporary(dataset, NULL);
    ck_assert_int_eq(dataset_spool(dataset, 0, 60, NULL), SHEAF_OK);
    ck_assert(!dataset_has_stream(dataset) && dataset_reads_once(dataset));
    ck_assert_uint_eq(dataset_size(dataset), 60);
    dataset_close(dataset);
    source_close(&source);
}
END_TEST

/* ---- many claimants ---------------------------------------------------------------------- */

struct hammer {
    struct dataset *dataset;
    _Atomic uint8_t finished[2 * MOST + 1]; /* of each chunk: set before it is given back */
    _Atomic uint64_t claims;
    atomic_uint failures;
    _Atomic uint64_t bytes;
};

static void hammer_chunk(struct hammer *hammer, const struct chunk *chunk, uint64_t *seed)
{
    char read[16 + DATASET_PADDING];
    struct dataset_view view = {
        .file = chunk->file, .offset = chunk->offset, .length = chunk->length, .buffer = read};
    if (chunk->number > CHUNK_WINDOW)
        for (uint64_t n = chunk->number - CHUNK_WINDOW, all = n; n > 0 && all - n < 64; n--)
            if (!atomic_load(&hammer->finished[n - 1]))
                atomic_fetch_add(&hammer->failures, 1);
    if (unit_random(seed) % 64 == 0) /* now and then one is slow */
        for (int i = 0; i < 50; i++)
            sched_yield();
    if (dataset_look(hammer->dataset, &view, NULL) != SHEAF_OK || view.got != chunk->length ||
        memcmp(view.bytes, bytes[chunk->file] + chunk->offset, view.got) != 0)
        atomic_fetch_add(&hammer->failures, 1);
    atomic_fetch_add(&hammer->bytes, view.got);
    if (atomic_exchange(&hammer->finished[chunk->number], 1) != 0)
        atomic_fetch_add(&hammer->failures, 1);
    dataset_finish(hammer->dataset, chunk->number);
}

static void *hammer_main(void *argument)
{
    struct hammer *hammer = argument;
    struct chunk chunk;
    uint64_t seed = (uint64_t)(uintptr_t)&chunk;
    uint64_t last = 0;
    for (bool first = true; dataset_claim(hammer->dataset, &chunk, NULL) == SHEAF_OK;
         first = false) {
        if (!first && chunk.number <= last)
            atomic_fetch_add(&hammer->failures, 1);
        last = chunk.number;
        atomic_fetch_add(&hammer->claims, 1);
        hammer_chunk(hammer, &chunk, &seed);
    }
    return NULL;
}

/* Each chunk once, ascending for each worker, all before the window finished. */
START_TEST(workers_share_the_chunks)
{
    struct files files;
    make_files(&files, 4, (const size_t[]){MOST, 1, 0, MOST});
    for (uint64_t chunk_size = 1; chunk_size < 12; chunk_size += 5) {
        const struct dataset_run run = {
            .chunk_size = chunk_size, .workers = WORKERS, .access = (enum dataset_access)_i};
        static struct hammer hammer;
        memset(&hammer, 0, sizeof hammer);
        hammer.dataset = open_files(&files);
        const uint64_t chunks = dataset_chunks(hammer.dataset, chunk_size, 0);
        ck_assert_int_eq(dataset_start(hammer.dataset, &run, NULL), SHEAF_OK);
        pthread_t workers[WORKERS];
        for (int i = 0; i < WORKERS; i++)
            ck_assert_int_eq(pthread_create(&workers[i], NULL, hammer_main, &hammer), 0);
        for (int i = 0; i < WORKERS; i++)
            ck_assert_int_eq(pthread_join(workers[i], NULL), 0);
        ck_assert_uint_eq(hammer.failures, 0);
        ck_assert_uint_eq(hammer.claims, chunks);
        ck_assert_uint_eq(hammer.bytes, 2 * MOST + 1);
        dataset_close(hammer.dataset);
    }
    close_files(&files);
}
END_TEST

static Suite *dataset_suite(void)
{
    Suite *suite = suite_create("dataset");
    TCase *tests = tcase_create("dataset");
    tcase_set_timeout(tests, 30);
    tcase_add_loop_test(tests, chunks_cover_each_byte_once, DATASET_AUTO, DATASET_MMAP + 1);
    tcase_add_loop_test(tests, the_tail_is_cut_smaller, 0, 6);
    tcase_add_test(tests, a_mapped_file_cut_short);
    tcase_add_test(tests, what_is_there);
    tcase_add_test(tests, no_path_is_standard_input);
    tcase_add_test(tests, wrong_paths);
    tcase_add_test(tests, a_spooled_stream);
    tcase_add_test(tests, memory_failures_are_clean);
    tcase_add_loop_test(tests, claims_wait_for_the_window, 0, 3);
    tcase_add_test(tests, a_set_token_stops_claims);
    tcase_add_loop_test(tests, workers_share_the_chunks, DATASET_AUTO, DATASET_MMAP + 1);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(dataset_suite)

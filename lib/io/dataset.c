#include "io/dataset.h"

#include "base/memory.h"
#include "io/chunk_window.h"
#include "io/feed.h"
#include "io/input.h"
#include "io/mapping.h"
#include "sheaf/cancel.h"
#include "sync/monitor.h"

#include <string.h>
#include <sys/resource.h>

_Static_assert((int)DATASET_PADDING <= (int)MAPPING_PADDING, "a mapping has the padding of a view");

struct dataset {
    struct input **inputs;
    uint64_t *begins;
    uint64_t *first_chunks; /* of each file; one more: the number of all */
    uint32_t files;
    bool has_stream;
    bool reads_once; /* an input was a stream when it was opened */
    const struct sheaf_cancel *cancel;
    const char *temporary; /* directory of spooled files; NULL: P_tmpdir */
    uint64_t chunk_size;
    uint64_t tail;     /* of the last file, in chunks of tail_chunk() */
    struct feed *feed; /* when there is a stream, from the start on */

    /* Regular files only: */
    _Atomic uint64_t next; /* chunk to be claimed */
    _Atomic bool stopped;
    struct monitor monitor;
    struct chunk_window window;
};

/* ---- opening ----------------------------------------------------------------------------- */

static enum sheaf_status check_paths(const char *const *paths, size_t count,
                                     struct sheaf_error *error)
{
    size_t standard = 0;
    for (size_t i = 0; i < count; i++)
        standard += strcmp(paths[i], "-") == 0;
    if (standard > 1)
        return error_set(error, SHEAF_USAGE, "standard input (-) can be named only once");
    if (count >= UINT32_MAX)
        return error_set(error, SHEAF_USAGE, "too many files: %zu", count);
    return SHEAF_OK;
}

enum sheaf_status dataset_open(const char *const *paths, size_t count,
                               const struct sheaf_cancel *cancel, struct dataset **out,
                               struct sheaf_error *error)
{
    static const char *const standard_input[] = {"-"};
    *out = NULL;
    TRY(check_paths(paths, count, error));
    if (count == 0) {
        paths = standard_input;
        count = 1;
    }
    struct dataset *dataset = memory_zeroed(1, sizeof *dataset);
    if (dataset == NULL)
        return error_no_memory(error, "the dataset");
    dataset->cancel = cancel;
    monitor_open(&dataset->monitor);
    dataset->inputs = memory_zeroed(count, sizeof(struct input *));
    dataset->begins = memory_zeroed(count, sizeof *dataset->begins);
    dataset->first_chunks = memory_zeroed(count + 1, sizeof *dataset->first_chunks);
    enum sheaf_status status = SHEAF_OK;
    if (dataset->inputs == NULL || dataset->begins == NULL || dataset->first_chunks == NULL)
        status = error_no_memory(error, "the dataset");
    for (size_t i = 0; i < count && status == SHEAF_OK; i++) {
        status = input_open(paths[i], cancel, &dataset->inputs[i], error);
        dataset->files++;
        if (status == SHEAF_OK && input_is_stream(dataset->inputs[i]))
            dataset->has_stream = dataset->reads_once = true;
    }
    if (status == SHEAF_OK)
        *out = dataset;
    else
        dataset_close(dataset);
    return status;
}

void dataset_end(struct dataset *dataset)
{
    feed_close(dataset->feed);
    dataset->feed = NULL;
}

void dataset_close(struct dataset *dataset)
{
    if (dataset == NULL)
        return;
    dataset_end(dataset);
    for (uint32_t file = 0; file < dataset->files; file++)
        input_close(dataset->inputs[file]);
    memory_free(dataset->inputs);
    memory_free(dataset->begins);
    memory_free(dataset->first_chunks);
    monitor_close(&dataset->monitor);
    memory_free(dataset);
}

/* ---- what is there ----------------------------------------------------------------------- */

uint32_t dataset_files(const struct dataset *dataset)
{
    return dataset->files;
}

const char *dataset_name(const struct dataset *dataset, uint32_t file)
{
    return input_name(dataset->inputs[file]);
}

bool dataset_has_stream(const struct dataset *dataset)
{
    return dataset->has_stream;
}

bool dataset_reads_once(const struct dataset *dataset)
{
    return dataset->reads_once;
}

uint64_t dataset_size(const struct dataset *dataset)
{
    uint64_t size = 0;
    for (uint32_t file = 0; file < dataset->files && !dataset->has_stream; file++)
        size += input_size(dataset->inputs[file]);
    return size;
}

bool dataset_is_stream(const struct dataset *dataset, uint32_t file)
{
    return input_is_stream(dataset->inputs[file]);
}

uint64_t dataset_file_size(const struct dataset *dataset, uint32_t file)
{
    return input_size(dataset->inputs[file]);
}

void dataset_set_temporary(struct dataset *dataset, const char *directory)
{
    dataset->temporary = directory;
}

enum sheaf_status dataset_spool(struct dataset *dataset, uint32_t file, uint64_t most,
                                struct sheaf_error *error)
{
    TRY(input_spool(dataset->inputs[file], dataset->temporary, most, error));
    dataset->has_stream = false;
    for (uint32_t i = 0; i < dataset->files; i++)
        dataset->has_stream |= input_is_stream(dataset->inputs[i]);
    return SHEAF_OK;
}

int dataset_descriptor(const struct dataset *dataset, uint32_t file)
{
    return input_descriptor(dataset->inputs[file]);
}

enum sheaf_status dataset_check_unchanged(const struct dataset *dataset, struct sheaf_error *error)
{
    for (uint32_t file = 0; file < dataset->files; file++)
        TRY(input_check_unchanged(dataset->inputs[file], error));
    return SHEAF_OK;
}

/* ---- chunks ------------------------------------------------------------------------------ */

void dataset_set_begin(struct dataset *dataset, uint32_t file, uint64_t offset)
{
    dataset->begins[file] = offset;
}

/* How one file is cut: `large` chunks of `size` bytes, then `small` ones. */
struct cut {
    uint64_t size;
    uint64_t large;
    uint64_t small;
};

enum { TAIL_PARTS = 4, TAIL_CHUNK_LEAST = 32 << 10 };

static uint64_t tail_chunk(uint64_t chunk_size)
{
    const uint64_t size = chunk_size / TAIL_PARTS;
    return size < TAIL_CHUNK_LEAST ? TAIL_CHUNK_LEAST : size;
}

static uint64_t divide_up(uint64_t bytes, uint64_t size)
{
    return bytes / size + (bytes % size != 0);
}

static struct cut cut_file(const struct dataset *dataset, uint32_t file, uint64_t chunk_size,
                           uint64_t tail)
{
    const uint64_t size = input_size(dataset->inputs[file]);
    const uint64_t begin = dataset->begins[file];
    const uint64_t bytes = size > begin ? size - begin : 0;
    if (tail == 0 || file + 1 < dataset->files || chunk_size <= TAIL_CHUNK_LEAST)
        return (struct cut){.size = chunk_size, .large = divide_up(bytes, chunk_size)};
    const uint64_t large = (bytes > tail ? bytes - tail : 0) / chunk_size;
    return (struct cut){
        .size = chunk_size,
        .large = large,
        .small = divide_up(bytes - large * chunk_size, tail_chunk(chunk_size)),
    };
}

uint64_t dataset_chunks(const struct dataset *dataset, uint64_t chunk_size, uint64_t tail)
{
    uint64_t chunks = 0;
    if (dataset->has_stream)
        return UINT64_MAX;
    for (uint32_t file = 0; file < dataset->files; file++) {
        const struct cut cut = cut_file(dataset, file, chunk_size, tail);
        chunks += cut.large + cut.small;
    }
    return chunks;
}

/* ---- how bytes come ---------------------------------------------------------------------- */

const struct dataset_access_name dataset_access_table[] = {
    {"auto", "mmap for files of 1 MiB and more that are in memory already, else pread",
     DATASET_AUTO},
    {"pread", "copied into a buffer of the worker", DATASET_PREAD},
    {"mmap", "looked at in memory, where the system keeps files", DATASET_MMAP},
};
const size_t dataset_access_table_length =
    sizeof dataset_access_table / sizeof dataset_access_table[0];

enum { MAPPED_LEAST = 1 << 20 }; /* by default: a mapping costs some system calls */

/* True when this process may use as many addresses as there are: a mapping takes none from what
 * the job needs. */
static bool has_addresses(void)
{
    struct rlimit space;
    return getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur == RLIM_INFINITY;
}

/* From the disk, reads of a chunk at once are faster than the faults of several threads. */
static bool pays_to_map(const struct input *input)
{
    return input_size(input) >= MAPPED_LEAST && input_is_in_memory(input);
}

static void map_files(struct dataset *dataset, enum dataset_access access)
{
    for (uint32_t file = 0; file < dataset->files; file++)
        input_read_ahead(dataset->inputs[file]);
    if (access == DATASET_PREAD || (access == DATASET_AUTO && !has_addresses()))
        return;
    for (uint32_t file = 0; file < dataset->files; file++)
        if (access == DATASET_MMAP || pays_to_map(dataset->inputs[file]))
            input_map(dataset->inputs[file]);
}

enum sheaf_status dataset_start(struct dataset *dataset, const struct dataset_run *run,
                                struct sheaf_error *error)
{
    dataset->chunk_size = run->chunk_size;
    dataset->tail = run->tail;
    if (dataset->has_stream) {
        const struct feed_setup setup = {
            .inputs = dataset->inputs,
            .count = dataset->files,
            .begins = dataset->begins,
            .run = *run,
            .cancel = dataset->cancel,
        };
        return feed_open(&setup, &dataset->feed, error);
    }
    for (uint32_t file = 0; file < dataset->files; file++) {
        const struct cut cut = cut_file(dataset, file, run->chunk_size, run->tail);
        dataset->first_chunks[file + 1] = dataset->first_chunks[file] + cut.large + cut.small;
    }
    map_files(dataset, run->access);
    return SHEAF_OK;
}

/* The file of a chunk: the last one whose first chunk is not above it (files may have none). */
static uint32_t file_of(const struct dataset *dataset, uint64_t number)
{
    uint32_t low = 0;
    uint32_t high = dataset->files;
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        if (dataset->first_chunks[middle] <= number)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void describe(const struct dataset *dataset, uint64_t number, struct chunk *out)
{
    const uint32_t file = file_of(dataset, number);
    const uint64_t index = number - dataset->first_chunks[file];
    const struct cut cut = cut_file(dataset, file, dataset->chunk_size, dataset->tail);
    const bool is_large = index < cut.large;
    const uint64_t size = is_large ? cut.size : tail_chunk(cut.size);
    const uint64_t offset = dataset->begins[file] + (is_large ? index : cut.large) * cut.size +
                            (is_large ? 0 : index - cut.large) * size;
    const uint64_t left = input_size(dataset->inputs[file]) - offset;
    *out = (struct chunk){
        .number = number,
        .offset = offset,
        .length = left < size ? left : size,
        .file = file,
        .first = index == 0,
    };
}

static void await_admission(struct dataset *dataset, uint64_t number)
{
    monitor_lock(&dataset->monitor);
    while (!chunk_window_admits(&dataset->window, number) && !atomic_load(&dataset->stopped))
        monitor_wait(&dataset->monitor);
    monitor_unlock(&dataset->monitor);
}

enum sheaf_status dataset_claim(struct dataset *dataset, struct chunk *out,
                                struct sheaf_error *error)
{
    if (dataset->feed != NULL)
        return feed_claim(dataset->feed, out, error);
    uint64_t number = atomic_load(&dataset->next);
    for (;;) {
        if (number >= dataset->first_chunks[dataset->files])
            return SHEAF_END;
        if (atomic_load(&dataset->stopped) || sheaf_cancel_reason(dataset->cancel) != 0)
            return error_set(error, SHEAF_STOPPED, "stopped");
        if (!chunk_window_admits(&dataset->window, number)) {
            await_admission(dataset, number);
            number = atomic_load(&dataset->next);
        } else if (atomic_compare_exchange_weak(&dataset->next, &number, number + 1)) {
            break;
        }
    }
    describe(dataset, number, out);
    return SHEAF_OK;
}

enum sheaf_status dataset_read(struct dataset *dataset, uint32_t file, uint64_t offset,
                               char *buffer, size_t length, size_t *got, struct sheaf_error *error)
{
    if (dataset->feed != NULL)
        return feed_read(dataset->feed, file, offset, buffer, length, got, error);
    return input_read_at(dataset->inputs[file], offset, buffer, length, got, error);
}

enum sheaf_status dataset_read_anywhere(struct dataset *dataset, uint32_t file, uint64_t offset,
                                        char *buffer, size_t length, size_t *got,
                                        struct sheaf_error *error)
{
    return input_read_at(dataset->inputs[file], offset, buffer, length, got, error);
}

enum sheaf_status dataset_read_some(struct dataset *dataset, uint32_t file, uint64_t offset,
                                    char *buffer, size_t length, size_t *got,
                                    struct sheaf_error *error)
{
    return input_read_some(dataset->inputs[file], offset, buffer, length, got, error);
}

enum sheaf_status dataset_look(struct dataset *dataset, struct dataset_view *view,
                               struct sheaf_error *error)
{
    const struct input *input = dataset->inputs[view->file];
    const char *mapped = dataset->feed == NULL ? input_mapped(input) : NULL;
    view->bytes = view->buffer;
    if (mapped == NULL)
        return dataset_read(dataset, view->file, view->offset, view->buffer, view->length,
                            &view->got, error);
    const uint64_t size = input_size(input);
    const uint64_t offset = view->offset < size ? view->offset : size;
    view->bytes = mapped + offset;
    view->got = size - offset < view->length ? (size_t)(size - offset) : view->length;
    return SHEAF_OK;
}

bool dataset_is_mapped(const struct dataset *dataset, uint32_t file)
{
    return dataset->feed == NULL && input_mapped(dataset->inputs[file]) != NULL;
}

/* What a chunk has of a mapping will hardly be looked at again. */
static void release(const struct dataset *dataset, uint64_t number)
{
    const struct input *input = dataset->inputs[file_of(dataset, number)];
    struct chunk chunk;
    if (input_mapped(input) == NULL)
        return;
    describe(dataset, number, &chunk);
    input_release(input, chunk.offset, chunk.length);
}

void dataset_finish(struct dataset *dataset, uint64_t number)
{
    if (dataset->feed != NULL) {
        feed_finish(dataset->feed, number);
        return;
    }
    release(dataset, number);
    monitor_lock(&dataset->monitor);
    if (chunk_window_finish_locked(&dataset->window, number))
        monitor_broadcast(&dataset->monitor);
    monitor_unlock(&dataset->monitor);
}

void dataset_stop(struct dataset *dataset)
{
    if (dataset->feed != NULL) {
        feed_stop(dataset->feed);
        return;
    }
    monitor_lock(&dataset->monitor);
    atomic_store(&dataset->stopped, true);
    monitor_broadcast(&dataset->monitor);
    monitor_unlock(&dataset->monitor);
}

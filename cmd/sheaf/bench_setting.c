#include "bench_setting.h"

#include "message.h"
#include "values.h"

#include "sheaf/job.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIST_MAX = 64 };

#define AUTO "auto"

/* The three lists, read. */
struct lists {
    const char *executors[LIST_MAX];
    uint64_t threads[LIST_MAX];
    char sizes[LIST_MAX][BENCH_SIZE_LENGTH]; /* as typed */
    uint64_t bytes[LIST_MAX];                /* what they mean; 0: auto */
    size_t executor_count;
    size_t thread_count;
    size_t size_count;
};

/* The items of a list are options of one value each: they are read, and refused, as those are. */
static const struct option_row executor_row = {.name = "executor", .entries = sheaf_executor};
static const struct option_row threads_row = {.name = "jobs", .most = 65535};
static const struct option_row size_row = {.name = "chunk-size", .least = 1, .most = INT64_MAX};

static bool read_executor(const char *item, size_t index, struct lists *out)
{
    return value_entry(&executor_row, item, &out->executors[index]);
}

static bool same_executor(const struct lists *lists, size_t one, size_t other)
{
    return strcmp(lists->executors[one], lists->executors[other]) == 0;
}

static bool read_threads(const char *item, size_t index, struct lists *out)
{
    if (!value_number(&threads_row, item, &out->threads[index]))
        return false;
    if (out->threads[index] == 0)
        out->threads[index] = sheaf_processors();
    return true;
}

static bool same_threads(const struct lists *lists, size_t one, size_t other)
{
    return lists->threads[one] == lists->threads[other];
}

static bool read_size(const char *item, size_t index, struct lists *out)
{
    out->bytes[index] = 0;
    if (strcmp(item, AUTO) != 0 && !value_size(&size_row, item, &out->bytes[index]))
        return false;
    strcpy(out->sizes[index], item); /* no item is longer: see read_list */
    return true;
}

static bool same_size(const struct lists *lists, size_t one, size_t other)
{
    return lists->bytes[one] == lists->bytes[other];
}

/* What a list holds. */
struct list_kind {
    const char *option;
    /* Stores the item numbered `index`. False, with a message, when it will not do. */
    bool (*read)(const char *item, size_t index, struct lists *out);
    /* True when two stored items mean the same. */
    bool (*same)(const struct lists *lists, size_t one, size_t other);
};

static const struct list_kind executor_list = {"executor", read_executor, same_executor};
static const struct list_kind thread_list = {"jobs", read_threads, same_threads};
static const struct list_kind size_list = {"chunk-size", read_size, same_size};

/* True when an item before the one numbered `index` means the same. */
static bool is_repeated(const struct list_kind *kind, const struct lists *lists, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (kind->same(lists, i, index))
            return true;
    return false;
}

/* Reads the items of "A,B,C", each once. */
static bool read_list(const struct list_kind *kind, const char *list, struct lists *out,
                      size_t *count)
{
    *count = 0;
    for (const char *at = list; at != NULL;) {
        char item[BENCH_SIZE_LENGTH];
        const size_t length = strcspn(at, ",");
        if (length >= sizeof item) {
            message("--%s: %s holds an item that is too long", kind->option, quoted(list).text);
            return false;
        }
        if (*count == LIST_MAX) {
            message("--%s: more than %d items", kind->option, LIST_MAX);
            return false;
        }
        memcpy(item, at, length);
        item[length] = '\0';
        if (!kind->read(item, *count, out))
            return false;
        if (!is_repeated(kind, out, *count))
            ++*count;
        at = at[length] == ',' ? at + length + 1 : NULL;
    }
    return true;
}

static void all_executors(struct lists *out)
{
    const char *name;
    while (out->executor_count < LIST_MAX &&
           (name = sheaf_executor(out->executor_count).name) != NULL)
        out->executors[out->executor_count++] = name;
}

static bool read_lists(const struct settings *settings, struct lists *out)
{
    if (settings->executor_list == NULL)
        all_executors(out);
    else if (!read_list(&executor_list, settings->executor_list, out, &out->executor_count))
        return false;
    const char *threads = settings->jobs_list == NULL ? "1,0" : settings->jobs_list;
    const char *sizes = settings->chunk_size_list == NULL ? AUTO : settings->chunk_size_list;
    return read_list(&thread_list, threads, out, &out->thread_count) &&
           read_list(&size_list, sizes, out, &out->size_count);
}

/* Appends the settings of one executor and number of threads. */
static void add_sizes(struct bench_settings *out, const struct lists *lists, const char *executor,
                      uint64_t threads)
{
    for (size_t i = 0; i < lists->size_count; i++) {
        struct bench_setting *item = &out->items[out->count++];
        *item = (struct bench_setting){.executor = executor, .threads = (unsigned)threads};
        strcpy(item->chunk_size, lists->sizes[i]);
    }
}

bool bench_settings_open(const struct settings *settings, struct bench_settings *out)
{
    *out = (struct bench_settings){.items = NULL};
    struct lists lists = {.executor_count = 0};
    if (!read_lists(settings, &lists))
        return false;
    out->items = calloc(lists.executor_count * lists.thread_count * lists.size_count,
                        sizeof *out->items); /* each at most LIST_MAX */
    if (out->items == NULL) {
        message("no memory for the settings");
        return false;
    }
    for (size_t i = 0; i < lists.executor_count; i++)
        for (size_t j = 0; j < lists.thread_count; j++)
            if (lists.threads[j] == 1 || strcmp(lists.executors[i], "serial") != 0)
                add_sizes(out, &lists, lists.executors[i], lists.threads[j]);
    if (out->count > 0)
        return true;
    message("nothing to compare: serial is run with one thread, and --jobs has no 1");
    bench_settings_close(out);
    return false;
}

void bench_settings_close(struct bench_settings *settings)
{
    free(settings->items);
    *settings = (struct bench_settings){.items = NULL};
}

bool bench_setting_is_auto(const struct bench_setting *setting)
{
    return strcmp(setting->chunk_size, AUTO) == 0;
}

void bench_setting_label(const struct bench_setting *setting, char out[BENCH_LABEL_SIZE])
{
    snprintf(out, BENCH_LABEL_SIZE, "%s, %u thread%s, %s", setting->executor, setting->threads,
             setting->threads == 1 ? "" : "s", setting->chunk_size);
}

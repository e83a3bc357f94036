/* bench_setting.h - the settings that bench compares: an executor, a number of threads, a size. */
#ifndef BENCH_SETTING_H
#define BENCH_SETTING_H

#include "options.h"

#include <stdbool.h>
#include <stddef.h>

enum { BENCH_SIZE_LENGTH = 32, BENCH_LABEL_SIZE = 128 };

struct bench_setting {
    const char *executor;               /* the library's own name */
    unsigned threads;                   /* at least 1 */
    char chunk_size[BENCH_SIZE_LENGTH]; /* as typed, or "auto" */
};

struct bench_settings {
    struct bench_setting *items;
    size_t count;
};

/* Makes all settings that the lists of the command line span, in the order of the lists: by
 * executor, then threads, then size. What a list repeats, as 1K and 1024, is taken once, and
 * 0 threads are as many as are usual. serial with more than one thread is left out. Owned by the
 * caller. False, with a message, when a list is wrong or nothing is left. */
bool bench_settings_open(const struct settings *settings, struct bench_settings *out);

/* Takes settings that were not opened, too. */
void bench_settings_close(struct bench_settings *settings);

/* True when the program chooses the chunk size. */
bool bench_setting_is_auto(const struct bench_setting *setting);

/* Writes how messages name the setting: "pool, 2 threads, 64K". */
void bench_setting_label(const struct bench_setting *setting, char out[BENCH_LABEL_SIZE]);

#endif

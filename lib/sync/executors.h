/* sync/executors.h - the table of executors (base/executor.h). */
#ifndef SYNC_EXECUTORS_H
#define SYNC_EXECUTORS_H

#include "base/executor.h"

#include <stddef.h>

extern const struct executor_ops executor_pool;
extern const struct executor_ops executor_openmp;
extern const struct executor_ops executor_serial;

/* All of them, the default first. */
extern const struct executor_ops *const executor_table[];
extern const size_t executor_table_length;

/* Gives the executor of that name, or NULL. Any thread. */
const struct executor_ops *executor_find(const char *name);

#endif

#include "sync/executors.h"

#include <string.h>

const struct executor_ops *const executor_table[] = {
    &executor_pool,
    &executor_openmp,
    &executor_serial,
};
const size_t executor_table_length = sizeof executor_table / sizeof *executor_table;

const struct executor_ops *executor_find(const char *name)
{
    for (size_t i = 0; i < executor_table_length; i++) {
        if (strcmp(executor_table[i]->name, name) == 0)
            return executor_table[i];
    }
    return NULL;
}

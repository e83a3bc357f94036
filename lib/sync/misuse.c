#include "sync/misuse.h"

#include "sheaf/waitgroup.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static void print_and_abort(const char *call, const char *what, int64_t value)
{
    (void)fprintf(stderr, "sheaf: misuse: %s: %s (%" PRId64 ")\n", call, what, value);
    abort();
}

/* One of the library's few globals: misuse has no object that could be trusted to carry it. */
static _Atomic(sheaf_misuse_function *) misuse_handler = print_and_abort;

sheaf_misuse_function *sheaf_misuse_handle(sheaf_misuse_function *handler)
{
    return atomic_exchange(&misuse_handler, handler != NULL ? handler : print_and_abort);
}

void misuse_report(const char *call, const char *what, int64_t value)
{
    sheaf_misuse_function *const handler = atomic_load(&misuse_handler);
    handler(call, what, value);
}

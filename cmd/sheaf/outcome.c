#include "outcome.h"

#include "message.h"
#include "terminal.h"

#include <string.h>
#include <sys/stat.h>

enum { SIGNAL_BASE = 128 };

enum sheaf_status stop_open(struct stop *stop, struct sheaf_error *error)
{
    return sheaf_cancel_open(&stop->cancel, error);
}

enum sheaf_status stop_listen(struct stop *stop, struct sheaf_error *error)
{
    return sheaf_shutdown_open_polled(stop->cancel, &stop->shutdown, error);
}

enum sheaf_status stop_release(struct stop *stop)
{
    sheaf_shutdown_close(stop->shutdown);
    stop->shutdown = NULL;
    return sheaf_cancel_reason(stop->cancel) == 0 ? SHEAF_OK : SHEAF_STOPPED;
}

bool output_is_file(const char *path)
{
    if (path == NULL || strcmp(path, "-") == 0)
        return false;
    struct stat status;
    return stat(path, &status) != 0 || S_ISREG(status.st_mode);
}

static enum outcome outcome_of(enum sheaf_status status)
{
    switch (status) {
    case SHEAF_OK:
        return OUTCOME_DONE;
    case SHEAF_USAGE:
        return OUTCOME_USAGE;
    case SHEAF_LIMIT:
        return OUTCOME_LIMIT;
    default:
        return OUTCOME_FAILED;
    }
}

bool outcome_leaves_memory(void)
{
#ifdef SHEAF_LEAVES_MEMORY
    return true;
#else
    return false;
#endif
}

int outcome_finish(struct stop *stop, enum sheaf_status status, const struct sheaf_error *error,
                   enum outcome done)
{
    sheaf_shutdown_close(stop->shutdown);
    const int signal = sheaf_cancel_reason(stop->cancel);
    sheaf_cancel_close(stop->cancel);
    *stop = (struct stop){.cancel = NULL};

    if (status == SHEAF_STOPPED && signal != 0) {
        (void)terminal_flush_output();
        sheaf_shutdown_reraise(signal);
        return SIGNAL_BASE + signal;
    }
    if (status != SHEAF_OK)
        message("%s", error->text[0] != '\0' ? error->text : sheaf_status_name(status));
    const bool flushed = terminal_flush_output();
    if (status != SHEAF_OK)
        return (int)outcome_of(status);
    return (int)(flushed ? done : OUTCOME_FAILED);
}

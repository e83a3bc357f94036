#include "io/ordered_writer.h"

#include "base/memory.h"
#include "sync/monitor.h"

#include <assert.h>
#include <stdbool.h>

/* Only the holder of piece number `next` touches the sink, so it does so without the lock, and a
 * slow write keeps nobody from stopping the rest. */
struct ordered_writer {
    struct sink *sink;
    struct monitor monitor; /* guards what follows; free, it holds: all below `next` is written */
    uint64_t next;
    bool stopped;
};

enum sheaf_status ordered_writer_open(struct sink *sink, struct ordered_writer **out,
                                      struct sheaf_error *error)
{
    *out = NULL;
    struct ordered_writer *writer = memory_zeroed(1, sizeof *writer);
    if (writer == NULL)
        return error_no_memory(error, "output");
    writer->sink = sink;
    monitor_open(&writer->monitor);
    *out = writer;
    return SHEAF_OK;
}

/* Waits for the turn of a piece; gives false if it will not come. */
static bool await_turn(struct ordered_writer *writer, uint64_t number)
{
    monitor_lock(&writer->monitor);
    assert(number >= writer->next); /* each number once */
    while (writer->next != number && !writer->stopped)
        monitor_wait(&writer->monitor);
    const bool come = !writer->stopped;
    monitor_unlock(&writer->monitor);
    return come;
}

static void pass_turn(struct ordered_writer *writer)
{
    monitor_lock(&writer->monitor);
    writer->next++;
    monitor_broadcast(&writer->monitor);
    monitor_unlock(&writer->monitor);
}

enum sheaf_status ordered_writer_write_part(struct ordered_writer *writer, uint64_t number,
                                            const void *bytes, size_t length,
                                            struct sheaf_error *error)
{
    if (!await_turn(writer, number))
        return error_set(error, SHEAF_STOPPED, "stopped");
    const enum sheaf_status status = sink_write(writer->sink, bytes, length, error);
    if (status != SHEAF_OK)
        ordered_writer_stop(writer);
    return status;
}

enum sheaf_status ordered_writer_write(struct ordered_writer *writer, uint64_t number,
                                       const void *bytes, size_t length, struct sheaf_error *error)
{
    TRY(ordered_writer_write_part(writer, number, bytes, length, error));
    pass_turn(writer);
    return SHEAF_OK;
}

void ordered_writer_stop(struct ordered_writer *writer)
{
    monitor_lock(&writer->monitor);
    writer->stopped = true;
    monitor_broadcast(&writer->monitor);
    monitor_unlock(&writer->monitor);
}

void ordered_writer_close(struct ordered_writer *writer)
{
    if (writer == NULL)
        return;
    monitor_close(&writer->monitor);
    memory_free(writer);
}

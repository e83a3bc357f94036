#include "sources.h"

#include "unit/unit.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void write_all(int descriptor, const char *bytes, size_t length)
{
    ck_assert_int_eq(write(descriptor, bytes, length), (ssize_t)length);
}

static void name_by_descriptor(struct source *source)
{
    snprintf(source->path, sizeof source->path, "/proc/self/fd/%d", source->descriptor);
}

void source_file(struct source *source, const char *bytes, size_t length)
{
    *source = (struct source){.bytes = bytes, .length = length, .writable = -1};
    source->descriptor = memfd_create("source", MFD_CLOEXEC);
    ck_assert_int_ge(source->descriptor, 0);
    write_all(source->descriptor, bytes, length);
    name_by_descriptor(source);
}

static void open_pipe(struct source *source, const char *bytes, size_t length)
{
    int ends[2];
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    *source = (struct source){
        .bytes = bytes, .length = length, .descriptor = ends[0], .writable = ends[1]};
    name_by_descriptor(source);
}

/* Ends early when the reader has gone. */
static void *write_pieces(void *argument)
{
    struct source *source = argument;
    size_t done = 0;
    while (done < source->length) {
        const size_t left = source->length - done;
        const ssize_t written = write(source->writable, source->bytes + done,
                                      left < source->piece ? left : source->piece);
        if (written < 0)
            break;
        done += (size_t)written;
        sched_yield();
    }
    close(source->writable);
    source->writable = -1;
    return NULL;
}

void source_pipe(struct source *source, const char *bytes, size_t length, size_t piece)
{
    signal(SIGPIPE, SIG_IGN);
    open_pipe(source, bytes, length);
    source->piece = piece;
    ck_assert_int_eq(pthread_create(&source->writer, NULL, write_pieces, source), 0);
    source->has_writer = true;
}

void source_silent_pipe(struct source *source, const char *bytes, size_t length)
{
    open_pipe(source, bytes, length);
    write_all(source->writable, bytes, length);
}

void source_hang_up(struct source *source)
{
    ck_assert_int_eq(close(source->writable), 0);
    source->writable = -1;
}

void source_close(struct source *source)
{
    ck_assert_int_eq(close(source->descriptor), 0);
    if (source->has_writer)
        ck_assert_int_eq(pthread_join(source->writer, NULL), 0);
    if (source->writable >= 0)
        source_hang_up(source);
}

void source_fill(char *bytes, size_t length, uint64_t seed)
{
    for (size_t i = 0; i < length; i++)
        bytes[i] = (char)(unit_random(&seed) >> 24);
}

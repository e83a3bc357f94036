#include "io/input.h"

#include "base/buffer.h"
#include "base/memory.h"
#include "io/mapping.h"
#include "sheaf/cancel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PEEK_STEP = 64 << 10, SPOOL_STEP = 256 << 10, LOOKS = 16 };

struct input {
    char *name;
    int descriptor;
    bool is_stream;
    bool ended;     /* of a stream: read gave 0 */
    uint64_t start; /* of a regular file: where our byte 0 stands in it (standard input) */
    uint64_t size;
    uint64_t next; /* offset of the byte that input_next gives next */
    struct timespec modified;
    struct mapping *mapping; /* of a regular file; NULL: none */
    struct buffer peeked;    /* of a stream: bytes 0 … peeked.length - 1 */
    const struct sheaf_cancel *cancel;
    const struct sheaf_cancel *end;
};

/* Files whose size says nothing are read as streams: under /proc they claim to be empty, under /sys
 * to be longer than they are. */
static bool size_is_wrong(const struct input *input)
{
    char byte;
    if (input->size == 0)
        return pread(input->descriptor, &byte, 1, 0) == 1;
    const uint64_t last = input->start + input->size - 1;
    return pread(input->descriptor, &byte, 1, (off_t)last) == 0;
}

static enum sheaf_status look_at(struct input *input, struct sheaf_error *error)
{
    struct stat status;
    if (fstat(input->descriptor, &status) != 0)
        return error_system(error, errno, "%s: cannot look at it", input->name);
    if (S_ISDIR(status.st_mode))
        return error_system(error, EISDIR, "%s: cannot read", input->name);
    input->is_stream = !S_ISREG(status.st_mode);
    if (input->is_stream)
        return SHEAF_OK;
    const off_t here = lseek(input->descriptor, 0, SEEK_CUR);
    input->start = here > 0 ? (uint64_t)here : 0;
    const uint64_t size = (uint64_t)status.st_size;
    input->size = size > input->start ? size - input->start : 0;
    input->modified = status.st_mtim;
    input->is_stream = size_is_wrong(input);
    return SHEAF_OK;
}

enum sheaf_status input_open(const char *path, const struct sheaf_cancel *cancel,
                             struct input **out, struct sheaf_error *error)
{
    *out = NULL;
    const bool is_standard = strcmp(path, "-") == 0;
    const char *name = is_standard ? "standard input" : path;
    const size_t name_size = 4 * strlen(name) + 4;
    struct input *input = memory_zeroed(1, sizeof *input);
    char *safe_name = memory_alloc(name_size);
    if (input == NULL || safe_name == NULL) {
        memory_free(input);
        memory_free(safe_name);
        return error_no_memory(error, "an input");
    }
    error_escape(safe_name, name_size, name, strlen(name));
    input->name = safe_name;
    input->cancel = cancel;
    do
        input->descriptor = is_standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                        : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    while (input->descriptor < 0 && errno == EINTR && sheaf_cancel_reason(cancel) == 0);
    enum sheaf_status status = SHEAF_OK;
    if (input->descriptor < 0 && errno == EINTR)
        status = error_set(error, SHEAF_STOPPED, "stopped");
    else if (input->descriptor < 0)
        status = error_system(error, errno, "%s: cannot open",
                              safe_name[0] == '\0' ? "\"\"" : safe_name);
    else
        status = look_at(input, error);
    if (status == SHEAF_OK)
        *out = input;
    else
        input_close(input);
    return status;
}

void input_end_by(struct input *input, const struct sheaf_cancel *end)
{
    input->end = end;
}

const char *input_name(const struct input *input)
{
    return input->name;
}

bool input_is_stream(const struct input *input)
{
    return input->is_stream;
}

uint64_t input_size(const struct input *input)
{
    return input->is_stream ? 0 : input->size;
}

int input_descriptor(const struct input *input)
{
    return input->descriptor;
}

static enum sheaf_status read_failed(const struct input *input, uint64_t offset,
                                     struct sheaf_error *error)
{
    return error_system(error, errno, "%s: cannot read at byte %llu", input->name,
                        (unsigned long long)offset);
}

static enum sheaf_status changed(const struct input *input, struct sheaf_error *error)
{
    return error_set(error, SHEAF_DATA,
                     "%s: changed while it was read; run again when nothing "
                     "writes to it",
                     input->name);
}

static enum sheaf_status file_read_at(const struct input *input, uint64_t offset, char *buffer,
                                      size_t length, size_t *got, struct sheaf_error *error)
{
    const uint64_t left = offset < input->size ? input->size - offset : 0;
    const size_t wanted = left < length ? (size_t)left : length;
    size_t done = 0;
    while (done < wanted) {
        const ssize_t count = pread(input->descriptor, buffer + done, wanted - done,
                                    (off_t)(input->start + offset + done));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return read_failed(input, offset + done, error);
        if (count == 0)
            return changed(input, error);
        done += (size_t)count;
    }
    *got = done;
    return SHEAF_OK;
}

/* Waits until the stream has bytes or has ended; a set token gives SHEAF_STOPPED. */
static enum sheaf_status await_bytes(const struct input *input, struct sheaf_error *error)
{
    struct pollfd watched[3] = {
        {.fd = input->descriptor, .events = POLLIN},
        {.fd = sheaf_cancel_descriptor(input->cancel), .events = POLLIN},
        {.fd = sheaf_cancel_descriptor(input->end), .events = POLLIN},
    };
    for (;;) {
        if (sheaf_cancel_reason(input->cancel) != 0 || sheaf_cancel_reason(input->end) != 0)
            return error_set(error, SHEAF_STOPPED, "stopped");
        const int ready = poll(watched, 3, -1);
        if (ready < 0 && errno != EINTR)
            return read_failed(input, input->next, error);
        if (ready > 0 && watched[0].revents != 0)
            return SHEAF_OK;
    }
}

/* Reads what one call gives; *got 0: the stream has ended. */
static enum sheaf_status stream_read(struct input *input, char *buffer, size_t length, size_t *got,
                                     struct sheaf_error *error)
{
    *got = 0;
    while (!input->ended) {
        TRY(await_bytes(input, error));
        const ssize_t count = read(input->descriptor, buffer, length);
        if (count < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (count < 0)
            return read_failed(input, input->next, error);
        input->ended = count == 0;
        *got = (size_t)count;
        break;
    }
    return SHEAF_OK;
}

/* Makes at least `length` bytes of a stream peeked, or all that it has. */
static enum sheaf_status peek(struct input *input, uint64_t length, struct sheaf_error *error)
{
    while (input->peeked.length < length && !input->ended) {
        if (!buffer_reserve(&input->peeked, PEEK_STEP))
            return error_no_memory(error, "the first bytes of a stream");
        size_t got;
        TRY(stream_read(input, input->peeked.bytes + input->peeked.length, PEEK_STEP, &got, error));
        input->peeked.length += got;
    }
    return SHEAF_OK;
}

static size_t copy_peeked(const struct input *input, uint64_t offset, char *buffer, size_t length)
{
    if (offset >= input->peeked.length)
        return 0;
    const size_t left = input->peeked.length - (size_t)offset;
    const size_t count = left < length ? left : length;
    memcpy(buffer, input->peeked.bytes + offset, count);
    return count;
}

enum sheaf_status input_read_at(struct input *input, uint64_t offset, char *buffer, size_t length,
                                size_t *got, struct sheaf_error *error)
{
    *got = 0;
    if (!input->is_stream)
        return file_read_at(input, offset, buffer, length, got, error);
    TRY(peek(input, offset + length, error));
    *got = copy_peeked(input, offset, buffer, length);
    return SHEAF_OK;
}

enum sheaf_status input_read_some(struct input *input, uint64_t offset, char *buffer, size_t length,
                                  size_t *got, struct sheaf_error *error)
{
    *got = 0;
    if (!input->is_stream)
        return file_read_at(input, offset, buffer, length, got, error);
    TRY(peek(input, offset + 1, error));
    *got = copy_peeked(input, offset, buffer, length);
    return SHEAF_OK;
}

enum sheaf_status input_next(struct input *input, char *buffer, size_t length, size_t *got,
                             struct sheaf_error *error)
{
    *got = 0;
    if (!input->is_stream) {
        TRY(file_read_at(input, input->next, buffer, length, got, error));
        input->next += *got;
        return SHEAF_OK;
    }
    *got = copy_peeked(input, input->next, buffer, length);
    input->next += *got;
    if (input->next >= input->peeked.length)
        buffer_close(&input->peeked); /* given out: from now on bytes go straight through */
    while (*got < length && !input->ended) {
        size_t count;
        TRY(stream_read(input, buffer + *got, length - *got, &count, error));
        input->next += count;
        *got += count;
    }
    return SHEAF_OK;
}

/* ---- spooling ---------------------------------------------------------------------------- */

/* A temporary file without a name, which goes with its descriptor. */
struct spool {
    const char *directory;
    int descriptor;
};

static enum sheaf_status spool_failed(const struct spool *spool, const struct input *input,
                                      struct sheaf_error *error)
{
    const int reason = errno;
    char safe[SHEAF_ERROR_TEXT];
    return error_system(
        error, reason, "%s: cannot copy it to a temporary file in %s", input->name,
        error_escape(safe, sizeof safe, spool->directory, strlen(spool->directory)));
}

static enum sheaf_status spool_open(struct spool *spool, const struct input *input,
                                    struct sheaf_error *error)
{
    static const char name[] = "/sheaf-XXXXXX";
    spool->descriptor = open(spool->directory, O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (spool->descriptor >= 0)
        return SHEAF_OK;
    /* Not every file system has such files. */
    const size_t length = strlen(spool->directory);
    char *path = memory_alloc(length + sizeof name);
    if (path == NULL)
        return error_no_memory(error, "the copy of a stream");
    memcpy(path, spool->directory, length);
    memcpy(path + length, name, sizeof name);
    spool->descriptor = mkostemp(path, O_CLOEXEC);
    enum sheaf_status status = SHEAF_OK;
    if (spool->descriptor < 0)
        status = spool_failed(spool, input, error);
    else
        unlink(path);
    memory_free(path);
    return status;
}

static enum sheaf_status write_all(const struct spool *spool, const struct input *input,
                                   const char *bytes, size_t length, struct sheaf_error *error)
{
    while (length > 0) {
        const ssize_t count = write(spool->descriptor, bytes, length);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return spool_failed(spool, input, error);
        bytes += count;
        length -= (size_t)count;
    }
    return SHEAF_OK;
}

static enum sheaf_status copy_to(const struct spool *spool, struct input *input, uint64_t most,
                                 struct sheaf_error *error)
{
    char *buffer = memory_alloc(SPOOL_STEP);
    if (buffer == NULL)
        return error_no_memory(error, "the copy of a stream");
    enum sheaf_status status = SHEAF_OK;
    size_t got = 1;
    while (status == SHEAF_OK && got > 0 && input->next < most) {
        const uint64_t left = most - input->next;
        status =
            input_next(input, buffer, left < SPOOL_STEP ? (size_t)left : SPOOL_STEP, &got, error);
        if (status == SHEAF_OK)
            status = write_all(spool, input, buffer, got, error);
    }
    memory_free(buffer);
    return status;
}

enum sheaf_status input_spool(struct input *input, const char *directory, uint64_t most,
                              struct sheaf_error *error)
{
    if (!input->is_stream)
        return SHEAF_OK;
    struct spool spool = {.directory = directory == NULL ? P_tmpdir : directory};
    TRY(spool_open(&spool, input, error));
    struct stat now;
    enum sheaf_status status = copy_to(&spool, input, most, error);
    if (status == SHEAF_OK && fstat(spool.descriptor, &now) != 0)
        status = spool_failed(&spool, input, error);
    if (status != SHEAF_OK) {
        close(spool.descriptor);
        return status;
    }
    close(input->descriptor);
    buffer_close(&input->peeked);
    input->descriptor = spool.descriptor;
    input->is_stream = false;
    input->start = 0;
    input->next = 0;
    input->size = (uint64_t)now.st_size;
    input->modified = now.st_mtim;
    return SHEAF_OK;
}

/* ---- mapped ------------------------------------------------------------------------------ */

void input_map(struct input *input)
{
    if (!input->is_stream && input->mapping == NULL)
        input->mapping = mapping_open(input->descriptor, input->start, input->size);
}

const char *input_mapped(const struct input *input)
{
    return input->mapping == NULL ? NULL : mapping_bytes(input->mapping);
}

void input_release(const struct input *input, uint64_t offset, uint64_t length)
{
    if (input->mapping != NULL)
        mapping_release(input->mapping, offset, length);
}

bool input_is_in_memory(const struct input *input)
{
    char byte;
    const struct iovec one = {.iov_base = &byte, .iov_len = 1};
    for (uint64_t look = 0; look < LOOKS && !input->is_stream; look++) {
        const uint64_t offset = input->size / LOOKS * look;
        if (preadv2(input->descriptor, &one, 1, (off_t)(input->start + offset), RWF_NOWAIT) != 1)
            return false;
    }
    return !input->is_stream;
}

void input_read_ahead(const struct input *input)
{
    /* Advice: where it is not taken, reading is slower and no more. */
    if (!input->is_stream)
        (void)posix_fadvise(input->descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
}

/* ---- moving on, and the end -------------------------------------------------------------- */

void input_skip_to(struct input *input, uint64_t offset)
{
    input->next = offset;
}

enum sheaf_status input_check_unchanged(const struct input *input, struct sheaf_error *error)
{
    struct stat now;
    if (input->is_stream)
        return SHEAF_OK;
    if (fstat(input->descriptor, &now) != 0)
        return error_system(error, errno, "%s: cannot look at it", input->name);
    const uint64_t size = (uint64_t)now.st_size;
    if (size - (size < input->start ? size : input->start) != input->size ||
        now.st_mtim.tv_sec != input->modified.tv_sec ||
        now.st_mtim.tv_nsec != input->modified.tv_nsec)
        return changed(input, error);
    if (input->mapping != NULL && mapping_is_broken(input->mapping))
        return error_system(error, EIO, "%s: cannot read", input->name);
    return SHEAF_OK;
}

void input_close(struct input *input)
{
    if (input == NULL)
        return;
    mapping_close(input->mapping);
    if (input->descriptor >= 0)
        close(input->descriptor);
    buffer_close(&input->peeked);
    memory_free(input->name);
    memory_free(input);
}

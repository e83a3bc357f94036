#include "bench_reference.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum sheaf_status fail(struct sheaf_error *error, const char *directory, const char *what)
{
    *error = (struct sheaf_error){.status = SHEAF_SYSTEM, .system_errno = errno};
    snprintf(error->text, sizeof error->text, "bench: cannot %s a temporary file%s%s: %s", what,
             directory == NULL ? "" : " in ", directory == NULL ? "" : directory,
             strerror(error->system_errno));
    return SHEAF_SYSTEM;
}

/* For file systems that know no O_TMPFILE. */
static int make_and_unlink(const char *directory)
{
    char path[4096];
    const int length = snprintf(path, sizeof path, "%s/sheaf-bench-XXXXXX", directory);
    if (length < 0 || (size_t)length >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    const int file = mkostemp(path, O_CLOEXEC);
    if (file != -1)
        (void)unlink(path);
    return file;
}

enum sheaf_status bench_reference_open(struct bench_reference *out, struct sheaf_error *error)
{
    *out = (struct bench_reference){.file = -1};
    const char *directory = getenv("TMPDIR");
    if (directory == NULL || *directory == '\0')
        directory = "/tmp";
    out->file = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (out->file == -1)
        out->file = make_and_unlink(directory);
    return out->file == -1 ? fail(error, directory, "make") : SHEAF_OK;
}

void bench_reference_begin(struct bench_reference *reference)
{
    reference->at = 0;
    reference->differs = false;
    reference->differs_at = 0;
}

static enum sheaf_status keep(struct bench_reference *reference, const char *bytes, size_t length,
                              struct sheaf_error *error)
{
    while (length > 0) {
        const ssize_t written = pwrite(reference->file, bytes, length, (off_t)reference->at);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return fail(error, NULL, "write");
        reference->at += (uint64_t)written;
        bytes += written;
        length -= (size_t)written;
    }
    return SHEAF_OK;
}

static void found_difference(struct bench_reference *reference, uint64_t at)
{
    reference->differs = true;
    reference->differs_at = at;
}

/* Compares up to one buffer of bytes; gives how many. */
static enum sheaf_status compare_some(struct bench_reference *reference, const char *bytes,
                                      size_t length, size_t *compared, struct sheaf_error *error)
{
    char expected[1 << 16];
    const size_t wanted = length < sizeof expected ? length : sizeof expected;
    ssize_t got;
    do
        got = pread(reference->file, expected, wanted, (off_t)reference->at);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return fail(error, NULL, "read");
    size_t same = 0;
    while (same < (size_t)got && expected[same] == bytes[same])
        same++;
    if (same < (size_t)got || got == 0)
        found_difference(reference, reference->at + same);
    *compared = same;
    return SHEAF_OK;
}

enum sheaf_status bench_reference_take(struct bench_reference *reference, const char *bytes,
                                       size_t length, struct sheaf_error *error)
{
    if (!reference->complete)
        return keep(reference, bytes, length, error);
    while (length > 0 && !reference->differs) {
        size_t compared = 0;
        const enum sheaf_status status = compare_some(reference, bytes, length, &compared, error);
        if (status != SHEAF_OK)
            return status;
        reference->at += compared;
        bytes += compared;
        length -= compared;
    }
    reference->at += length;
    return SHEAF_OK;
}

void bench_reference_end(struct bench_reference *reference)
{
    if (!reference->complete) {
        reference->complete = true;
        reference->length = reference->at;
    } else if (!reference->differs && reference->at < reference->length) {
        found_difference(reference, reference->at);
    }
}

void bench_reference_close(struct bench_reference *reference)
{
    if (reference->file != -1)
        (void)close(reference->file);
    *reference = (struct bench_reference){.file = -1};
}

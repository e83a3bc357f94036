/* A regular file is written into a nameless file (O_TMPFILE) where the file system has them, so
 * that nothing can be left behind, even by a crash; elsewhere into a file with a name of its own.
 * At commit it gets that name, if it has none yet, and is renamed over the target: whoever opens
 * the target sees the old file or the new one, whole.
 *
 * A symbolic link is followed: what it names is replaced, and the link stays. A target that may not
 * be written is refused, although its directory would let it be replaced. */
#include "io/sink.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SINK_BUFFER_SIZE = 128 << 10,
    SINK_LINKS = 40,       /* symbolic links followed, as in Linux itself */
    SINK_NAME_TRIES = 100, /* names drawn before we believe that none is free */
    SINK_NAME_SIZE = 32
};

struct sink {
    char *name; /* of the target, as messages give it */
    int descriptor;
    bool owned;    /* the descriptor is ours to close; standard output's is not */
    bool regular;  /* `identity` is that of an existing regular file */
    bool aside;    /* what follows is in use: the output is not yet where it belongs */
    int directory; /* of the target, -1 if not aside */
    char *target;  /* its name in that directory */
    char temporary[SINK_NAME_SIZE]; /* in the same directory; "": the file has no name */
    struct stat identity;
    int failure; /* errno of the first failed write: nothing may be committed after it */
    size_t used;
    char buffer[SINK_BUFFER_SIZE];
};

static enum sheaf_status cannot_write(const struct sink *sink, int system_errno,
                                      struct sheaf_error *error)
{
    return error_system(error, system_errno, "%s: cannot write", sink->name);
}

static enum sheaf_status cannot_open(const struct sink *sink, int system_errno,
                                     struct sheaf_error *error)
{
    return error_system(error, system_errno, "%s: cannot open for writing", sink->name);
}

static char *copy_bytes(const char *bytes, size_t length)
{
    char *copy = memory_alloc(length + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, bytes, length);
    copy[length] = '\0';
    return copy;
}

/* The bytes of a path up to and with its last slash. */
static size_t directory_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? 0 : (size_t)(slash - path) + 1;
}

/* Gives what the link at `path` with text `text` names: relative links start at its directory. */
static char *join_link(const char *path, const char *text, size_t length)
{
    const size_t prefix = length > 0 && text[0] == '/' ? 0 : directory_length(path);
    size_t size;
    if (!size_add(prefix, length, &size) || !size_add(size, 1, &size))
        return NULL;
    char *joined = memory_alloc(size);
    if (joined == NULL)
        return NULL;
    memcpy(joined, path, prefix);
    memcpy(joined + prefix, text, length);
    joined[prefix + length] = '\0';
    return joined;
}

/* Follows `path` while it names a symbolic link, also one that leads to nothing yet (for which
 * realpath would fail). Gives an errno, and the path that is no link, which the caller frees. */
static int resolve_links(const char *path, char **out)
{
    char *current = copy_bytes(path, strlen(path));
    for (int i = 0; i < SINK_LINKS && current != NULL; i++) {
        char text[4096]; /* the longest that Linux stores */
        const ssize_t length = readlink(current, text, sizeof text);
        if (length < 0) {
            *out = current;
            return 0;
        }
        char *next = join_link(current, text, (size_t)length);
        memory_free(current);
        current = next;
    }
    const int reason = current == NULL ? ENOMEM : ELOOP;
    memory_free(current);
    return reason;
}

/* Sets sink->directory and sink->target from a path that is no symbolic link. Gives an errno. */
static int split_target(struct sink *sink, const char *path)
{
    const size_t length = directory_length(path);
    char *directory = length == 0 ? copy_bytes(".", 1) : copy_bytes(path, length);
    sink->target = copy_bytes(path + length, strlen(path + length));
    int reason = ENOMEM;
    if (directory != NULL && sink->target != NULL) {
        sink->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        reason = sink->directory < 0 ? errno : 0;
    }
    memory_free(directory);
    return reason;
}

/* Draws a name that nobody else draws; hidden, and short enough for every file system. */
static int draw_name(char out[SINK_NAME_SIZE])
{
    uint64_t word;
    const ssize_t got = getrandom(&word, sizeof word, 0);
    if (got != (ssize_t)sizeof word)
        return got < 0 ? errno : EIO;
    snprintf(out, SINK_NAME_SIZE, ".sheaf-%016llx", (unsigned long long)word);
    return 0;
}

/* Opens a new file beside the target, under a name of its own. Gives an errno. */
static int create_named(struct sink *sink, mode_t mode)
{
    for (int i = 0; i < SINK_NAME_TRIES; i++) {
        char name[SINK_NAME_SIZE];
        const int reason = draw_name(name);
        if (reason != 0)
            return reason;
        sink->descriptor =
            openat(sink->directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (sink->descriptor >= 0) {
            memcpy(sink->temporary, name, sizeof name);
            return 0;
        }
        if (errno != EEXIST)
            return errno;
    }
    return EEXIST;
}

static void descriptor_path(const struct sink *sink, char out[SINK_NAME_SIZE])
{
    snprintf(out, SINK_NAME_SIZE, "/proc/self/fd/%d", sink->descriptor);
}

/* Opens a nameless file, if it could be given a name later, for which /proc is needed. */
static bool create_nameless(struct sink *sink, mode_t mode)
{
    sink->descriptor = openat(sink->directory, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, mode);
    if (sink->descriptor < 0)
        return false;
    char path[SINK_NAME_SIZE];
    descriptor_path(sink, path);
    if (access(path, F_OK) == 0)
        return true;
    close(sink->descriptor);
    sink->descriptor = -1;
    return false;
}

/* Opens the file that will replace the target. The kernel cuts a new file's mode by the umask; what
 * replaces a file is ours alone until it gets that file's mode at commit. Gives an errno. */
static int open_aside(struct sink *sink, const char *path)
{
    char *resolved = NULL;
    int reason = resolve_links(path, &resolved);
    if (reason == 0)
        reason = split_target(sink, resolved);
    memory_free(resolved);
    if (reason != 0)
        return reason;
    if (sink->regular && faccessat(sink->directory, sink->target, W_OK, AT_EACCESS) != 0)
        return errno;

    const mode_t mode = sink->regular ? 0600 : 0666;
    if (!create_nameless(sink, mode))
        reason = create_named(sink, mode);
    sink->aside = reason == 0;
    return reason;
}

/* Opens what is no regular file, and is not ours to replace. Gives an errno. */
static int open_direct(struct sink *sink, const char *path)
{
    sink->descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    return sink->descriptor < 0 ? errno : 0;
}

static int open_path(struct sink *sink, const char *path)
{
    sink->owned = true;
    if (stat(path, &sink->identity) == 0) {
        sink->regular = S_ISREG(sink->identity.st_mode);
        return sink->regular ? open_aside(sink, path) : open_direct(sink, path);
    }
    return errno == ENOENT && path[0] != '\0' ? open_aside(sink, path) : errno;
}

static int open_standard_output(struct sink *sink)
{
    sink->descriptor = STDOUT_FILENO;
    if (fstat(STDOUT_FILENO, &sink->identity) != 0)
        return errno;
    sink->regular = S_ISREG(sink->identity.st_mode);
    return 0;
}

/* Standard output by its names. Opened through the second, a file that the shell appends to would
 * be replaced. */
static bool is_standard_output(const char *path)
{
    return path == NULL || strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0;
}

enum sheaf_status sink_open(const char *path, struct sink **out, struct sheaf_error *error)
{
    *out = NULL;
    const bool standard = is_standard_output(path);
    const char *name = standard ? "standard output" : path;
    struct sink *sink = memory_zeroed(1, sizeof *sink);
    if (sink == NULL)
        return error_no_memory(error, "output");
    sink->descriptor = -1;
    sink->directory = -1;
    const size_t name_size = 4 * strlen(name) + 4;
    sink->name = memory_alloc(name_size);
    if (sink->name == NULL) {
        sink_close(sink);
        return error_no_memory(error, "output");
    }
    error_escape(sink->name, name_size, name, strlen(name));
    const int reason = standard ? open_standard_output(sink) : open_path(sink, path);
    if (reason != 0) {
        const enum sheaf_status status = cannot_open(sink, reason, error);
        sink_close(sink);
        return status;
    }
    *out = sink;
    return SHEAF_OK;
}

const char *sink_name(const struct sink *sink)
{
    return sink->name;
}

bool sink_is_same_file(const struct sink *sink, int file_descriptor)
{
    struct stat other;
    return sink->regular && fstat(file_descriptor, &other) == 0 &&
           other.st_dev == sink->identity.st_dev && other.st_ino == sink->identity.st_ino;
}

bool sink_is_terminal(const struct sink *sink)
{
    return isatty(sink->descriptor) == 1;
}

size_t sink_terminal_width(const struct sink *sink)
{
    struct winsize size;
    return ioctl(sink->descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* Waits until a descriptor that somebody made non-blocking takes bytes again. Gives an errno. */
static int wait_writable(int descriptor)
{
    struct pollfd wanted = {.fd = descriptor, .events = POLLOUT};
    while (poll(&wanted, 1, -1) < 0)
        if (errno != EINTR)
            return errno;
    return 0;
}

/* Writes all bytes past the buffer. Gives an errno. */
static int write_all(int descriptor, const char *bytes, size_t length)
{
    while (length > 0) {
        const ssize_t written = write(descriptor, bytes, length);
        if (written > 0) {
            bytes += written;
            length -= (size_t)written;
            continue;
        }
        if (written == 0)
            return ENOSPC;
        if (errno == EAGAIN) {
            const int reason = wait_writable(descriptor);
            if (reason != 0)
                return reason;
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

static int flush(struct sink *sink)
{
    if (sink->failure == 0)
        sink->failure = write_all(sink->descriptor, sink->buffer, sink->used);
    sink->used = 0;
    return sink->failure;
}

enum sheaf_status sink_write(struct sink *sink, const void *bytes, size_t length,
                             struct sheaf_error *error)
{
    if (length > SINK_BUFFER_SIZE - sink->used)
        flush(sink);
    if (sink->failure != 0)
        return cannot_write(sink, sink->failure, error);
    if (length >= SINK_BUFFER_SIZE) {
        sink->failure = write_all(sink->descriptor, bytes, length);
        return sink->failure == 0 ? SHEAF_OK : cannot_write(sink, sink->failure, error);
    }
    if (length > 0)
        memcpy(sink->buffer + sink->used, bytes, length);
    sink->used += length;
    return SHEAF_OK;
}

/* Closes the descriptor, if it is ours. A close may be the first to say that the disk is full (NFS,
 * quotas); a copy of standard output says so too. Gives an errno. */
static int close_descriptor(struct sink *sink)
{
    const int descriptor = sink->owned ? sink->descriptor : dup(sink->descriptor);
    sink->descriptor = -1;
    if (descriptor < 0)
        return errno;
    /* On Linux the descriptor is gone after EINTR, and nothing is wrong with the bytes. */
    return close(descriptor) != 0 && errno != EINTR ? errno : 0;
}

/* Gives the new file the mode of the one that it replaces, and its owner where we may: where not,
 * the file is ours, as after any editor. Gives an errno. */
static int copy_mode(const struct sink *sink)
{
    if (!sink->regular)
        return 0;
    const struct stat *old = &sink->identity;
    if (fchown(sink->descriptor, old->st_uid, old->st_gid) != 0)
        errno = 0;
    return fchmod(sink->descriptor, old->st_mode & 0777) != 0 ? errno : 0;
}

static int sync_descriptor(int descriptor)
{
    while (fsync(descriptor) != 0)
        if (errno != EINTR)
            return errno;
    return 0;
}

/* Names a nameless file. A link cannot replace the target, so this is a step before the rename. */
static int give_name(struct sink *sink)
{
    if (sink->temporary[0] != '\0')
        return 0;
    char path[SINK_NAME_SIZE];
    char name[SINK_NAME_SIZE];
    descriptor_path(sink, path);
    for (int i = 0; i < SINK_NAME_TRIES; i++) {
        const int reason = draw_name(name);
        if (reason != 0)
            return reason;
        if (linkat(AT_FDCWD, path, sink->directory, name, AT_SYMLINK_FOLLOW) == 0) {
            memcpy(sink->temporary, name, sizeof name);
            return 0;
        }
        if (errno != EEXIST)
            return errno;
    }
    return EEXIST;
}

/* Puts a file written aside in its place, once its bytes are on the disk. Gives an errno. */
static int publish(struct sink *sink)
{
    int reason = copy_mode(sink);
    if (reason == 0)
        reason = sync_descriptor(sink->descriptor);
    if (reason == 0)
        reason = give_name(sink);
    if (reason == 0)
        reason = close_descriptor(sink);
    if (reason != 0)
        return reason;
    if (renameat(sink->directory, sink->temporary, sink->directory, sink->target) != 0)
        return errno;
    sink->aside = false;
    /* The rename itself must outlast a crash. Some file systems cannot sync directories. */
    reason = sync_descriptor(sink->directory);
    return reason == EINVAL ? 0 : reason;
}

enum sheaf_status sink_commit(struct sink *sink, struct sheaf_error *error)
{
    int reason = flush(sink);
    if (reason == 0)
        reason = sink->aside ? publish(sink) : close_descriptor(sink);
    if (reason == 0)
        return SHEAF_OK;
    sink->failure = reason;
    return cannot_write(sink, reason, error);
}

void sink_close(struct sink *sink)
{
    if (sink == NULL)
        return;
    if (sink->aside && sink->temporary[0] != '\0')
        unlinkat(sink->directory, sink->temporary, 0);
    if (sink->owned && sink->descriptor >= 0)
        close(sink->descriptor);
    if (sink->directory >= 0)
        close(sink->directory);
    memory_free(sink->target);
    memory_free(sink->name);
    memory_free(sink);
}

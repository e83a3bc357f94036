/* io/sink.h - where output goes: a file that appears whole or not at all, or a stream.
 *
 * A regular file is written aside in the same directory, synced, and renamed at commit; what is no
 * regular file (a pipe, a terminal, /dev/null) is written directly. One thread at a time. */
#ifndef IO_SINK_H
#define IO_SINK_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct sink;

/* Opens a sink on `path`; NULL or "-": standard output. Owned by the caller. An existing file
 * keeps its mode. */
enum sheaf_status sink_open(const char *path, struct sink **out, struct sheaf_error *error);

/* The target's name for messages: the path, or "standard output". */
const char *sink_name(const struct sink *sink);

/* True when the sink's target is the same regular file (device and inode) as the open file. */
bool sink_is_same_file(const struct sink *sink, int file_descriptor);

/* True when output goes to a terminal. */
bool sink_is_terminal(const struct sink *sink);

/* The width of that terminal in characters; 0 when nobody knows. */
size_t sink_terminal_width(const struct sink *sink);

/* Writes all bytes (buffered inside). Fails with SHEAF_SYSTEM, naming the path. */
enum sheaf_status sink_write(struct sink *sink, const void *bytes, size_t length,
                             struct sheaf_error *error);

/* Flushes, syncs and renames: the output is there. Call once, before close. */
enum sheaf_status sink_commit(struct sink *sink, struct sheaf_error *error);

/* Frees the sink; without a commit before, nothing of a regular file remains. Takes NULL. */
void sink_close(struct sink *sink);

#endif

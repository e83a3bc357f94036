/* io/input.h - one input: a regular file, read anywhere by pread or mapped, or a stream (a pipe, a
 * terminal, a socket), read once from front to back.
 *
 * A stream keeps what was peeked at until input_next has given it out. input_read_at on a regular
 * file may run on any number of threads at once; everything else is one thread at a time. */
#ifndef IO_INPUT_H
#define IO_INPUT_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct input;
struct sheaf_cancel;

/* Opens a path; "-" is standard input, which a regular file may be. `cancel` (may be NULL) is
 * borrowed and ends blocking reads of streams. Owned by the caller. Directories are refused. */
enum sheaf_status input_open(const char *path, const struct sheaf_cancel *cancel,
                             struct input **out, struct sheaf_error *error);

/* A second token (borrowed; NULL: none) that ends blocking reads of a stream, once nobody needs the
 * bytes any more. */
void input_end_by(struct input *input, const struct sheaf_cancel *end);

/* The name for messages: the path, or "standard input". */
const char *input_name(const struct input *input);
bool input_is_stream(const struct input *input);
/* Bytes of a regular file when it was opened; 0 for a stream. */
uint64_t input_size(const struct input *input);
int input_descriptor(const struct input *input);

/* Reads up to `length` bytes at `offset`; *got is less only at the end. From a stream: by peeking,
 * before the first input_next. A regular file that has become shorter: SHEAF_DATA. */
enum sheaf_status input_read_at(struct input *input, uint64_t offset, char *buffer, size_t length,
                                size_t *got, struct sheaf_error *error);

/* As input_read_at, but a stream that has given fewer bytes so far is waited for only until there
 * is one byte; *got 0: the end. */
enum sheaf_status input_read_some(struct input *input, uint64_t offset, char *buffer, size_t length,
                                  size_t *got, struct sheaf_error *error);

/* Reads the next bytes, blocking until there are `length` or the input ends. SHEAF_STOPPED when
 * the token is set meanwhile. */
enum sheaf_status input_next(struct input *input, char *buffer, size_t length, size_t *got,
                             struct sheaf_error *error);

/* Moves on to `offset`, which is not before the current one; for a stream within what was peeked
 * at. */
void input_skip_to(struct input *input, uint64_t offset);

/* Before the first input_next: makes a stream a regular file, by copying what was peeked at and
 * what follows, at most `most` bytes in all, to a temporary file without a name in `directory`
 * (NULL: P_tmpdir). A regular file stays as it is. Fails with SHEAF_SYSTEM, or SHEAF_STOPPED when
 * the token is set meanwhile. */
enum sheaf_status input_spool(struct input *input, const char *directory, uint64_t most,
                              struct sheaf_error *error);

/* Fails with SHEAF_DATA when a regular file has another size or modification time than when it was
 * opened, with SHEAF_SYSTEM when the disk did not give bytes of a mapped one. */
enum sheaf_status input_check_unchanged(const struct input *input, struct sheaf_error *error);

/* Maps a regular file, so that input_mapped gives its bytes; without effect where that cannot be.
 * Once, while nobody reads. */
void input_map(struct input *input);
/* The bytes of a mapped file; MAPPING_PADDING more behind the last may be read. NULL: it is not
 * mapped. Bytes that the file has lost meanwhile are zeros, and input_check_unchanged fails. */
const char *input_mapped(const struct input *input);
/* Takes the bytes of a mapped file out of this process's memory until they are read again. Any
 * thread. */
void input_release(const struct input *input, uint64_t offset, uint64_t length);

/* True when some looks, from the front to the back of a regular file, found all that they looked
 * at in memory; false where the system does not tell. */
bool input_is_in_memory(const struct input *input);

/* Says that a regular file will be read from front to back, so that the system reads it from the
 * disk in larger pieces, before they are asked for. */
void input_read_ahead(const struct input *input);

/* Takes NULL. */
void input_close(struct input *input);

#endif

/* io/dataset.h - the inputs of a job as one dataset, dealt out to workers in numbered chunks.
 *
 * Planning (one thread): open, read the beginnings with dataset_read, say where each file's rows
 * begin. Then dataset_start, and any number of workers claim, read and finish chunks at once.
 *
 * When every input is a regular file, a chunk is a number from an atomic counter and bytes come by
 * pread, or are looked at in a mapping. As soon as one is a stream, a reader (a thread, or under
 * DATASET_READS_ITSELF the worker) puts numbered blocks of all inputs into an index, and their
 * numbers into a bounded channel; receiving a number is the claim. A block can be read by offset
 * until its chunk and all before it are finished, so a row that reaches far ahead finds it. Blocks
 * that an open row waits for do not count against the read-ahead: a long row never deadlocks. */
#ifndef IO_DATASET_H
#define IO_DATASET_H

#include "base/chunk.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct dataset;
struct memory_budget;
struct sheaf_cancel;

/* Opens the paths in order; none: standard input. "-" more than once: SHEAF_USAGE. `cancel` (may be
 * NULL) is borrowed. Owned by the caller. */
enum sheaf_status dataset_open(const char *const *paths, size_t count,
                               const struct sheaf_cancel *cancel, struct dataset **out,
                               struct sheaf_error *error);

uint32_t dataset_files(const struct dataset *dataset);
const char *dataset_name(const struct dataset *dataset, uint32_t file);
/* True when a file can be read only once. */
bool dataset_has_stream(const struct dataset *dataset);
/* True when an input was opened as a stream: it cannot be opened and read again. */
bool dataset_reads_once(const struct dataset *dataset);
/* Bytes of all inputs, 0 when one is a stream. */
uint64_t dataset_size(const struct dataset *dataset);
/* True when this file can be read only once. */
bool dataset_is_stream(const struct dataset *dataset, uint32_t file);
/* Bytes of this file, 0 when it is a stream. */
uint64_t dataset_file_size(const struct dataset *dataset, uint32_t file);
/* The open file, for looking at it; reading from it would take a stream's bytes away. */
int dataset_descriptor(const struct dataset *dataset, uint32_t file);

/* Before the start: as dataset_read, but *got may be less before the end too, when a stream has
 * given no more so far; 0: the end. */
enum sheaf_status dataset_read_some(struct dataset *dataset, uint32_t file, uint64_t offset,
                                    char *buffer, size_t length, size_t *got,
                                    struct sheaf_error *error);

/* Where dataset_spool puts its files (NULL, and at first: P_tmpdir). Borrowed until the start. */
void dataset_set_temporary(struct dataset *dataset, const char *directory);

/* Before the start: makes a stream a regular file, by copying it to an unnamed temporary one: all
 * of it, but at most `most` bytes. Fails with SHEAF_SYSTEM, SHEAF_STOPPED. */
enum sheaf_status dataset_spool(struct dataset *dataset, uint32_t file, uint64_t most,
                                struct sheaf_error *error);

/* Says that the chunks of `file` begin at `offset`, within what planning has read. */
void dataset_set_begin(struct dataset *dataset, uint32_t file, uint64_t offset);

/* The chunks there will be at this size and tail, UINT64_MAX when an input is a stream. */
uint64_t dataset_chunks(const struct dataset *dataset, uint64_t chunk_size, uint64_t tail);

enum dataset_reader { DATASET_READER_THREAD, DATASET_READS_ITSELF };

/* How the bytes of regular files come to a reader; README.md has the figures. Streams are read. */
enum dataset_access {
    DATASET_AUTO,  /* chosen, file by file */
    DATASET_PREAD, /* copied into the reader's buffer */
    DATASET_MMAP,  /* looked at where the system keeps them */
};

/* A row of the table of their names. */
struct dataset_access_name {
    const char *name;
    const char *help; /* one line */
    enum dataset_access access;
};
extern const struct dataset_access_name dataset_access_table[];
extern const size_t dataset_access_table_length;

/* How the chunks are dealt out. What open rows keep in memory is charged to the budget (may be
 * NULL). */
struct dataset_run {
    uint64_t chunk_size;
    /* Bytes at the end of the last file that are dealt out in smaller chunks, so that workers end
     * together; 0: none. Regular files only. */
    uint64_t tail;
    enum dataset_access access;
    unsigned workers;
    enum dataset_reader reader;
    struct memory_budget *budget;
};

/* Ends planning. Fails with SHEAF_SYSTEM (threads, memory). */
enum sheaf_status dataset_start(struct dataset *dataset, const struct dataset_run *run,
                                struct sheaf_error *error);

/* Gives the next chunk: SHEAF_END when there is none, SHEAF_STOPPED after dataset_stop or when the
 * token is set. */
enum sheaf_status dataset_claim(struct dataset *dataset, struct chunk *out,
                                struct sheaf_error *error);

/* Reads up to `length` bytes of a file. *got is less at its end, and, after the start, where a
 * stream has given no more so far; it is 0 at the end only, and all of a claimed chunk is there.
 * After the start: only bytes at or after a chunk that the caller has claimed and not finished. */
enum sheaf_status dataset_read(struct dataset *dataset, uint32_t file, uint64_t offset,
                               char *buffer, size_t length, size_t *got, struct sheaf_error *error);

/* As dataset_read, of a file that is no stream: anywhere in it, at any time, also when other files
 * are streams. Any thread. */
enum sheaf_status dataset_read_anywhere(struct dataset *dataset, uint32_t file, uint64_t offset,
                                        char *buffer, size_t length, size_t *got,
                                        struct sheaf_error *error);

/* Bytes that may be read behind those of a view. */
enum { DATASET_PADDING = 64 };

/* Some bytes of a file, to be looked at. */
struct dataset_view {
    uint32_t file;
    uint64_t offset;
    size_t length;     /* wanted, at most */
    char *buffer;      /* of length + DATASET_PADDING bytes, where they are put if they must be */
    const char *bytes; /* given: in the buffer, or in memory that stays until dataset_close */
    size_t got;        /* given: their number, as of dataset_read */
};

/* As dataset_read, but without a copy where the file is mapped. DATASET_PADDING bytes behind the
 * last may be read, and mean nothing. When a mapped file is cut short meanwhile, what is gone reads
 * as zeros, and dataset_check_unchanged fails: a reader must stand any bytes. */
enum sheaf_status dataset_look(struct dataset *dataset, struct dataset_view *view,
                               struct sheaf_error *error);

/* True when dataset_look gives all bytes of this file without a copy. After the start. */
bool dataset_is_mapped(const struct dataset *dataset, uint32_t file);

/* Gives the chunk back: once for each one claimed. */
void dataset_finish(struct dataset *dataset, uint64_t number);

/* Makes every waiting and later claim give SHEAF_STOPPED (chunks claimed already are finished as
 * usual). Any thread. */
void dataset_stop(struct dataset *dataset);

/* Ends the run: no worker is inside a call any more. Ends and joins the reader, gives back what it
 * was charged. */
void dataset_end(struct dataset *dataset);

/* Fails with SHEAF_DATA, naming it, when a regular file was changed since it was opened; with
 * SHEAF_SYSTEM when bytes of a mapped one could not be had. */
enum sheaf_status dataset_check_unchanged(const struct dataset *dataset, struct sheaf_error *error);

/* Ends a run that was not ended. Takes NULL. */
void dataset_close(struct dataset *dataset);

#endif

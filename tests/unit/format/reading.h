/* reading.h - a whole reading of files through the table of formats: planned, chunks on the
 * workers of an executor, and every row written down in one text that can be compared. */
#ifndef READING_H
#define READING_H

#include "base/buffer.h"
#include "format/format.h"
#include "num/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { READING_FILES = 4, READING_PATH = 32 };

/* Files in memory, read by path. */
struct reading_files {
    int descriptors[READING_FILES];
    char names[READING_FILES][READING_PATH];
    const char *paths[READING_FILES];
    uint32_t count;
};
void reading_add_file(struct reading_files *files, const void *bytes, size_t length);
/* Instead: a pipe, which holds all of the bytes (up to 64 KiB) and is read once. */
void reading_add_pipe(struct reading_files *files, const void *bytes, size_t length);
void reading_close_files(struct reading_files *files);

/* Comma, double quote, nothing else. */
struct format_options reading_options(void);

struct reading_setup {
    const struct format_ops *format; /* NULL: CSV */
    const struct format_options *options;
    const uint32_t *needed;
    uint32_t needed_count;
    unsigned vectors; /* of each needed column; 0: texts */
    uint64_t chunk_size;
    const struct executor_ops *executor;
    unsigned workers;
    enum dataset_access access; /* DATASET_AUTO: in turns pread and mmap, also of small files */
};

/* What came of it. A row is "FILE BYTE LINE", then for each needed column " N" (null) or
 * " LENGTH:BYTES" (other vectors: as below), then a line end; rows stand in the order of the
 * dataset. */
struct reading {
    enum sheaf_status status; /* of the open, or of the lowest chunk that failed */
    struct sheaf_error error;
    bool was_opened;
    struct buffer text;
    uint64_t rows;
    uint64_t skipped;
    uint64_t nulled;
    unsigned ways; /* how CSV was read: bits */
    struct sheaf_error first_skipped;
};

void reading_run(const struct reading_files *files, const struct reading_setup *setup,
                 struct reading *out);
void reading_drop(struct reading *reading);

/* Only plans, and gives the rows of the sample; `most` rows end it. */
void reading_sample(const struct reading_files *files, const struct reading_setup *setup,
                    uint64_t most, struct reading *out);

/* Appends one row as above. */
void reading_put_place(struct buffer *text, uint32_t file, uint64_t byte, uint64_t line);
void reading_put_field(struct buffer *text, struct text field);
/* " d123", or " f", the exponent, and the double as %a */
void reading_put_number(struct buffer *text, const struct number *number);
/* " tFORM:SECONDS.ATTOSECONDS", or " N" */
void reading_put_instant(struct buffer *text, const struct instant *instant);

#endif

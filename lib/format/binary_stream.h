/* format/binary_stream.h - where a stream of records ends, and whether that is right.
 *
 * A file's size is known at planning. A stream's end is found by the chunk in which, or right
 * behind which, it is: by looking for a single byte, before the chunk's last row is given out. So
 * the same error is found at the same byte for every chunk size. */
#ifndef FORMAT_BINARY_STREAM_H
#define FORMAT_BINARY_STREAM_H

#include "format/binary.h"

/* A claimed chunk of a stream and the rows that start in it. */
struct binary_stream {
    struct dataset *dataset;
    const struct binary_layout *layout;
    const struct chunk *chunk;
    uint64_t row, end_row; /* as the header says; less of them when the last is not whole */
};

/* Checks that the stream ends neither inside the chunk's last row nor, right behind the chunk, too
 * early, nor goes on behind the last row of all. Of a place further on another chunk knows. *found
 * becomes what is wrong, after the rows that are left, and stays as it is otherwise. Fails as
 * dataset_read does. */
enum sheaf_status binary_stream_check(struct binary_stream *stream, struct sheaf_error *found,
                                      struct sheaf_error *error);

#endif

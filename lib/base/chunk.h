/* base/chunk.h - the numbered unit of work that a worker claims. */
#ifndef BASE_CHUNK_H
#define BASE_CHUNK_H

#include <stdbool.h>
#include <stdint.h>

/* Chunk k is claimed only once every chunk below k - CHUNK_WINDOW is finished, so whatever is kept
 * per chunk fits a ring, however small the chunks and however endless the input. */
enum { CHUNK_WINDOW = 512 };

/* A byte range of one file. Chunks are numbered from 0 over the whole dataset, in its order, and
 * never cross files. */
struct chunk {
    uint64_t number;
    uint64_t offset; /* in the file */
    uint64_t length; /* at least 1 */
    uint32_t file;   /* from 0 */
    bool first;      /* the first of its file */
};

#endif

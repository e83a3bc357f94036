/* sources.h - files, pipes and FIFOs with given bytes, for tests of what reads them. */
#ifndef SOURCES_H
#define SOURCES_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SOURCE_PATH = 64 };

/* One input. A pipe's writer is a thread, so that no length blocks. */
struct source {
    char path[SOURCE_PATH];
    const char *bytes;
    size_t length;
    int descriptor; /* of the file, or the reading end */
    int writable;   /* of a pipe whose writer is still to be started, or that stays silent */
    bool has_writer;
    pthread_t writer;
    size_t piece; /* bytes of one write */
};

/* A regular file in memory. The bytes are copied. */
void source_file(struct source *source, const char *bytes, size_t length);

/* A pipe whose bytes (borrowed) a thread writes, `piece` of them at a time, and then closes it. */
void source_pipe(struct source *source, const char *bytes, size_t length, size_t piece);

/* A pipe that holds some bytes and stays open until source_hang_up. */
void source_silent_pipe(struct source *source, const char *bytes, size_t length);
void source_hang_up(struct source *source);

/* Joins the writer, closes all. */
void source_close(struct source *source);

/* Fills bytes with something that differs from place to place. */
void source_fill(char *bytes, size_t length, uint64_t seed);

#endif

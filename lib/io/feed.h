/* io/feed.h - the inputs of a dataset as numbered blocks in memory, for when one is a stream.
 *
 * A reader goes through all inputs in order and puts blocks of up to chunk_size bytes into an
 * index; a bounded channel carries their numbers. The reader stays at most some blocks ahead of
 * the finished ones, save for what an open row waits for. Any thread, save open and close. */
#ifndef IO_FEED_H
#define IO_FEED_H

#include "base/chunk.h"
#include "io/dataset.h"
#include "io/input.h"

struct feed;

struct feed_setup {
    struct input *const *inputs;
    uint32_t count;
    const uint64_t *begins; /* where the chunks of each input begin */
    struct dataset_run run;
    const struct sheaf_cancel *cancel;
};

/* Starts the reader. What the setup points to is borrowed until close. */
enum sheaf_status feed_open(const struct feed_setup *setup, struct feed **out,
                            struct sheaf_error *error);

/* As dataset_claim, dataset_read, dataset_finish, dataset_stop. */
enum sheaf_status feed_claim(struct feed *feed, struct chunk *out, struct sheaf_error *error);
enum sheaf_status feed_read(struct feed *feed, uint32_t file, uint64_t offset, char *buffer,
                            size_t length, size_t *got, struct sheaf_error *error);
void feed_finish(struct feed *feed, uint64_t number);
void feed_stop(struct feed *feed);

/* Ends and joins the reader. Takes NULL. */
void feed_close(struct feed *feed);

#endif

/* sheaf/pipeline.h - stages joined by channels, each with workers of its own.
 *
 * The first stage is the source: its function is called with a NULL item until it gives SHEAF_END.
 * Every other stage is called once per item and may put none, one or many items out to the next.
 * The end of input flows through: a stage ends when the one before it has ended and all its items
 * are worked off. A full channel makes the stage before it wait.
 *
 * An item belongs to the stage that is called with it, which frees what it refers to or passes it
 * on. The first error stops all stages: their waits end, and every item that no function has been
 * called with is freed by the destructor of the stage that put it out. So is the end by the token.
 */
#ifndef SHEAF_PIPELINE_H
#define SHEAF_PIPELINE_H

#include "sheaf/cancel.h"
#include "sheaf/error.h"

#include <stddef.h>

/* Where a stage puts its items: to the next stage, for the duration of the call. */
struct sheaf_outlet;

/* Copies an item to the next stage; blocks while the channel is full. An ordered stage of several
 * workers keeps what its calls put out before their turn, up to `capacity` items beside those in
 * the channel; then this blocks until the turn has come. Gives SHEAF_OK; or SHEAF_STOPPED when the
 * pipeline stops: the item stays the caller's, and the function should return, with any status.
 * From the last stage: SHEAF_USAGE. Only inside the call that it was given to, on its thread. */
SHEAF_API enum sheaf_status sheaf_outlet_put(struct sheaf_outlet *outlet, const void *item,
                                             struct sheaf_error *error);

/* Called by the workers of a stage, several at once if it has several. Gives SHEAF_OK; SHEAF_END
 * (only a source: no more input; each worker of it until its own SHEAF_END); or fills `error`
 * (never NULL) and gives its status, which stops the pipeline. SHEAF_STOPPED after the pipeline has
 * stopped counts as no error. */
typedef enum sheaf_status sheaf_stage_function(void *argument, void *item,
                                               struct sheaf_outlet *outlet,
                                               struct sheaf_error *error);

/* Frees what an item refers to; the item's bytes are the pipeline's. Any thread. */
typedef void sheaf_item_destructor(void *item);

enum sheaf_stage_order {
    SHEAF_UNORDERED, /* items leave the stage as they get done */
    SHEAF_ORDERED,   /* what the calls put out leaves in the order of the items that came in */
};

struct sheaf_stage {
    const char *name; /* for errors and debuggers; not NULL */
    sheaf_stage_function *function;
    void *argument;
    unsigned workers; /* at least 1; an ordered source has one */
    enum sheaf_stage_order order;
    size_t item_size; /* of the items that it puts out; the last stage: 0 */
    size_t capacity;  /* of the channel that they go to, at least 1; the last: unused */
    sheaf_item_destructor *destroy; /* of the items that it puts out; NULL: they own nothing */
};

/* Runs the pipeline of `count` (at least 1) stages and returns when all its threads have ended.
 * Order from end to end needs every stage but the last to be ordered or have one worker. `cancel`
 * (NULL: none) stops it from outside. Gives SHEAF_OK; the status of the first error, with its text
 * headed by the stage's name; SHEAF_STOPPED (the token); SHEAF_USAGE (a stage is described wrongly:
 * says which and how); SHEAF_SYSTEM (no memory; a stage without any thread: with fewer than wanted,
 * but one, it goes on). Any thread. */
SHEAF_API enum sheaf_status sheaf_pipeline_run(const struct sheaf_stage *stages, size_t count,
                                               struct sheaf_cancel *cancel,
                                               struct sheaf_error *error);

#endif

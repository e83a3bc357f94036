/* pipeline - three stages joined by channels: numbers, their squares, lines of text.
 *
 * Four workers square at the same time. Their stage is ordered, so the lines come out in the order
 * of the numbers all the same. The first stage says when the input ends; the others end after it,
 * each when it has worked off what was put out to it. */
#include "sheaf/pipeline.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { LAST = 20, WORKERS = 4, CAPACITY = 8 };

struct squared {
    uint64_t number;
    uint64_t square;
};

/* The source: is called without an item, and puts out the next number each time. */
static enum sheaf_status count(void *argument, void *item, struct sheaf_outlet *outlet,
                               struct sheaf_error *error)
{
    uint64_t *number = argument;
    (void)item;
    if (*number == LAST)
        return SHEAF_END;
    ++*number;
    return sheaf_outlet_put(outlet, number, error);
}

static enum sheaf_status square(void *argument, void *item, struct sheaf_outlet *outlet,
                                struct sheaf_error *error)
{
    const uint64_t *number = item;
    (void)argument;
    const struct squared squared = {.number = *number, .square = *number * *number};
    return sheaf_outlet_put(outlet, &squared, error);
}

/* The last stage puts nothing out. Having one worker, it needs no lock. */
static enum sheaf_status print(void *argument, void *item, struct sheaf_outlet *outlet,
                               struct sheaf_error *error)
{
    const struct squared *squared = item;
    (void)argument;
    (void)outlet;
    (void)error; /* nothing here can fail */
    printf("%" PRIu64 " squared is %" PRIu64 "\n", squared->number, squared->square);
    return SHEAF_OK;
}

int main(void)
{
    uint64_t number = 0;
    const struct sheaf_stage stages[] = {
        {.name = "count",
         .function = count,
         .argument = &number,
         .workers = 1,
         .item_size = sizeof(uint64_t),
         .capacity = CAPACITY},
        {.name = "square",
         .function = square,
         .workers = WORKERS,
         .order = SHEAF_ORDERED,
         .item_size = sizeof(struct squared),
         .capacity = CAPACITY},
        {.name = "print", .function = print, .workers = 1},
    };
    struct sheaf_error error;
    if (sheaf_pipeline_run(stages, sizeof stages / sizeof *stages, NULL, &error) == SHEAF_OK)
        return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    fprintf(stderr, "pipeline: %s\n", error.text);
    return EXIT_FAILURE;
}

#include "format/entry.h"

#include "base/memory.h"

#include <stdatomic.h>

/* A record's word: what it holds (2 bits), whether somebody waits, and
 * which chunk it is about (the rounds of the ring, as far as they fit). */
enum {
    WORD_NOTHING = 0,
    WORD_SURVEY = 1,    /* survey and first are readable */
    WORD_INCLUSIVE = 2, /* inclusive too */
    WORD_FAILED = 3,
    WORD_KIND = 3,
    WORD_WAITED = 4,
    WORD_ROUND_SHIFT = 3,
};

/* A worker that settles chunk n has passed only chunks that were unfinished after n was claimed, so
 * it reads no record below n - CHUNK_WINDOW - 1; and while n is unfinished, no chunk above
 * n + CHUNK_WINDOW is claimed. Twice the window and a little more keeps the two apart. */
enum { RING_SLOTS = 4 * CHUNK_WINDOW };

struct record {
    _Atomic uint32_t word;
    struct scan_survey survey;
    struct entry_state inclusive; /* the state after the chunk */
};

struct entry_ring {
    struct executor *executor;
    struct record records[RING_SLOTS];
};

/* Round 0 is never used, so that fresh memory is about no chunk. */
static uint32_t round_of(uint64_t number)
{
    return (uint32_t)(number / RING_SLOTS + 1) << WORD_ROUND_SHIFT;
}

static struct record *record_of(struct entry_ring *ring, uint64_t number)
{
    return &ring->records[number % RING_SLOTS];
}

enum sheaf_status entry_ring_open(struct executor *executor, struct entry_ring **out,
                                  struct sheaf_error *error)
{
    *out = NULL;
    struct entry_ring *ring = memory_zeroed(1, sizeof *ring);
    if (ring == NULL)
        return error_no_memory(error, "the chunk records");
    ring->executor = executor;
    *out = ring;
    return SHEAF_OK;
}

void entry_ring_close(struct entry_ring *ring)
{
    memory_free(ring);
}

/* Makes the record say `kind` about the chunk; wakes who waited for that. */
static void publish(struct entry_ring *ring, uint64_t number, uint32_t kind)
{
    struct record *record = record_of(ring, number);
    const uint32_t before = atomic_exchange(&record->word, round_of(number) | kind);
    if (before & WORD_WAITED)
        ring->executor->ops->wake(ring->executor, &record->word);
}

/* Waits until the record says something about the chunk; gives the word's kind. */
static uint32_t await(struct entry_ring *ring, uint64_t number)
{
    struct record *record = record_of(ring, number);
    uint32_t word = atomic_load(&record->word);
    for (;;) {
        if ((word & ~(uint32_t)((1U << WORD_ROUND_SHIFT) - 1)) == round_of(number) &&
            (word & WORD_KIND) != WORD_NOTHING)
            return word & WORD_KIND;
        if (!(word & WORD_WAITED) &&
            !atomic_compare_exchange_weak(&record->word, &word, word | WORD_WAITED))
            continue;
        ring->executor->ops->wait_word(ring->executor, &record->word, word | WORD_WAITED);
        word = atomic_load(&record->word);
    }
}

static struct entry_state after(const struct entry_state *before, const struct scan_survey *survey)
{
    const struct line_ends lines =
        line_ends_add((struct line_ends){.count = before->lines, .last_is_cr = before->last_is_cr},
                      survey->lines);
    return (struct entry_state){
        .state = scan_map_apply(survey->map, before->state),
        .lines = lines.count,
        .last_is_cr = lines.last_is_cr,
    };
}

/* Folds back from the chunk before `number`: *between becomes the survey of the chunks from the
 * one after the known state up to it. */
static enum sheaf_status look_back(struct entry_ring *ring, uint64_t number,
                                   struct entry_state *known, struct scan_survey *between,
                                   bool *has_between, struct sheaf_error *error)
{
    *has_between = false;
    for (uint64_t before = number - 1;; before--) {
        const uint32_t kind = await(ring, before);
        const struct record *record = record_of(ring, before);
        if (kind == WORD_FAILED)
            return error_set(error, SHEAF_STOPPED, "stopped");
        if (kind == WORD_INCLUSIVE) {
            *known = record->inclusive;
            return SHEAF_OK;
        }
        if (*has_between) {
            between->map = scan_map_compose(record->survey.map, between->map);
            between->lines = line_ends_add(record->survey.lines, between->lines);
        } else {
            *between = record->survey;
            *has_between = true;
        }
    }
}

enum sheaf_status entry_ring_settle(struct entry_ring *ring, const struct chunk *chunk,
                                    const struct scan_survey *survey,
                                    const struct entry_state *begin, struct entry_state *out,
                                    struct sheaf_error *error)
{
    struct record *record = record_of(ring, chunk->number);
    record->survey = *survey;
    struct entry_state known = *begin;
    if (!chunk->first) {
        publish(ring, chunk->number, WORD_SURVEY);
        struct scan_survey between;
        bool has_between;
        const enum sheaf_status status =
            look_back(ring, chunk->number, &known, &between, &has_between, error);
        if (status != SHEAF_OK) {
            publish(ring, chunk->number, WORD_FAILED);
            return status;
        }
        if (has_between)
            known = after(&known, &between);
    }
    record->inclusive = after(&known, survey);
    publish(ring, chunk->number, WORD_INCLUSIVE);
    *out = known;
#ifdef SHEAF_MUTATE_ENTRY_R
    out->state = SCAN_ROW_START; /* a test build: tests must fail */
#endif
    return SHEAF_OK;
}

void entry_ring_fail(struct entry_ring *ring, const struct chunk *chunk)
{
    publish(ring, chunk->number, WORD_FAILED);
}

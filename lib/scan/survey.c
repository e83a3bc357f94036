#include "scan/survey.h"

#include <string.h>

scan_map scan_map_compose(scan_map first, scan_map second)
{
    scan_map map = 0;
    for (unsigned state = 0; state < SCAN_STATES; state++) {
        const enum scan_state between = scan_map_apply(first, (enum scan_state)state);
        map |= (scan_map)scan_map_apply(second, between) << (SCAN_MAP_BITS * state);
    }
    return map;
}

scan_map scan_map_plain(const struct scan_automaton *automaton, const char *bytes, size_t length)
{
    scan_map map = 0;
    for (unsigned state = 0; state < SCAN_STATES; state++) {
        const enum scan_state exit = scan_run(automaton, (enum scan_state)state, bytes, length);
        map |= (scan_map)exit << (SCAN_MAP_BITS * state);
    }
    return map;
}

/* The states that the entry states have led to so far: soon only two differ (in quotes and not),
 * so each distinct one is run once. */
struct hypotheses {
    uint8_t of_entry[SCAN_STATES]; /* index into state[] */
    uint8_t state[SCAN_STATES];
    unsigned distinct;
};

static void merge_equal(struct hypotheses *now)
{
    uint8_t index_of_state[SCAN_STATES];
    memset(index_of_state, UINT8_MAX, sizeof index_of_state);
    uint8_t moved_to[SCAN_STATES] = {0};
    unsigned distinct = 0;
    for (unsigned i = 0; i < now->distinct; i++) {
        const uint8_t state = now->state[i];
        if (index_of_state[state] == UINT8_MAX) {
            index_of_state[state] = (uint8_t)distinct;
            now->state[distinct++] = state;
        }
        moved_to[i] = index_of_state[state];
    }
    for (unsigned entry = 0; entry < SCAN_STATES; entry++)
        now->of_entry[entry] = moved_to[now->of_entry[entry]];
    now->distinct = distinct;
}

static void run_two(const struct scan_automaton *automaton, struct hypotheses *now,
                    const char *bytes, size_t length)
{
    unsigned a = now->state[0];
    unsigned b = now->state[1];
    for (size_t i = 0; i < length; i++) {
        const unsigned char byte = (unsigned char)bytes[i];
        a = automaton->next[a][byte] & SCAN_STATE_MASK;
        b = automaton->next[b][byte] & SCAN_STATE_MASK;
    }
    now->state[0] = (uint8_t)a;
    now->state[1] = (uint8_t)b;
}

static void run_block(const struct scan_automaton *automaton, struct hypotheses *now,
                      const char *bytes, size_t length)
{
    if (now->distinct == 2) {
        run_two(automaton, now, bytes, length);
        return;
    }
    for (unsigned i = 0; i < now->distinct; i++)
        now->state[i] = (uint8_t)scan_run(automaton, (enum scan_state)now->state[i], bytes, length);
}

scan_map scan_map_by_states(const struct scan_automaton *automaton, const char *bytes,
                            size_t length)
{
    struct hypotheses now = {.distinct = SCAN_STATES};
    for (unsigned state = 0; state < SCAN_STATES; state++)
        now.of_entry[state] = now.state[state] = (uint8_t)state;
    for (size_t start = 0; start < length;) {
        /* Short blocks while many states differ, to merge early. */
        const size_t block = now.distinct > 2 ? 16 : 1024;
        const size_t stop = length - start > block ? start + block : length;
        run_block(automaton, &now, bytes + start, stop - start);
        merge_equal(&now);
        start = stop;
    }
    scan_map map = 0;
    for (unsigned entry = 0; entry < SCAN_STATES; entry++)
        map |= (scan_map)now.state[now.of_entry[entry]] << (SCAN_MAP_BITS * entry);
    return map;
}

static bool holds(const char *bytes, size_t length, int byte)
{
    return byte != SCAN_NO_BYTE && memchr(bytes, byte, length) != NULL;
}

/* Without a quote or escape byte only the bytes since the last line end matter: quoted states stay
 * quoted, and all others, comments too, meet at the line end. */
static size_t tail_start(const char *bytes, size_t length, bool cr_ends)
{
    const char *line_feed = memrchr(bytes, '\n', length);
    const char *carriage_return = cr_ends ? memrchr(bytes, '\r', length) : NULL;
    const char *last = line_feed;
    if (carriage_return != NULL && (last == NULL || carriage_return > last))
        last = carriage_return;
    return last == NULL ? 0 : (size_t)(last - bytes);
}

scan_map scan_map_without_quotes(const struct scan_automaton *automaton, const char *bytes,
                                 size_t length)
{
    const size_t start = tail_start(bytes, length, automaton->dialect.cr_ends);
    return scan_map_by_states(automaton, bytes + start, length - start);
}

struct scan_survey scan_survey_bytes(const struct scan_automaton *automaton, const char *bytes,
                                     size_t length)
{
    const struct scan_dialect *dialect = &automaton->dialect;
    const bool quotes =
        holds(bytes, length, dialect->quote) || holds(bytes, length, dialect->escape);
    return (struct scan_survey){
        .map = quotes ? scan_map_by_states(automaton, bytes, length)
                      : scan_map_without_quotes(automaton, bytes, length),
        .lines = line_ends_count(bytes, length, dialect->cr_ends),
    };
}

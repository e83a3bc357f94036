/* scan/survey.h - what a worker learns of a chunk before it knows the state it starts in.
 *
 * The map from every entry state to its exit state is a function, not a parity bit: a bare quote
 * in an unquoted field makes a constant map, which a parity cannot express. Maps compose, so a
 * chunk's true entry state is the fold of the maps before it (Ge, Li, Eilebrecht, Chandramouli,
 * Kossmann, "Speculative Distributed CSV Data Parsing", SIGMOD 2019, speculates; Stehle, Jacobsen,
 * "ParPaRaw", PVLDB 13(5) 2020, composes as here). Pure; any thread. */
#ifndef SCAN_SURVEY_H
#define SCAN_SURVEY_H

#include "scan/automaton.h"
#include "scan/line_ends.h"

enum { SCAN_MAP_BITS = 3 };

/* Three bits for each entry state, lowest first. */
typedef uint32_t scan_map;

struct scan_survey {
    scan_map map;
    struct line_ends lines;
};

static inline enum scan_state scan_map_apply(scan_map map, enum scan_state state)
{
    return (enum scan_state)((map >> (SCAN_MAP_BITS * (unsigned)state)) & SCAN_STATE_MASK);
}

/* The map of bytes ab, from the maps of a and b. */
scan_map scan_map_compose(scan_map first, scan_map second);

/* Surveys at least one byte, in plain C: what every scan_kernel.survey gives too. */
struct scan_survey scan_survey_bytes(const struct scan_automaton *automaton, const char *bytes,
                                     size_t length);

/* The same by the plain automaton alone, state by state: the definition. */
scan_map scan_map_plain(const struct scan_automaton *automaton, const char *bytes, size_t length);

/* The same, where states that have become equal are followed once: for any dialect, any bytes. */
scan_map scan_map_by_states(const struct scan_automaton *automaton, const char *bytes,
                            size_t length);

/* The same for bytes among which there is no quote and no escape byte. */
scan_map scan_map_without_quotes(const struct scan_automaton *automaton, const char *bytes,
                                 size_t length);

#endif

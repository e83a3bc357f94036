#include "scan/automaton.h"

#include <string.h>

/* One byte from one state. What docs/architecture.md calls R, F, U, Q, E, K, C, X. */
static uint8_t transition(const struct scan_dialect *dialect, enum scan_state state, int byte)
{
    const bool carriage_return = byte == '\r';
    const bool line_end = byte == '\n' || (carriage_return && dialect->cr_ends);
    const bool quote = byte == dialect->quote;

    switch (state) {
    case SCAN_QUOTED:
        if (byte == dialect->escape)
            return SCAN_ESCAPED;
        return quote ? SCAN_QUOTE_IN_QUOTED : SCAN_QUOTED;
    case SCAN_ESCAPED:
        return SCAN_QUOTED;
    case SCAN_COMMENT:
        return line_end ? SCAN_ROW_START : SCAN_COMMENT;
    case SCAN_CR_AFTER_QUOTE: /* not reached with cr_ends, but the map of a survey holds it too */
        if (line_end)
            return SCAN_ROW_START;
        return (byte == dialect->delimiter ? SCAN_FIELD_START : SCAN_UNQUOTED) | SCAN_BAD;
    default:
        break;
    }
    if (line_end)
        return SCAN_ROW_START;
    if (byte == dialect->delimiter)
        return SCAN_FIELD_START;
    if (state == SCAN_QUOTE_IN_QUOTED) {
        if (quote)
            return SCAN_QUOTED;
        return carriage_return ? SCAN_CR_AFTER_QUOTE : SCAN_UNQUOTED | SCAN_BAD;
    }
    if (state == SCAN_ROW_START && byte == dialect->comment)
        return SCAN_COMMENT;
    if (quote && state != SCAN_UNQUOTED)
        return SCAN_QUOTED;
    return SCAN_UNQUOTED;
}

void scan_automaton_build(struct scan_automaton *automaton, const struct scan_dialect *dialect)
{
    automaton->dialect = *dialect;
    for (unsigned state = 0; state < SCAN_STATES; state++)
        for (int byte = 0; byte < 256; byte++)
            automaton->next[state][byte] = transition(dialect, (enum scan_state)state, byte);
}

enum scan_state scan_run(const struct scan_automaton *automaton, enum scan_state state,
                         const char *bytes, size_t length)
{
    unsigned now = state;
    for (size_t i = 0; i < length; i++)
        now = automaton->next[now][(unsigned char)bytes[i]] & SCAN_STATE_MASK;
    return (enum scan_state)now;
}

size_t scan_to_row(const struct scan_automaton *automaton, enum scan_state *state,
                   const char *bytes, size_t length)
{
    unsigned now = *state;
    size_t i = 0;
    while (i < length && now != SCAN_ROW_START)
        now = automaton->next[now][(unsigned char)bytes[i++]] & SCAN_STATE_MASK;
    *state = (enum scan_state)now;
    return i;
}

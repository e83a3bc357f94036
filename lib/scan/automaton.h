/* scan/automaton.h - the plain automaton that defines what CSV bytes mean: the twin that every
 * faster way is checked against. Pure; any thread. */
#ifndef SCAN_AUTOMATON_H
#define SCAN_AUTOMATON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum scan_state {
    SCAN_ROW_START = 0,
    SCAN_FIELD_START,
    SCAN_UNQUOTED,
    SCAN_QUOTED,
    SCAN_QUOTE_IN_QUOTED, /* the quote may close the field, or be the first of two */
    SCAN_CR_AFTER_QUOTE,  /* a closed field and a CR: a LF must follow */
    SCAN_COMMENT,
    SCAN_ESCAPED, /* the byte after an escape in quotes */
    SCAN_STATES
};

enum { SCAN_NO_BYTE = -1 };

/* The bytes that mean something; SCAN_NO_BYTE: none. All that are set differ. */
struct scan_dialect {
    unsigned char delimiter;
    int quote;
    int comment;
    int escape;
    bool cr_ends; /* a lone CR ends a line too */
};

/* next[state][byte] is the state after the byte, SCAN_BAD added where the row is bad for it. */
enum { SCAN_BAD = 0x80, SCAN_STATE_MASK = 0x07 };

struct scan_automaton {
    struct scan_dialect dialect;
    uint8_t next[SCAN_STATES][256];
};

void scan_automaton_build(struct scan_automaton *automaton, const struct scan_dialect *dialect);

/* Gives the state after `length` bytes. */
enum scan_state scan_run(const struct scan_automaton *automaton, enum scan_state state,
                         const char *bytes, size_t length);

/* Reads on from *state until a row starts; gives the number of bytes before it (`length` when none
 * starts here) and moves *state. 0 when *state is SCAN_ROW_START already. */
size_t scan_to_row(const struct scan_automaton *automaton, enum scan_state *state,
                   const char *bytes, size_t length);

#endif

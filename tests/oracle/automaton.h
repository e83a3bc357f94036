/* oracle/automaton.h - the obvious reader of CSV: one byte at a time, one state, no threads.
 *
 * It shares no code with the library, so that the two check each other. Not fast, not frugal:
 * memory that malloc refuses ends the test program. */
#ifndef ORACLE_AUTOMATON_H
#define ORACLE_AUTOMATON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ORACLE_NO_BYTE = -1 };

/* R row start, F field start, U unquoted, Q in quotes, E quote seen in quotes, K CR after a
 * closing quote, C comment, X the byte before was an escape. */
enum oracle_state {
    ORACLE_R,
    ORACLE_F,
    ORACLE_U,
    ORACLE_Q,
    ORACLE_E,
    ORACLE_K,
    ORACLE_C,
    ORACLE_X,
    ORACLE_STATES
};

struct oracle_dialect {
    unsigned char delimiter;
    int quote;   /* a byte or ORACLE_NO_BYTE */
    int comment; /* a byte or ORACLE_NO_BYTE */
    int escape;  /* a byte or ORACLE_NO_BYTE; means something in quotes only */
    bool cr_ends;
    uint64_t skip_lines;
};

struct oracle_field {
    char *bytes;
    size_t length;
    bool quoted;
};

struct oracle_row {
    struct oracle_field *fields;
    size_t count;
    uint64_t byte;     /* offset of its first byte in the file */
    uint64_t line;     /* the physical line that it begins on, from 1 */
    uint64_t bad_line; /* where text after a closing quote stands; 0: nowhere */
};

struct oracle_table {
    struct oracle_row *rows;
    size_t count;
    uint64_t unclosed_line;       /* where a quote that is never closed opened; 0: none */
    uint64_t seen[ORACLE_STATES]; /* how many bytes led into each state */
};

/* Reads a whole file. The table is the caller's, who frees it with oracle_table_free. */
void oracle_read(const struct oracle_dialect *dialect, const unsigned char *bytes, size_t length,
                 struct oracle_table *out);
void oracle_table_free(struct oracle_table *table);

/* realloc that does not fail. */
void *oracle_resize(void *pointer, size_t size);

#endif

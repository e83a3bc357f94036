/* format/npy_lexer.h - the words of a .npy header: marks, strings, numbers, True and False. */
#ifndef FORMAT_NPY_LEXER_H
#define FORMAT_NPY_LEXER_H

#include "format/npy_header.h"

struct npy_lexer {
    const struct npy_text *text;
    size_t at; /* the next byte */
    struct arena *arena;
    struct sheaf_error *error;
};

/* Fills the error with SHEAF_DATA at a position in the header. */
enum sheaf_status npy_fail(const struct npy_lexer *lexer, size_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Fails at the next word: "found …, expected …". */
enum sheaf_status npy_unexpected(const struct npy_lexer *lexer, const char *expected);

/* Skips blanks; gives the first byte of the next word, '\0' at the end. */
char npy_peek(struct npy_lexer *lexer);

/* Takes one mark, which `expected` describes in a message. */
enum sheaf_status npy_take(struct npy_lexer *lexer, char mark, const char *expected);

/* After an item of a list that `close` ends: takes a comma, a closing mark, or both. *more: another
 * item follows. */
enum sheaf_status npy_take_separator(struct npy_lexer *lexer, char close, bool *more);

/* Takes a string; gives its value as UTF-8, of the arena. */
enum sheaf_status npy_take_string(struct npy_lexer *lexer, struct text *out);

/* Takes a number from 0 to 2^63 - 1. */
enum sheaf_status npy_take_number(struct npy_lexer *lexer, uint64_t *out);

enum sheaf_status npy_take_bool(struct npy_lexer *lexer, bool *out);

#endif

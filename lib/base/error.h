/* base/error.h - filling a struct sheaf_error, and passing a status up untouched. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "sheaf/error.h"

#include <stddef.h>

enum { ERROR_NAME_SIZE = 128 };

/* Returns from the calling function unless the expression gives SHEAF_OK. */
#define TRY(expression)                                                                            \
    do {                                                                                           \
        const enum sheaf_status try_status_ = (expression);                                        \
        if (try_status_ != SHEAF_OK)                                                               \
            return try_status_;                                                                    \
    } while (0)

/* Fills `error` (may be NULL) with a status and a printf-style text (cut at its size) and zero
 * place; gives `status` back, so that `return error_set(…)` is the one way to fail. */
enum sheaf_status error_set(struct sheaf_error *error, enum sheaf_status status, const char *format,
                            ...) __attribute__((format(printf, 3, 4)));

/* Makes `error` (not NULL) say nothing: SHEAF_OK, no place, an empty text. Touches no more of the
 * text than that needs. */
void error_clear(struct sheaf_error *error);

/* What a function of the program gave, with the error that it may have filled: the status is the
 * one given, and an empty text becomes the status's name. Gives `status`. */
enum sheaf_status error_adopt(struct sheaf_error *error, enum sheaf_status status);

/* As error_set with SHEAF_SYSTEM; appends ": " and the text of `system_errno`. */
enum sheaf_status error_system(struct sheaf_error *error, int system_errno, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Makes *first the error that stands earlier in the dataset, by file and byte; one with SHEAF_OK is
 * none. */
void error_keep_earlier(struct sheaf_error *first, const struct sheaf_error *other);

/* The one message for memory that malloc refused: SHEAF_SYSTEM, "out of memory: WHAT". */
enum sheaf_status error_no_memory(struct sheaf_error *error, const char *what);

/* Copies `length` bytes of somebody's data into `out`, of `size` bytes (at least 4), so that it is
 * safe to print in a message: control bytes, quotes and backslashes escaped, cut with "..." at the
 * size (4 * length + 4 bytes are always enough). Valid UTF-8 stays as it is, save bidirectional
 * controls. Gives `out`. */
const char *error_escape(char *out, size_t size, const char *bytes, size_t length);

/* As error_escape for names, which are short. */
const char *error_name(char out[ERROR_NAME_SIZE], const char *bytes, size_t length);

#endif

/* sheaf/error.h - how every call of the library says what went wrong.
 *
 * A call that can fail returns an enum sheaf_status and fills a caller-owned struct sheaf_error,
 * for which NULL may be passed by a caller who needs the status only. */
#ifndef SHEAF_ERROR_H
#define SHEAF_ERROR_H

#include <stdint.h>

#if defined(__GNUC__)
#define SHEAF_API __attribute__((visibility("default")))
#else
#define SHEAF_API
#endif

enum sheaf_status {
    SHEAF_OK = 0,
    SHEAF_END,     /* nothing is left: the last answer of a reader, a closed channel */
    SHEAF_TIMEOUT, /* a deadline passed before the awaited thing happened */
    SHEAF_STOPPED, /* a cancel token was set; the work was given up */
    SHEAF_USAGE,   /* the request is wrong: an unknown column, a bad option value */
    SHEAF_DATA,    /* the input is wrong: a bad row, text where a number is needed */
    SHEAF_SYSTEM,  /* the system failed: a file, a thread, memory that malloc refused */
    SHEAF_LIMIT,   /* a state outgrew the memory limit of the job */
    SHEAF_BUSY,    /* a try call found that it would have to wait */
    SHEAF_STATUS_COUNT
};

enum { SHEAF_ERROR_TEXT = 1024 };

/* What failed, and where. `text` is one line without a line end: "FILE:LINE: reason" where the
 * place is known. file counts from 0 in the order given; line from 1; byte is the offset in the
 * file of the first byte of the row (or of the bad byte); column counts from 1. 0 in line or
 * column: not known. */
struct sheaf_error {
    enum sheaf_status status;
    int system_errno; /* errno of the failed call, or 0 */
    uint32_t file;
    uint32_t column;
    uint64_t line;
    uint64_t byte;
    char text[SHEAF_ERROR_TEXT];
};

/* Gives the lower-case name of a status: "ok", "data" … Never NULL; any thread. */
SHEAF_API const char *sheaf_status_name(enum sheaf_status status);

#endif

/* scan/line_ends.h - counting physical line ends: LFs, and with cr_ends CRs too, where the LF of a
 * CRLF counts once. Pure; any thread. */
#ifndef SCAN_LINE_ENDS_H
#define SCAN_LINE_ENDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The line ends of some bytes, so that two stretches can be added. The last two are only set with
 * cr_ends, so without it adding is plain addition. */
struct line_ends {
    uint64_t count;
    bool first_is_lf;
    bool last_is_cr;
};

struct line_ends line_ends_count(const char *bytes, size_t length, bool cr_ends);

/* The line ends of `a` followed by `b`. Neither may be of zero bytes. */
struct line_ends line_ends_add(struct line_ends a, struct line_ends b);

#endif

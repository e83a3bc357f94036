/* num/window.h - a signed fixed-point number whose digits are kept only where there are any.
 *
 * Two's complement limbs, the lowest of which counts units of 2^(64 * low). The window grows at
 * either end; so a column of doubles of like size needs three limbs a sum, not the 34 that all
 * doubles span. One thread at a time; all-zero is a valid empty window, the number 0. */
#ifndef NUM_WINDOW_H
#define NUM_WINDOW_H

#include "base/memory.h"
#include "num/bignat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct window {
    uint64_t *limbs;
    int16_t low;
    uint16_t length; /* limbs allocated, all in use */
};

/* Whom growing memory is charged to, and where a failure is told. */
struct window_charge {
    struct memory_budget *budget;
    const char *column;
    struct sheaf_error *error;
};

/* Makes room for adding a magnitude of limbs low … high - 2, or merging a window of limbs
 * low … high - 1: after it one of either cannot fail. Fails with SHEAF_SYSTEM or SHEAF_LIMIT, the
 * window unchanged. */
enum sheaf_status window_reserve(struct window *window, int low, int high,
                                 const struct window_charge *charge);

/* Adds or takes off the magnitude of `count` limbs from limb position `low`; reserved before. */
void window_add(struct window *window, int low, const uint64_t *limbs, size_t count);
void window_subtract(struct window *window, int low, const uint64_t *limbs, size_t count);

/* One past the highest limb to reserve for merging this window into another. */
int window_high(const struct window *window);
/* Adds `from`; reserved before from from->low to window_high(from). */
void window_merge(struct window *into, const struct window *from);

bool window_negative(const struct window *window);
/* The magnitude, in units of 2^(64 * low). */
void window_magnitude(const struct window *window, struct bignat *out);

void window_drop(struct window *window, struct memory_budget *budget);

#endif

#include "num/window.h"

#include <string.h>

/* A top limb within ±2^HEADROOM_BITS can take a carry, or another such limb, and does not
 * overflow. */
enum { HEADROOM_BITS = 61 };

static uint64_t sign_limb(const struct window *window)
{
    return window_negative(window) ? UINT64_MAX : 0;
}

static bool has_headroom(const struct window *window)
{
    const uint64_t top = window->limbs[window->length - 1];
    const uint64_t bias = UINT64_C(1) << HEADROOM_BITS;
    return top + bias < 2 * bias;
}

bool window_negative(const struct window *window)
{
    return window->length > 0 && window->limbs[window->length - 1] >> 63 != 0;
}

int window_high(const struct window *window)
{
    const int high = window->low + window->length;
    return window->length == 0 || has_headroom(window) ? high : high + 1;
}

/* Moves the number to a new window of limbs low … high - 1, which covers the old one. */
static enum sheaf_status grow(struct window *window, int low, int high,
                              const struct window_charge *charge)
{
    static const char what[] = "exact sum";
    const size_t length = (size_t)(high - low);
    const uint64_t extra = (length - window->length) * sizeof *window->limbs;
    TRY(memory_charge(charge->budget, extra, what, charge->column, charge->error));
    uint64_t *limbs = memory_zeroed(length, sizeof *limbs);
    if (limbs == NULL) {
        memory_uncharge(charge->budget, extra);
        return error_no_memory(charge->error, what);
    }
    const size_t below = window->length > 0 ? (size_t)(window->low - low) : 0;
    if (window->length > 0)
        memcpy(limbs + below, window->limbs, window->length * sizeof *limbs);
    const uint64_t sign = sign_limb(window);
    for (size_t i = below + window->length; i < length; i++)
        limbs[i] = sign;
    memory_free(window->limbs);
    *window = (struct window){.limbs = limbs, .low = (int16_t)low, .length = (uint16_t)length};
    return SHEAF_OK;
}

enum sheaf_status window_reserve(struct window *window, int low, int high,
                                 const struct window_charge *charge)
{
    if (window->length == 0)
        return grow(window, low, high, charge);
    const int old_high = window_high(window); /* one more when the top is too full */
    if (low >= window->low && high <= old_high && old_high == window->low + window->length)
        return SHEAF_OK;
    return grow(window, low < window->low ? low : window->low, high > old_high ? high : old_high,
                charge);
}

void window_add(struct window *window, int low, const uint64_t *limbs, size_t count)
{
    uint64_t *at = window->limbs + (low - window->low);
    const uint64_t *end = window->limbs + window->length;
    bool carry = false;
    for (size_t i = 0; i < count; i++, at++) {
        uint64_t sum;
        const bool first = __builtin_add_overflow(*at, limbs[i], &sum);
        const bool second = __builtin_add_overflow(sum, (uint64_t)carry, at);
        carry = first || second;
    }
    for (; carry && at < end; at++)
        carry = ++*at == 0;
}

void window_subtract(struct window *window, int low, const uint64_t *limbs, size_t count)
{
    uint64_t *at = window->limbs + (low - window->low);
    const uint64_t *end = window->limbs + window->length;
    bool borrow = false;
    for (size_t i = 0; i < count; i++, at++) {
        uint64_t difference;
        const bool first = __builtin_sub_overflow(*at, limbs[i], &difference);
        const bool second = __builtin_sub_overflow(difference, (uint64_t)borrow, at);
        borrow = first || second;
    }
    for (; borrow && at < end; at++)
        borrow = (*at)-- == 0;
}

void window_merge(struct window *into, const struct window *from)
{
    if (from->length == 0)
        return;
    window_add(into, from->low, from->limbs, from->length);
    if (!window_negative(from))
        return;
    /* Read as a magnitude, a negative `from` is too great by 2^64 at its end. */
    static const uint64_t one[] = {1};
    const int end = from->low + from->length;
    if (end < into->low + into->length)
        window_subtract(into, end, one, 1);
}

void window_magnitude(const struct window *window, struct bignat *out)
{
    bignat_set_limbs(out, window->limbs, window->length);
    if (!window_negative(window))
        return;
    bool carry = true; /* of the two's complement */
    for (size_t i = 0; i < window->length; i++) {
        out->limbs[i] = ~window->limbs[i] + carry;
        carry = carry && out->limbs[i] == 0;
    }
    bignat_set_limbs(out, out->limbs, window->length);
}

void window_drop(struct window *window, struct memory_budget *budget)
{
    memory_uncharge(budget, window->length * sizeof *window->limbs);
    memory_free(window->limbs);
    *window = (struct window){0};
}

/* agg/order.h - which of two numbers an extremum keeps. Private to this room. Any thread. */
#ifndef AGG_ORDER_H
#define AGG_ORDER_H

#include "base/number.h"
#include "num/compare.h"

#include <stdbool.h>

/* Which end of the order is wanted. */
enum order_end { ORDER_LOWEST, ORDER_HIGHEST };

/* True for decimals of one scale: the common case, which needs no call to compare. */
static inline bool order_is_plain(const struct number *a, const struct number *b)
{
    return a->kind == NUMBER_DECIMAL && b->kind == NUMBER_DECIMAL && a->exponent == b->exponent;
}

/* True when `candidate` (not NUMBER_NULL) replaces `best` (NUMBER_NULL: none yet). Of equal numbers
 * that print differently, the one that outranks the other stays, whichever came first. */
static inline bool order_replaces(const struct number *candidate, const struct number *best,
                                  enum order_end end)
{
    if (order_is_plain(candidate, best))
        return end == ORDER_HIGHEST ? candidate->mantissa > best->mantissa
                                    : candidate->mantissa < best->mantissa;
    if (best->kind == NUMBER_NULL)
        return true;
    const int order = number_compare(candidate, best);
    if (order != 0)
        return end == ORDER_HIGHEST ? order > 0 : order < 0;
    return number_outranks(candidate, best);
}

#endif

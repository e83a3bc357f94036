/* Three accumulators, whose exact total does not depend on what went where:
 *   small     the decimals that came in lately, an integer at the lowest scale met. While it
 *             serves, adding is one 128-bit addition, after a multiplication when scales differ.
 *   decimals  a fixed-point window that takes the small form's value when that would overflow, and
 *             decimals too far from its scale.
 *   doubles   a fixed-point window over the exponents of doubles, after Radford Neal, "Fast exact
 *             summation using small and large superaccumulators" (2015), with the carry passed on
 *             at once: the windows are a few limbs long. */
#include "num/exact.h"

#include "num/bignat.h"
#include "num/exact_wide.h"
#include "num/power.h"

#include <math.h>
#include <string.h>

enum {
    DOUBLE_FRACTION_BITS = 52,
    DOUBLE_EXPONENT_MASK = 0x7ff,
    DOUBLE_EXPONENT_MIN = -1074,
    PRODUCT_LIMBS = 3, /* a 106-bit square, shifted by less than a limb */
};

/* The small form in registers. */
struct small {
    int128 value;
    int scale;
};

/* value * 10^power (power > 0), or 0 when that leaves 128 bits; the value is not 0. */
static int128 scale_far(int128 value, int power)
{
    if (power > POWER_TEN_WIDE_MAX)
        return 0;
    const uint128 most = (~(uint128)0 >> 1) / power_ten_wide(power);
    if (power_magnitude(value) > most)
        return 0;
    return value * (int128)power_ten_wide(power);
}

static inline int128 scale_up(int128 value, int power)
{
    if (power < POWER_TEN_MAX && value == (int64_t)value)
        return value * (int64_t)power_ten(power);
    return scale_far(value, power);
}

/* Adds value * 10^exponent; false, with the sum as it was, when that does not fit. */
static inline bool add_small(struct small *sum, int128 value, int exponent)
{
    int128 old = sum->value;
    int scale = sum->scale;
    if (exponent != scale) {
        if (value == 0)
            return true;
        if (old == 0) {
            scale = exponent;
        } else if (exponent > scale) {
            value = scale_up(value, exponent - scale);
        } else {
            old = scale_up(old, scale - exponent);
            scale = exponent;
        }
        if (value == 0 || (old == 0 && sum->value != 0))
            return false;
    }
    int128 total;
    if (__builtin_add_overflow(old, value, &total))
        return false;
    *sum = (struct small){.value = total, .scale = scale};
    return true;
}

enum sheaf_status exact_promote(struct exact_sum *sum, const struct window_charge *charge)
{
    static const char what[] = "exact sum";
    if (sum->wide != NULL)
        return SHEAF_OK;
    TRY(memory_charge(charge->budget, sizeof *sum->wide, what, charge->column, charge->error));
    sum->wide = memory_zeroed(1, sizeof *sum->wide);
    if (sum->wide != NULL)
        return SHEAF_OK;
    memory_uncharge(charge->budget, sizeof *sum->wide);
    return error_no_memory(charge->error, what);
}

/* Adds ±natural * 10^exponent to the wide form; changes `natural`. */
static enum sheaf_status add_wide(struct exact_sum *sum, struct bignat *natural, bool negative,
                                  int exponent, const struct window_charge *charge)
{
    TRY(exact_promote(sum, charge));
    bignat_multiply_ten(natural, (unsigned)(exponent - EXACT_SCALE));
    struct window *decimals = &sum->wide->decimals;
    TRY(window_reserve(decimals, 0, (int)natural->length + 1, charge));
    if (negative)
        window_subtract(decimals, 0, natural->limbs, natural->length);
    else
        window_add(decimals, 0, natural->limbs, natural->length);
    return SHEAF_OK;
}

/* Adds what add_small refused. A value of the small form's scale or a lower one takes its place, so
 * that the values to come, which are likely to be like it, find it there. */
static enum sheaf_status add_refused(struct exact_sum *sum, int128 value, int exponent,
                                     const struct window_charge *charge)
{
    struct bignat natural;
    if (exponent > sum->scale) {
        bignat_set(&natural, power_magnitude(value));
        return add_wide(sum, &natural, value < 0, exponent, charge);
    }
    bignat_set(&natural, power_magnitude(sum->small));
    TRY(add_wide(sum, &natural, sum->small < 0, sum->scale, charge));
    sum->small = value;
    sum->scale = (int8_t)exponent;
    return SHEAF_OK;
}

static enum sheaf_status add_decimal(struct exact_sum *sum, int128 value, int exponent,
                                     const struct window_charge *charge)
{
    struct small small = {.value = sum->small, .scale = sum->scale};
    if (!add_small(&small, value, exponent))
        return add_refused(sum, value, exponent, charge);
    sum->small = small.value;
    sum->scale = (int8_t)small.scale;
    return SHEAF_OK;
}

/* Adds ±product * 2^exponent to the doubles. */
static enum sheaf_status add_binary(struct exact_sum *sum, uint128 product, int exponent,
                                    bool negative, const struct window_charge *charge)
{
    const int above = exponent - EXACT_DOUBLE_LOW * BIGNAT_LIMB_BITS;
    const int low = above / BIGNAT_LIMB_BITS + EXACT_DOUBLE_LOW;
    const int shift = above % BIGNAT_LIMB_BITS;
    const uint128 shifted = product << shift;
    const uint128 over = shift == 0 ? 0 : product >> (2 * BIGNAT_LIMB_BITS - shift);
    const uint64_t limbs[PRODUCT_LIMBS] = {(uint64_t)shifted,
                                           (uint64_t)(shifted >> BIGNAT_LIMB_BITS), (uint64_t)over};
    int count = PRODUCT_LIMBS;
    while (count > 0 && limbs[count - 1] == 0)
        count--;

    TRY(exact_promote(sum, charge));
    struct window *doubles = &sum->wide->doubles;
    TRY(window_reserve(doubles, low, low + count + 1, charge));
    if (negative)
        window_subtract(doubles, low, limbs, (size_t)count);
    else
        window_add(doubles, low, limbs, (size_t)count);
    return SHEAF_OK;
}

static uint8_t special_bit(double real)
{
    if (isnan(real))
        return EXACT_NAN;
    return real > 0 ? EXACT_PLUS_INFINITY : EXACT_MINUS_INFINITY;
}

/* A finite double: mantissa * 2^exponent; 0 has exponent 0, where other values are near. */
struct parts {
    uint64_t mantissa;
    int exponent;
};

static struct parts split(double real)
{
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    const int field = (int)(bits >> DOUBLE_FRACTION_BITS) & DOUBLE_EXPONENT_MASK;
    const uint64_t fraction = bits & ((UINT64_C(1) << DOUBLE_FRACTION_BITS) - 1);
    if (field == 0)
        return (struct parts){.mantissa = fraction,
                              .exponent = fraction == 0 ? 0 : DOUBLE_EXPONENT_MIN};
    return (struct parts){.mantissa = fraction | UINT64_C(1) << DOUBLE_FRACTION_BITS,
                          .exponent = field - 1 + DOUBLE_EXPONENT_MIN};
}

static enum sheaf_status add_double(struct exact_sum *sum, double real,
                                    const struct window_charge *charge)
{
    if (!isfinite(real)) {
        sum->special |= special_bit(real);
        return SHEAF_OK;
    }
    const struct parts parts = split(real);
    return add_binary(sum, parts.mantissa, parts.exponent, real < 0, charge);
}

static enum sheaf_status add_number(struct exact_sum *sum, const struct number *number,
                                    const struct window_charge *charge)
{
    if (number->kind == NUMBER_DOUBLE)
        return add_double(sum, number->real, charge);
    return add_decimal(sum, number->mantissa, number->exponent, charge);
}

enum sheaf_status exact_sum_add(struct exact_sum *sum, const struct number *number,
                                struct memory_budget *budget, const char *column,
                                struct sheaf_error *error)
{
    const struct window_charge charge = {.budget = budget, .column = column, .error = error};
    return add_number(sum, number, &charge);
}

static enum sheaf_status add_decimal_square(struct exact_sum *sum, const struct number *number,
                                            const struct window_charge *charge)
{
    const int exponent = 2 * number->exponent;
    if (number->mantissa == (int64_t)number->mantissa)
        return add_decimal(sum, number->mantissa * number->mantissa, exponent, charge);
    struct bignat mantissa;
    struct bignat square;
    bignat_set(&mantissa, power_magnitude(number->mantissa));
    bignat_multiply(&square, &mantissa, &mantissa);
    return add_wide(sum, &square, false, exponent, charge);
}

enum sheaf_status exact_sum_add_square(struct exact_sum *sum, const struct number *number,
                                       struct memory_budget *budget, const char *column,
                                       struct sheaf_error *error)
{
    const struct window_charge charge = {.budget = budget, .column = column, .error = error};
    if (number->kind == NUMBER_DECIMAL)
        return add_decimal_square(sum, number, &charge);
    if (!isfinite(number->real)) {
        sum->special |= special_bit(fabs(number->real));
        return SHEAF_OK;
    }
    const struct parts parts = split(number->real);
    return add_binary(sum, (uint128)parts.mantissa * parts.mantissa, 2 * parts.exponent, false,
                      &charge);
}

/* Doubles of about one size, gathered as an integer in units of 2^base: most columns hold no
 * others, and adding to it costs a shift and an addition. */
struct near {
    int128 value;
    int base; /* of the first one that is not 0 */
    bool has_base;
    uint32_t count; /* since the last flush */
};

enum {
    NEAR_BELOW = 30,  /* how far the first double stands above the base */
    NEAR_SHIFT = 60,  /* the most that one may: 53 bits, shifted so, and the count make 126 */
    NEAR_MOST = 8192, /* doubles between two flushes */
};

/* Adds a finite double; false when it is too large or too small for the others. */
static bool add_near(struct near *near, double real)
{
    const struct parts parts = split(real);
    if (parts.mantissa == 0) {
        near->count++;
        return true;
    }
    if (!near->has_base) {
        near->base = parts.exponent - NEAR_BELOW;
        near->has_base = true;
    }
    const int shift = parts.exponent - near->base;
    if (shift < 0 || shift > NEAR_SHIFT)
        return false;
    /* Without a branch, which no processor could foresee. */
    const int128 sign = -(int128)(real < 0);
    near->value += (((int128)parts.mantissa << shift) ^ sign) - sign;
    near->count++;
    return true;
}

static enum sheaf_status flush_near(struct exact_sum *sum, struct near *near,
                                    const struct window_charge *charge)
{
    if (near->count == 0)
        return SHEAF_OK;
    const uint128 magnitude = power_magnitude(near->value);
    const bool negative = near->value < 0;
    const int base = near->has_base ? near->base : 0;
    *near = (struct near){.count = 0};
    /* Below the least double there is nothing but zeros. */
    if (base < DOUBLE_EXPONENT_MIN)
        return add_binary(sum, magnitude >> (DOUBLE_EXPONENT_MIN - base), DOUBLE_EXPONENT_MIN,
                          negative, charge);
    return add_binary(sum, magnitude, base, negative, charge);
}

static enum sheaf_status add_doubles(struct exact_sum *sum, const struct number *numbers,
                                     const uint32_t *selection, uint32_t selected,
                                     const struct window_charge *charge)
{
    struct near near = {.count = 0};
    for (uint32_t i = 0; i < selected; i++) {
        const struct number *number = &numbers[selection == NULL ? i : selection[i]];
        if (number->kind != NUMBER_DOUBLE)
            continue;
        if (!isfinite(number->real) || !add_near(&near, number->real))
            TRY(add_double(sum, number->real, charge));
        if (near.count == NEAR_MOST)
            TRY(flush_near(sum, &near, charge));
    }
    return flush_near(sum, &near, charge);
}

/* Adds the decimals and counts all; *doubles becomes the number of those that are left. */
static enum sheaf_status add_decimals(struct exact_sum *sum, const struct number *numbers,
                                      const uint32_t *selection, uint32_t selected,
                                      const struct window_charge *charge, uint64_t counts[2])
{
    struct small small = {.value = sum->small, .scale = sum->scale};
    enum sheaf_status status = SHEAF_OK;
    for (uint32_t i = 0; i < selected && status == SHEAF_OK; i++) {
        const struct number *number = &numbers[selection == NULL ? i : selection[i]];
        if (number->kind == NUMBER_NULL)
            continue;
        counts[number->kind == NUMBER_DOUBLE]++;
        if (number->kind == NUMBER_DOUBLE || add_small(&small, number->mantissa, number->exponent))
            continue;
        sum->small = small.value;
        sum->scale = (int8_t)small.scale;
        status = add_refused(sum, number->mantissa, number->exponent, charge);
        small = (struct small){.value = sum->small, .scale = sum->scale};
    }
    sum->small = small.value;
    sum->scale = (int8_t)small.scale;
    return status;
}

enum sheaf_status exact_sum_add_column(struct exact_sum *sum, const struct number *numbers,
                                       const uint32_t *selection, uint32_t selected,
                                       uint64_t *count, struct memory_budget *budget,
                                       const char *column, struct sheaf_error *error)
{
    const struct window_charge charge = {.budget = budget, .column = column, .error = error};
    uint64_t counts[2] = {0}; /* decimals, doubles */
    TRY(add_decimals(sum, numbers, selection, selected, &charge, counts));
    if (counts[1] > 0)
        TRY(add_doubles(sum, numbers, selection, selected, &charge));
    *count += counts[0] + counts[1];
    return SHEAF_OK;
}

/* Makes room in `into` for both windows of `from`. */
static enum sheaf_status reserve_merge(struct exact_sum *into, const struct exact_wide *from,
                                       const struct window_charge *charge)
{
    TRY(exact_promote(into, charge));
    const struct window *decimals = &from->decimals;
    if (decimals->length > 0)
        TRY(window_reserve(&into->wide->decimals, decimals->low, window_high(decimals), charge));
    const struct window *doubles = &from->doubles;
    if (doubles->length > 0)
        TRY(window_reserve(&into->wide->doubles, doubles->low, window_high(doubles), charge));
    return SHEAF_OK;
}

enum sheaf_status exact_sum_merge(struct exact_sum *into, const struct exact_sum *from,
                                  struct memory_budget *budget, const char *column,
                                  struct sheaf_error *error)
{
    const struct window_charge charge = {.budget = budget, .column = column, .error = error};
    /* What can fail comes first, and changes no value before the last step that can. */
    if (from->wide != NULL)
        TRY(reserve_merge(into, from->wide, &charge));
    TRY(add_decimal(into, from->small, from->scale, &charge));
    if (from->wide != NULL) {
        window_merge(&into->wide->decimals, &from->wide->decimals);
        window_merge(&into->wide->doubles, &from->wide->doubles);
    }
    into->special |= from->special;
    return SHEAF_OK;
}

void exact_sum_drop(struct exact_sum *sum, struct memory_budget *budget)
{
    if (sum->wide != NULL) {
        window_drop(&sum->wide->decimals, budget);
        window_drop(&sum->wide->doubles, budget);
        memory_uncharge(budget, sizeof *sum->wide);
        memory_free(sum->wide);
    }
    *sum = (struct exact_sum){0};
}

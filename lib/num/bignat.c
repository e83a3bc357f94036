/* Schoolbook arithmetic; division is algorithm D of Knuth, The Art of Computer Programming,
 * volume 2, 4.3.1; the square root is Newton's iteration from above (Cohen, A Course in
 * Computational Algebraic Number Theory, algorithm 1.7.1). Numbers here have a few limbs, at most
 * some seventy, where nothing cleverer pays. */
#include "num/bignat.h"

#include <assert.h>
#include <string.h>

static void trim(struct bignat *number)
{
    while (number->length > 0 && number->limbs[number->length - 1] == 0)
        number->length--;
}

static void push(struct bignat *number, uint64_t limb)
{
    if (limb == 0)
        return;
    assert(number->length < BIGNAT_LIMBS);
    number->limbs[number->length++] = limb;
}

void bignat_set(struct bignat *out, uint128 value)
{
    out->length = 2;
    out->limbs[0] = (uint64_t)value;
    out->limbs[1] = (uint64_t)(value >> BIGNAT_LIMB_BITS);
    trim(out);
}

void bignat_set_limbs(struct bignat *out, const uint64_t *limbs, size_t length)
{
    assert(length <= BIGNAT_LIMBS);
    out->length = length;
    if (length > 0)
        memcpy(out->limbs, limbs, length * sizeof *limbs);
    trim(out);
}

void bignat_copy(struct bignat *out, const struct bignat *from)
{
    bignat_set_limbs(out, from->limbs, from->length);
}

int bignat_compare(const struct bignat *a, const struct bignat *b)
{
    if (a->length != b->length)
        return a->length < b->length ? -1 : 1;
    for (size_t i = a->length; i-- > 0;) {
        if (a->limbs[i] != b->limbs[i])
            return a->limbs[i] < b->limbs[i] ? -1 : 1;
    }
    return 0;
}

size_t bignat_bits(const struct bignat *number)
{
    if (number->length == 0)
        return 0;
    const uint64_t top = number->limbs[number->length - 1];
    return number->length * BIGNAT_LIMB_BITS - (size_t)__builtin_clzll(top);
}

uint128 bignat_low(const struct bignat *number)
{
    const uint128 high = number->length > 1 ? number->limbs[1] : 0;
    const uint128 low = number->length > 0 ? number->limbs[0] : 0;
    return high << BIGNAT_LIMB_BITS | low;
}

/* Adds a limb at `index`, at most the length, and the carry of that. */
static void add_limb(struct bignat *number, size_t index, uint64_t limb)
{
    for (; limb != 0 && index < number->length; index++)
        limb = __builtin_add_overflow(number->limbs[index], limb, &number->limbs[index]);
    push(number, limb);
}

void bignat_add_shifted(struct bignat *number, const struct bignat *other, size_t bits)
{
    const size_t low = bits / BIGNAT_LIMB_BITS;
    const unsigned rest = (unsigned)(bits % BIGNAT_LIMB_BITS);
    const size_t end = low + other->length;
    if (other->length == 0)
        return;
    assert(end <= BIGNAT_LIMBS);
    while (number->length < end)
        number->limbs[number->length++] = 0;
    uint128 carry = 0; /* of the sum, and the bits that the shift moves out of a limb */
    for (size_t i = 0; i < other->length; i++) {
        const uint128 addend = (uint128)other->limbs[i] << rest;
        const uint128 sum = addend + number->limbs[low + i] + carry;
        number->limbs[low + i] = (uint64_t)sum;
        carry = sum >> BIGNAT_LIMB_BITS;
    }
    add_limb(number, end, (uint64_t)carry);
}

void bignat_add(struct bignat *number, const struct bignat *other)
{
    bignat_add_shifted(number, other, 0);
}

void bignat_subtract(struct bignat *number, const struct bignat *other)
{
    assert(bignat_compare(number, other) >= 0);
    uint64_t borrow = 0;
    for (size_t i = 0; i < number->length; i++) {
        const uint64_t taken = i < other->length ? other->limbs[i] : 0;
        const uint128 difference = (uint128)number->limbs[i] - taken - borrow;
        number->limbs[i] = (uint64_t)difference;
        borrow = (uint64_t)(difference >> BIGNAT_LIMB_BITS) & 1;
    }
    trim(number);
}

void bignat_multiply_word(struct bignat *number, uint64_t factor)
{
    uint64_t carry = 0;
    for (size_t i = 0; i < number->length; i++) {
        const uint128 product = (uint128)number->limbs[i] * factor + carry;
        number->limbs[i] = (uint64_t)product;
        carry = (uint64_t)(product >> BIGNAT_LIMB_BITS);
    }
    push(number, carry);
    trim(number);
}

void bignat_multiply(struct bignat *out, const struct bignat *a, const struct bignat *b)
{
    assert(a->length + b->length <= BIGNAT_LIMBS && out != a && out != b);
    out->length = a->length + b->length;
    memset(out->limbs, 0, out->length * sizeof *out->limbs);
    for (size_t i = 0; i < a->length; i++) {
        uint64_t carry = 0;
        for (size_t j = 0; j < b->length; j++) {
            const uint128 sum = (uint128)a->limbs[i] * b->limbs[j] + out->limbs[i + j] + carry;
            out->limbs[i + j] = (uint64_t)sum;
            carry = (uint64_t)(sum >> BIGNAT_LIMB_BITS);
        }
        out->limbs[i + b->length] = carry;
    }
    trim(out);
}

void bignat_multiply_five(struct bignat *number, unsigned power)
{
    enum { STEP = 27 }; /* the greatest power of 5 in a limb */
    static const uint64_t five_to_step = UINT64_C(7450580596923828125);
    for (; power >= STEP; power -= STEP)
        bignat_multiply_word(number, five_to_step);
    uint64_t rest = 1;
    for (; power > 0; power--)
        rest *= 5;
    if (rest != 1)
        bignat_multiply_word(number, rest);
}

void bignat_multiply_ten(struct bignat *number, unsigned power)
{
    bignat_multiply_five(number, power);
    bignat_shift_left(number, power);
}

void bignat_shift_left(struct bignat *number, size_t bits)
{
    const size_t limbs = bits / BIGNAT_LIMB_BITS;
    const unsigned rest = (unsigned)(bits % BIGNAT_LIMB_BITS);
    if (number->length == 0 || bits == 0)
        return;
    assert(number->length + limbs <= BIGNAT_LIMBS);
    memmove(number->limbs + limbs, number->limbs, number->length * sizeof *number->limbs);
    memset(number->limbs, 0, limbs * sizeof *number->limbs);
    number->length += limbs;
    if (rest == 0)
        return;
    uint64_t carry = 0;
    for (size_t i = limbs; i < number->length; i++) {
        const uint64_t limb = number->limbs[i];
        number->limbs[i] = limb << rest | carry;
        carry = limb >> (BIGNAT_LIMB_BITS - rest);
    }
    push(number, carry);
}

bool bignat_shift_right(struct bignat *number, size_t bits)
{
    const size_t limbs = bits / BIGNAT_LIMB_BITS;
    const unsigned rest = (unsigned)(bits % BIGNAT_LIMB_BITS);
    uint64_t lost = 0;
    for (size_t i = 0; i < limbs && i < number->length; i++)
        lost |= number->limbs[i];
    if (limbs >= number->length) {
        number->length = 0;
        return lost != 0;
    }
    number->length -= limbs;
    memmove(number->limbs, number->limbs + limbs, number->length * sizeof *number->limbs);
    if (rest == 0)
        return lost != 0;
    uint64_t carry = 0;
    for (size_t i = number->length; i-- > 0;) {
        const uint64_t limb = number->limbs[i];
        number->limbs[i] = limb >> rest | carry;
        carry = limb << (BIGNAT_LIMB_BITS - rest);
    }
    trim(number);
    return (lost | carry) != 0;
}

uint64_t bignat_divide_word(struct bignat *number, uint64_t divisor)
{
    uint64_t remainder = 0;
    for (size_t i = number->length; i-- > 0;) {
        const uint128 dividend = (uint128)remainder << BIGNAT_LIMB_BITS | number->limbs[i];
        number->limbs[i] = (uint64_t)(dividend / divisor);
        remainder = (uint64_t)(dividend % divisor);
    }
    trim(number);
    return remainder;
}

/* Estimates one limb of a quotient from the top three limbs of the rest and the top two of the
 * divisor, whose highest bit is set: right, or one too great (step D3). */
static uint64_t estimate(const uint64_t *top, uint64_t first, uint64_t second)
{
    const uint128 dividend = (uint128)top[0] << BIGNAT_LIMB_BITS | top[-1];
    uint128 guess = top[0] >= first ? UINT64_MAX : dividend / first;
    uint128 rest = dividend - guess * first;
    while (rest >> BIGNAT_LIMB_BITS == 0 && guess * second > (rest << BIGNAT_LIMB_BITS | top[-2])) {
        guess--;
        rest += first;
    }
    return (uint64_t)guess;
}

/* rest -= divisor * factor over length + 1 limbs; gives true when it went below zero (D4). */
static bool subtract_product(uint64_t *rest, const struct bignat *divisor, uint64_t factor)
{
    uint64_t carry = 0;
    uint64_t borrow = 0;
    for (size_t i = 0; i < divisor->length; i++) {
        const uint128 product = (uint128)divisor->limbs[i] * factor + carry;
        carry = (uint64_t)(product >> BIGNAT_LIMB_BITS);
        const uint128 difference = (uint128)rest[i] - (uint64_t)product - borrow;
        rest[i] = (uint64_t)difference;
        borrow = (uint64_t)(difference >> BIGNAT_LIMB_BITS) & 1;
    }
    const uint128 difference = (uint128)rest[divisor->length] - carry - borrow;
    rest[divisor->length] = (uint64_t)difference;
    return (difference >> BIGNAT_LIMB_BITS) != 0;
}

/* Undoes a subtraction too many (D6). */
static void add_back(uint64_t *rest, const struct bignat *divisor)
{
    uint64_t carry = 0;
    for (size_t i = 0; i < divisor->length; i++) {
        const uint128 sum = (uint128)rest[i] + divisor->limbs[i] + carry;
        rest[i] = (uint64_t)sum;
        carry = (uint64_t)(sum >> BIGNAT_LIMB_BITS);
    }
    rest[divisor->length] += carry;
}

/* Steps D1 to D8, for a divisor of two limbs or more and a number not shorter. */
static void divide_long(struct bignat *quotient, struct bignat *number,
                        const struct bignat *divisor)
{
    const size_t length = divisor->length;
    const unsigned shift = (unsigned)__builtin_clzll(divisor->limbs[length - 1]);
    struct bignat normal;
    bignat_copy(&normal, divisor);
    bignat_shift_left(&normal, shift);
    const size_t before = number->length;
    bignat_shift_left(number, shift);
    assert(before < BIGNAT_LIMBS);
    if (number->length == before)
        number->limbs[number->length++] = 0;

    quotient->length = number->length - length;
    for (size_t i = quotient->length; i-- > 0;) {
        uint64_t *rest = number->limbs + i;
        uint64_t digit =
            estimate(rest + length, normal.limbs[length - 1], normal.limbs[length - 2]);
        if (subtract_product(rest, &normal, digit)) {
            add_back(rest, &normal);
            digit--;
        }
        quotient->limbs[i] = digit;
    }
    trim(quotient);
    trim(number);
    (void)bignat_shift_right(number, shift); /* only the zeros of the normalisation fall off */
}

void bignat_divide(struct bignat *quotient, struct bignat *number, const struct bignat *divisor)
{
    assert(divisor->length > 0);
    if (bignat_compare(number, divisor) < 0) {
        quotient->length = 0;
    } else if (divisor->length == 1) {
        bignat_copy(quotient, number);
        bignat_set(number, bignat_divide_word(quotient, divisor->limbs[0]));
    } else {
        divide_long(quotient, number, divisor);
    }
}

bool bignat_square_root(struct bignat *root, const struct bignat *number)
{
    struct bignat rest;
    struct bignat next;
    bignat_set(root, number->length > 0);
    if (number->length == 0)
        return true;
    bignat_shift_left(root, (bignat_bits(number) + 1) / 2); /* not below the root */
    for (;;) {
        bignat_copy(&rest, number);
        bignat_divide(&next, &rest, root);
        bignat_add(&next, root);
        (void)bignat_shift_right(&next, 1); /* the floor is meant */
        if (bignat_compare(&next, root) >= 0)
            break;
        bignat_copy(root, &next);
    }
    bignat_multiply(&next, root, root);
    return bignat_compare(&next, number) == 0;
}

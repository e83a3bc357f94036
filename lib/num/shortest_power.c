/* Powers of ten to 128 bits. Every 27th is kept; those between are one of these times a power of
 * five, which fits 64 bits.
 *
 * The kept ones are rounded up, by less than 1. A product P of such a one and 5^r < 2^(s + 1),
 * where s is the number of bits cut off again, is too great by less than 5^r; so floor(P / 2^s) + 1
 * is too great by more than 0 and by less than 3. The unit test compares every power with GMP. */
#include "num/shortest.h"

enum { STEP = 27, KEPT = (SHORTEST_POWER_MAX - SHORTEST_POWER_MIN) / STEP + 1 };

struct kept_power {
    uint64_t high;
    uint64_t low;
};

static const struct kept_power kept_powers[KEPT] = {
    {UINT64_C(0xff77b1fcbebcdc4f), UINT64_C(0x25e8e89c13bb0f7b)}, /* 10^-292 */
    {UINT64_C(0xce5d73ff402d98e3), UINT64_C(0xfb0a3d212dc81290)}, /* 10^-265 */
    {UINT64_C(0xa6b34ad8c9dfc06f), UINT64_C(0xf42faa48c0ea481f)}, /* 10^-238 */
    {UINT64_C(0x86a8d39ef77164bc), UINT64_C(0xae5dff9c02033198)}, /* 10^-211 */
    {UINT64_C(0xd98ddaee19068c76), UINT64_C(0x3badd624dd9b0958)}, /* 10^-184 */
    {UINT64_C(0xafbd2350644eeacf), UINT64_C(0xe5d1929ef90898fb)}, /* 10^-157 */
    {UINT64_C(0x8df5efabc5979c8f), UINT64_C(0xca8d3ffa1ef463c2)}, /* 10^-130 */
    {UINT64_C(0xe55990879ddcaabd), UINT64_C(0xcc420a6a101d0516)}, /* 10^-103 */
    {UINT64_C(0xb94470938fa89bce), UINT64_C(0xf808e40e8d5b3e6a)}, /* 10^-76 */
    {UINT64_C(0x95a8637627989aad), UINT64_C(0xdde7001379a44aa9)}, /* 10^-49 */
    {UINT64_C(0xf1c90080baf72cb1), UINT64_C(0x5324c68b12dd6339)}, /* 10^-22 */
    {UINT64_C(0xc350000000000000), UINT64_C(0x0000000000000000)}, /* 10^5 */
    {UINT64_C(0x9dc5ada82b70b59d), UINT64_C(0xf020000000000000)}, /* 10^32 */
    {UINT64_C(0xfee50b7025c36a08), UINT64_C(0x02f236d04753d5b5)}, /* 10^59 */
    {UINT64_C(0xcde6fd5e09abcf26), UINT64_C(0xed4c0226b55e6f87)}, /* 10^86 */
    {UINT64_C(0xa6539930bf6bff45), UINT64_C(0x84db8346b786151d)}, /* 10^113 */
    {UINT64_C(0x865b86925b9bc5c2), UINT64_C(0x0b8a2392ba45a9b3)}, /* 10^140 */
    {UINT64_C(0xd910f7ff28069da4), UINT64_C(0x1b2ba1518094da05)}, /* 10^167 */
    {UINT64_C(0xaf58416654a6babb), UINT64_C(0x387ac8d1970027b3)}, /* 10^194 */
    {UINT64_C(0x8da471a9de737e24), UINT64_C(0x5ceaecfed289e5d3)}, /* 10^221 */
    {UINT64_C(0xe4d5e82392a40515), UINT64_C(0x0fabaf3feaa5334b)}, /* 10^248 */
    {UINT64_C(0xb8da1662e7b00a17), UINT64_C(0x3d6a751f3b936244)}, /* 10^275 */
    {UINT64_C(0x95527a5202df0ccb), UINT64_C(0x0f37801e0c43ebc9)}, /* 10^302 */
};

static const uint64_t powers_of_five[STEP] = {
    UINT64_C(1),
    UINT64_C(5),
    UINT64_C(25),
    UINT64_C(125),
    UINT64_C(625),
    UINT64_C(3125),
    UINT64_C(15625),
    UINT64_C(78125),
    UINT64_C(390625),
    UINT64_C(1953125),
    UINT64_C(9765625),
    UINT64_C(48828125),
    UINT64_C(244140625),
    UINT64_C(1220703125),
    UINT64_C(6103515625),
    UINT64_C(30517578125),
    UINT64_C(152587890625),
    UINT64_C(762939453125),
    UINT64_C(3814697265625),
    UINT64_C(19073486328125),
    UINT64_C(95367431640625),
    UINT64_C(476837158203125),
    UINT64_C(2384185791015625),
    UINT64_C(11920928955078125),
    UINT64_C(59604644775390625),
    UINT64_C(298023223876953125),
    UINT64_C(1490116119384765625),
};

uint128 shortest_power(int power)
{
    const int index = (power - SHORTEST_POWER_MIN) / STEP;
    const int nearest = SHORTEST_POWER_MIN + index * STEP;
    const int above = power - nearest;
    const struct kept_power *kept = &kept_powers[index];
    const uint64_t five = powers_of_five[above];
    const int cut = shortest_power_log2(power) - shortest_power_log2(nearest) - above;
    const uint128 low = (uint128)kept->low * five;
    const uint128 high = (uint128)kept->high * five + (uint64_t)(low >> 64);
    /* The product is high * 2^64 and the low half of `low`; `high` has 64 + cut bits. */
    const uint64_t rest = (uint64_t)low;
    if (cut == 0)
        return (high << 64 | rest) + 1;
    return (high << (64 - cut) | rest >> cut) + 1;
}

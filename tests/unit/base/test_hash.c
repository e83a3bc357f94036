/* base/hash.h: the hash depends on every byte, on the length, and on the secret. */
#include "base/hash.h"

#include "unit/unit.h"

#include <string.h>

START_TEST(secrets_differ)
{
    struct hash_secret a, b;
    ck_assert_int_eq(hash_secret_make(&a, NULL), SHEAF_OK);
    ck_assert_int_eq(hash_secret_make(&b, NULL), SHEAF_OK);
    ck_assert_int_ne(memcmp(&a, &b, sizeof a), 0);
    static const unsigned char zeros[16];
    for (size_t i = 0; i + sizeof zeros <= sizeof a.bytes; i++)
        ck_assert_int_ne(memcmp(a.bytes + i, zeros, sizeof zeros), 0);
    ck_assert_uint_ne(hash_bytes(&a, "key", 3), hash_bytes(&b, "key", 3));
}
END_TEST

/* For every length over all of XXH3's ways (to 16, 128, 240 bytes and past them). */
START_TEST(every_byte_counts)
{
    uint64_t seed = unit_seed("every_byte_counts", 5);
    struct hash_secret secret;
    ck_assert_int_eq(hash_secret_make(&secret, NULL), SHEAF_OK);
    char bytes[600];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)unit_random(&seed);
    for (size_t length = 0; length < sizeof bytes; length++) {
        const uint64_t hash = hash_bytes(&secret, bytes, length);
        char copy[sizeof bytes + 1]; /* somewhere else, at another alignment */
        memcpy(copy + 1, bytes, sizeof bytes);
        ck_assert_uint_eq(hash_bytes(&secret, copy + 1, length), hash);
        ck_assert_uint_ne(hash_bytes(&secret, bytes, length + 1), hash);
        if (length == 0)
            continue;
        copy[1 + unit_random(&seed) % length] ^= (char)(1 << unit_random(&seed) % 8);
        ck_assert_uint_ne(hash_bytes(&secret, copy + 1, length), hash);
    }
}
END_TEST

/* The low bits of short keys are spread: they pick the slots of tables. */
START_TEST(low_bits_are_spread)
{
    enum { SLOTS = 256, KEYS = 256 * 64 };
    struct hash_secret secret;
    ck_assert_int_eq(hash_secret_make(&secret, NULL), SHEAF_OK);
    unsigned counts[SLOTS] = {0};
    for (unsigned i = 0; i < KEYS; i++) {
        char key[16];
        const int length = snprintf(key, sizeof key, "%u", i);
        counts[hash_bytes(&secret, key, (size_t)length) % SLOTS]++;
    }
    for (unsigned i = 0; i < SLOTS; i++) { /* 64 expected, 8 the standard deviation */
        ck_assert_uint_gt(counts[i], 64 - 8 * 8 + 8);
        ck_assert_uint_lt(counts[i], 64 + 8 * 8);
    }
}
END_TEST

static Suite *hash_suite(void)
{
    Suite *suite = suite_create("hash");
    TCase *tests = tcase_create("hash");
    tcase_add_test(tests, secrets_differ);
    tcase_add_test(tests, every_byte_counts);
    tcase_add_test(tests, low_bits_are_spread);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(hash_suite)

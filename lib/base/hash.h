/* base/hash.h - keyed hashing of bytes: XXH3 with a random secret, so that nobody can craft
 * colliding keys. No order in any output may depend on it. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/error.h"
#include "base/number.h"

#include <stddef.h>
#include <stdint.h>

enum { HASH_SECRET_SIZE = 192 };

struct hash_secret {
    unsigned char bytes[HASH_SECRET_SIZE];
};

/* Fills the secret from the system's random source. */
enum sheaf_status hash_secret_make(struct hash_secret *secret, struct sheaf_error *error);

/* Multiplies two words, and folds the 128 bits of the product into one word: what hashes of short
 * keys are made of (after wyhash, Wang Yi). One of the words must hold bits of a secret. */
static inline uint64_t hash_fold(uint64_t a, uint64_t b)
{
    const uint128 product = (uint128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t hash_bytes(const struct hash_secret *secret, const void *bytes, size_t length);

#endif

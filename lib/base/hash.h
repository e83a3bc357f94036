/* base/hash.h - keyed hashing of bytes: XXH3 with a random secret, so that nobody can craft
 * colliding keys. No order in any output may depend on it. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

enum { HASH_SECRET_SIZE = 192 };

struct hash_secret {
    unsigned char bytes[HASH_SECRET_SIZE];
};

/* Fills the secret from the system's random source. */
enum sheaf_status hash_secret_make(struct hash_secret *secret, struct sheaf_error *error);

uint64_t hash_bytes(const struct hash_secret *secret, const void *bytes, size_t length);

#endif

/* base/hash.c - XXH3 (Yann Collet, xxHash) with a secret drawn anew for each job. */
#include "base/hash.h"

#include <errno.h>
#include <sys/random.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

_Static_assert((int)HASH_SECRET_SIZE >= XXH3_SECRET_SIZE_MIN, "XXH3 refuses a shorter secret");

enum sheaf_status hash_secret_make(struct hash_secret *secret, struct sheaf_error *error)
{
    size_t filled = 0;
    while (filled < sizeof secret->bytes) {
        const ssize_t got = getrandom(secret->bytes + filled, sizeof secret->bytes - filled, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return error_system(error, errno, "cannot draw a random hash secret");
        filled += (size_t)got;
    }
    return SHEAF_OK;
}

uint64_t hash_bytes(const struct hash_secret *secret, const void *bytes, size_t length)
{
    return XXH3_64bits_withSecret(bytes, length, secret->bytes, sizeof secret->bytes);
}

#include "job/nearest.h"

#include "sheaf/job.h"

enum { LONGEST = 64 };

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t edit_distance(struct text a, struct text b, size_t limit)
{
    if (a.length > LONGEST || b.length > LONGEST)
        return limit + 1;
    /* Rows i - 2, i - 1 and i of the table of distances between beginnings. */
    size_t rows[3][LONGEST + 1];
    for (size_t j = 0; j <= b.length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.length; i++) {
        size_t *now = rows[i % 3];
        const size_t *before = rows[(i + 2) % 3];
        const size_t *two_before = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b.length; j++) {
            const char x = lower(a.bytes[i - 1]);
            const char y = lower(b.bytes[j - 1]);
            now[j] = least(least(before[j] + 1, now[j - 1] + 1), before[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == lower(b.bytes[j - 2]) && lower(a.bytes[i - 2]) == y)
                now[j] = least(now[j], two_before[j - 2] + 1);
        }
    }
    return rows[a.length % 3][b.length];
}

size_t edit_distance_limit(size_t length)
{
    return length < 3 ? 1 : length < 6 ? 2 : 3;
}

const char *nearest_name(struct text word, const char *const *names)
{
    size_t best = edit_distance_limit(word.length) + 1;
    const char *nearest = NULL;
    for (; *names != NULL; names++) {
        const struct text name = {.bytes = *names, .length = strlen(*names)};
        const size_t distance = edit_distance(word, name, best);
        if (distance < best) {
            best = distance;
            nearest = *names;
        }
    }
    return nearest;
}

const char *sheaf_nearest(const char *word, const char *const *names)
{
    return nearest_name((struct text){.bytes = word, .length = strlen(word)}, names);
}

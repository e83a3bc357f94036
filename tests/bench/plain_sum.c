/* bench/plain_sum.c - adds up the doubles of a NumPy file; a contestant of scripts/bench.
 *
 *     plain_sum FILE WIDTH OFFSET THREADS
 *
 * Records are WIDTH bytes, and the double stands OFFSET bytes into each: 8 0 for an array of
 * doubles. The file is mapped, cut into as many parts as there are threads, and each part is added
 * up in the simplest way that a compiler can vectorise: no exactness, no chunks, no checks. It
 * shows how fast this machine gives a hot file to a program that does next to nothing with it.
 *
 * Only for little-endian machines, and files of format version 1.0.
 * Status: 0, the sum is printed; 1, it could not be done; 2, wrong usage. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* Chains of additions that do not wait for each other: lanes of a vector, times its latency. */
enum { LANES = 32, PREAMBLE = 10, MOST_THREADS = 64 };

struct part {
    const unsigned char *first; /* the first double */
    size_t count;
    size_t width;
    double sum;
};

static double load(const unsigned char *place)
{
    double value;

    memcpy(&value, place, sizeof value);
    return value;
}

static double total(const double *lanes)
{
    double sum = 0;

    for (size_t i = 0; i < LANES; i++)
        sum += lanes[i];
    return sum;
}

/* Called with a constant width where that is 8, so that the compiler sees a plain array. */
static inline double add(const struct part *part, size_t width)
{
    double lanes[LANES] = {0};
    size_t i = 0;

    for (; i + LANES <= part->count; i += LANES) {
        for (size_t lane = 0; lane < LANES; lane++)
            lanes[lane] += load(part->first + (i + lane) * width);
    }
    for (; i < part->count; i++)
        lanes[0] += load(part->first + i * width);
    return total(lanes);
}

static void *work(void *argument)
{
    struct part *part = argument;

    part->sum = part->width == sizeof(double) ? add(part, sizeof(double)) : add(part, part->width);
    return NULL;
}

/* Gives the mapped file, or NULL after a message. */
static const unsigned char *map(const char *path, size_t *size)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    void *bytes;

    if (file < 0 || fstat(file, &status) != 0) {
        perror(path);
        return NULL;
    }
    *size = (size_t)status.st_size;
    bytes = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, file, 0);
    if (bytes == MAP_FAILED) {
        perror(path);
        return NULL;
    }
    return bytes;
}

/* Gives how long the header is, the preamble included; 0 if this is no such file. */
static size_t header_length(const unsigned char *bytes, size_t size)
{
    size_t length;

    if (size < PREAMBLE || memcmp(bytes, "\x93NUMPY\x01\x00", 8) != 0)
        return 0;
    length = PREAMBLE + (size_t)bytes[8] + ((size_t)bytes[9] << 8);
    return length <= size ? length : 0;
}

/* Adds up all parts, each in a thread of its own. Gives 0, or -1 after a message. */
static int add_all(struct part *parts, size_t count, double *sum)
{
    pthread_t threads[MOST_THREADS];

    for (size_t i = 0; i < count; i++) {
        int code = pthread_create(&threads[i], NULL, work, &parts[i]);

        if (code != 0) {
            fprintf(stderr, "plain_sum: %s\n", strerror(code));
            return -1;
        }
    }
    *sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (pthread_join(threads[i], NULL) != 0)
            return -1;
        *sum += parts[i].sum;
    }
    return 0;
}

/* Gives the number that `text` is, from `least` to `most`; ends the program if it is none. */
static size_t number(const char *text, size_t least, size_t most)
{
    char *end;
    unsigned long value;

    errno = 0;
    value = strtoul(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < least || value > most) {
        fprintf(stderr, "plain_sum: %s: not a number from %zu to %zu\n", text, least, most);
        exit(2);
    }
    return value;
}

static void cut(struct part *parts, size_t threads, struct part whole)
{
    for (size_t i = 0; i < threads; i++) {
        size_t begin = whole.count / threads * i;
        size_t end = i + 1 == threads ? whole.count : whole.count / threads * (i + 1);

        parts[i] = whole;
        parts[i].first += begin * whole.width;
        parts[i].count = end - begin;
    }
}

int main(int count, char **arguments)
{
    struct part parts[MOST_THREADS];
    const unsigned char *bytes;
    size_t size, header, width, offset, threads;
    double sum;

    if (count != 5) {
        fputs("usage: plain_sum FILE WIDTH OFFSET THREADS\n", stderr);
        return 2;
    }
    width = number(arguments[2], sizeof(double), 65536);
    offset = number(arguments[3], 0, width - sizeof(double));
    threads = number(arguments[4], 1, MOST_THREADS);
    bytes = map(arguments[1], &size);
    if (bytes == NULL)
        return 1;
    header = header_length(bytes, size);
    if (header == 0) {
        fprintf(stderr, "plain_sum: %s: no NumPy file of version 1.0\n", arguments[1]);
        return 1;
    }
    cut(parts, threads, (struct part){bytes + header + offset, (size - header) / width, width, 0});
    if (add_all(parts, threads, &sum) != 0)
        return 1;
    printf("%.17g\n", sum);
    return fflush(stdout) == 0 ? 0 : 1;
}

/* io/mapping.h - a regular file's bytes in memory, mapped for reading.
 *
 * When a mapped file is cut short, reading what is gone raises SIGBUS. While any mapping is open
 * this room handles that signal: a fault inside a mapping makes the rest of it zeros, and the
 * mapping broken; any other SIGBUS goes to whoever handled it before. So a reader always goes on,
 * and whoever opened the mapping asks at the end whether what was read was the file. */
#ifndef IO_MAPPING_H
#define IO_MAPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mapping;

/* Bytes that may be read behind the last one of a mapping; their values mean nothing. */
enum { MAPPING_PADDING = 64 };

/* Maps `size` bytes (not 0) of a file that is open for reading, from byte `start` on. Gives NULL
 * when the system, or the size of addresses, does not allow it: then read instead. The descriptor
 * may be closed before the mapping. Owned by the caller. Any thread. */
struct mapping *mapping_open(int descriptor, uint64_t start, uint64_t size);

/* The first of the bytes. They are there until mapping_close. */
const char *mapping_bytes(const struct mapping *mapping);

/* Says that these bytes are not needed for now, so that they no longer count as this process's
 * memory. Read again, they come back. Any thread. */
void mapping_release(const struct mapping *mapping, uint64_t offset, uint64_t length);

/* True when bytes were read that the file did not have, or the disk did not give. Any thread. */
bool mapping_is_broken(const struct mapping *mapping);

/* Nobody reads the bytes any more. Takes NULL. */
void mapping_close(struct mapping *mapping);

#endif

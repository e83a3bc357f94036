/* io/ordered_writer.h - lets workers write numbered pieces to one sink in number order. */
#ifndef IO_ORDERED_WRITER_H
#define IO_ORDERED_WRITER_H

#include "io/sink.h"

#include <stdint.h>

struct ordered_writer;

/* Borrows the sink until closed. Pieces are numbered from 0 without gaps. */
enum sheaf_status ordered_writer_open(struct sink *sink, struct ordered_writer **out,
                                      struct sheaf_error *error);

/* Waits until every lower piece is written, then writes this one. Each number once, claimed in
 * ascending order by the workers, so the lowest never waits. After a failure or a stop every call
 * gives SHEAF_STOPPED, save the one that failed, which gives the reason. Any thread. */
enum sheaf_status ordered_writer_write(struct ordered_writer *writer, uint64_t number,
                                       const void *bytes, size_t length, struct sheaf_error *error);

/* Writes a part of a piece that is not over, for pieces too long to be held whole: waits as above,
 * and the rest of the piece comes with later calls, the last of them ordered_writer_write. */
enum sheaf_status ordered_writer_write_part(struct ordered_writer *writer, uint64_t number,
                                            const void *bytes, size_t length,
                                            struct sheaf_error *error);

/* Makes every waiting and later write give SHEAF_STOPPED. Any thread. */
void ordered_writer_stop(struct ordered_writer *writer);

void ordered_writer_close(struct ordered_writer *writer);

#endif

/* render/render.h - prints a table of values: names once, then row by row, to a sink. */
#ifndef RENDER_RENDER_H
#define RENDER_RENDER_H

#include "base/buffer.h"
#include "col/value.h"
#include "io/sink.h"

#include <stdint.h>

/* How the output looks. `bare`: one column, one row, no header in csv, tsv and table (count). */
struct render_options {
    char delimiter; /* csv; tsv always uses a tab */
    int comment;    /* a field that starts with this byte is quoted; -1: none */
    bool bare;
};

/* What a writer sees of a result. */
struct render_header {
    const struct text *names;
    uint32_t columns;
};

struct render_ops {
    const char *name; /* "csv" */
    const char *help; /* one line */
    bool keyed;       /* rows are objects: two columns of one name would hide each other */
    bool for_people;  /* may show more than the data: bars */
    bool keeps_rows;  /* row keeps the row in the state, for end */
    /* Makes a writer's private state (may be NULL if none is needed). */
    enum sheaf_status (*open)(const struct render_options *options,
                              const struct render_header *header, void **state,
                              struct sheaf_error *error);
    /* Each appends bytes to `out`; the caller empties it into the sink. Rows are numbered from 0,
     * and `end` is told how many there were. Unless the writer keeps rows, `row` changes nothing
     * but `out`: several threads may make several rows at once, in any order. */
    enum sheaf_status (*begin)(void *state, struct buffer *out, struct sheaf_error *error);
    enum sheaf_status (*row)(void *state, uint64_t number, const struct value *cells,
                             struct buffer *out, struct sheaf_error *error);
    enum sheaf_status (*end)(void *state, uint64_t rows, struct buffer *out,
                             struct sheaf_error *error);
    void (*close)(void *state); /* takes NULL */
};

/* The table, in the order of the help: csv tsv json jsonl md table. */
extern const struct render_ops *const render_table[];
extern const size_t render_table_length;

/* The row named `name`, or NULL. */
const struct render_ops *render_find(const char *name);

/* One rendering in progress: glues ops, buffer and sink together. */
struct renderer;

/* Writes what comes before the rows. The names are copied, the sink is borrowed. */
enum sheaf_status renderer_open(const struct render_ops *ops, const struct render_options *options,
                                const struct render_header *header, struct sink *sink,
                                struct renderer **out, struct sheaf_error *error);
/* Adds one row of header->columns cells; texts need to live for the call only. */
enum sheaf_status renderer_row(struct renderer *renderer, const struct value *cells,
                               struct sheaf_error *error);
/* Makes a row as renderer_row does, but at the end of `out`. The caller writes these rows to the
 * sink himself, all of them in order and before the finish, and says how many there are. Not for
 * writers that keep rows. Any thread, and several at once. */
enum sheaf_status renderer_make_row(const struct renderer *renderer, uint64_t number,
                                    const struct value *cells, struct buffer *out,
                                    struct sheaf_error *error);
void renderer_set_rows(struct renderer *renderer, uint64_t rows);
/* Writes what comes after the rows and empties the buffer into the sink (no commit). */
enum sheaf_status renderer_finish(struct renderer *renderer, struct sheaf_error *error);
/* Takes NULL. */
void renderer_close(struct renderer *renderer);

#endif

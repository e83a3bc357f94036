/* render/delimited.h - rows of fields between delimiters: what csv and tsv share.
 *
 * The functions are the members of a struct render_ops of the same name (see render.h); open takes
 * the delimiter besides. */
#ifndef RENDER_DELIMITED_H
#define RENDER_DELIMITED_H

#include "render/render.h"

/* A writer of one output file and what each byte means to it. */
struct delimited_options {
    char delimiter;
    int comment; /* a field that starts with this byte is quoted; -1: none */
    bool bare;   /* no header */
};

enum sheaf_status delimited_open(const struct delimited_options *options,
                                 const struct render_header *header, void **state,
                                 struct sheaf_error *error);
enum sheaf_status delimited_begin(void *state, struct buffer *out, struct sheaf_error *error);
enum sheaf_status delimited_row(void *state, uint64_t number, const struct value *cells,
                                struct buffer *out, struct sheaf_error *error);
enum sheaf_status delimited_end(void *state, uint64_t rows, struct buffer *out,
                                struct sheaf_error *error);
void delimited_close(void *state);

#endif

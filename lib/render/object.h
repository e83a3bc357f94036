/* render/object.h - rows as JSON objects: what json and jsonl share. */
#ifndef RENDER_OBJECT_H
#define RENDER_OBJECT_H

#include "render/render.h"

/* The names of the columns, escaped once, and what stands between them. */
struct object_keys {
    struct buffer bytes; /* {"a": then ,"b": … */
    size_t *ends;        /* of each key in `bytes` */
    uint32_t columns;
};

/* Escapes the names. Owned by the caller, who closes it, also after a failure: SHEAF_SYSTEM. */
enum sheaf_status object_keys_open(struct object_keys *keys, const struct render_header *header,
                                   struct sheaf_error *error);
void object_keys_close(struct object_keys *keys);

/* Appends {"name":value,…} without a line end. Names that occur twice stay as they are. */
void object_append(const struct object_keys *keys, const struct value *cells, struct buffer *out);

#endif

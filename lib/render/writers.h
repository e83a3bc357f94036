/* render/writers.h - the writers, for the table in renders.c.
 *
 * What every writer may rely on: the header, with its names, lives until the writer is closed; a
 * failed append shows in the buffer, which the caller looks at after each call. */
#ifndef RENDER_WRITERS_H
#define RENDER_WRITERS_H

#include "render/render.h"

extern const struct render_ops render_csv;
extern const struct render_ops render_tsv;
extern const struct render_ops render_json;
extern const struct render_ops render_jsonl;
extern const struct render_ops render_md;
extern const struct render_ops render_table_text;

#endif

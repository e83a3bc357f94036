#include "base/memory.h"
#include "render/object.h"
#include "render/writers.h"

static void jsonl_close(void *state)
{
    struct object_keys *keys = state;
    if (keys == NULL)
        return;
    object_keys_close(keys);
    memory_free(keys);
}

static enum sheaf_status jsonl_open(const struct render_options *options,
                                    const struct render_header *header, void **state,
                                    struct sheaf_error *error)
{
    (void)options;
    struct object_keys *keys = memory_zeroed(1, sizeof *keys);
    if (keys == NULL)
        return error_no_memory(error, "output");
    *state = keys;
    return object_keys_open(keys, header, error);
}

static enum sheaf_status jsonl_begin(void *state, struct buffer *out, struct sheaf_error *error)
{
    (void)state;
    (void)out;
    (void)error;
    return SHEAF_OK;
}

static enum sheaf_status jsonl_end(void *state, uint64_t rows, struct buffer *out,
                                   struct sheaf_error *error)
{
    (void)state;
    (void)rows;
    (void)out;
    (void)error;
    return SHEAF_OK;
}

static enum sheaf_status jsonl_row(void *state, uint64_t number, const struct value *cells,
                                   struct buffer *out, struct sheaf_error *error)
{
    (void)number;
    (void)error;
    object_append(state, cells, out);
    buffer_append_byte(out, '\n');
    return SHEAF_OK;
}

const struct render_ops render_jsonl = {
    .name = "jsonl",
    .help = "JSON lines: one object a line",
    .keyed = true,
    .open = jsonl_open,
    .begin = jsonl_begin,
    .row = jsonl_row,
    .end = jsonl_end,
    .close = jsonl_close,
};

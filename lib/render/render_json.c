#include "base/memory.h"
#include "render/object.h"
#include "render/writers.h"

struct json {
    struct object_keys keys;
    bool bare;
};

static void json_close(void *state)
{
    struct json *writer = state;
    if (writer == NULL)
        return;
    object_keys_close(&writer->keys);
    memory_free(writer);
}

static enum sheaf_status json_open(const struct render_options *options,
                                   const struct render_header *header, void **state,
                                   struct sheaf_error *error)
{
    struct json *writer = memory_zeroed(1, sizeof *writer);
    if (writer == NULL)
        return error_no_memory(error, "output");
    writer->bare = options->bare;
    *state = writer;
    return object_keys_open(&writer->keys, header, error);
}

/* The array opens with the first row, so that an empty one is the two bytes "[]". */
static enum sheaf_status json_begin(void *state, struct buffer *out, struct sheaf_error *error)
{
    (void)state;
    (void)out;
    (void)error;
    return SHEAF_OK;
}

static enum sheaf_status json_row(void *state, uint64_t number, const struct value *cells,
                                  struct buffer *out, struct sheaf_error *error)
{
    (void)error;
    const struct json *writer = state;
    if (!writer->bare)
        buffer_append_string(out, number > 0 ? ",\n" : "[\n");
    object_append(&writer->keys, cells, out);
    return SHEAF_OK;
}

static enum sheaf_status json_end(void *state, uint64_t rows, struct buffer *out,
                                  struct sheaf_error *error)
{
    (void)error;
    const struct json *writer = state;
    if (rows == 0) /* bare too: an empty line is no JSON */
        buffer_append_string(out, "[]");
    else if (!writer->bare)
        buffer_append_string(out, "\n]");
    buffer_append_byte(out, '\n');
    return SHEAF_OK;
}

const struct render_ops render_json = {
    .name = "json",
    .help = "one JSON array of objects",
    .keyed = true,
    .open = json_open,
    .begin = json_begin,
    .row = json_row,
    .end = json_end,
    .close = json_close,
};

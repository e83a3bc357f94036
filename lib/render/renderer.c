#include "render/render.h"

#include "base/arena.h"

/* The buffer goes to the sink when it holds this much: few calls, and a cache's worth of bytes. */
enum { RENDERER_DRAIN_SIZE = 32 << 10 };

struct renderer {
    const struct render_ops *ops;
    struct render_options options;
    struct render_header header; /* the copy that the writer keeps */
    struct arena names;
    void *state;
    struct sink *sink;
    struct buffer buffer;
    uint64_t rows; /* so far */
};

static enum sheaf_status copy_header(struct renderer *renderer, const struct render_header *header,
                                     struct sheaf_error *error)
{
    size_t size;
    if (!size_multiply(header->columns, sizeof *header->names, &size))
        return error_no_memory(error, "column names");
    struct text *names = arena_alloc(&renderer->names, size, error);
    if (names == NULL)
        return SHEAF_SYSTEM;
    for (uint32_t i = 0; i < header->columns; i++) {
        const struct text name = header->names[i];
        names[i].length = name.length;
        names[i].bytes = arena_copy(&renderer->names, name.bytes, name.length, error);
        if (names[i].bytes == NULL)
            return SHEAF_SYSTEM;
    }
    renderer->header = (struct render_header){.names = names, .columns = header->columns};
    return SHEAF_OK;
}

static enum sheaf_status drain(struct renderer *renderer, struct sheaf_error *error)
{
    if (renderer->buffer.failed)
        return error_no_memory(error, "output");
    TRY(sink_write(renderer->sink, renderer->buffer.bytes, renderer->buffer.length, error));
    buffer_clear(&renderer->buffer);
    return SHEAF_OK;
}

static enum sheaf_status start(struct renderer *renderer, const struct render_header *header,
                               struct sheaf_error *error)
{
    TRY(copy_header(renderer, header, error));
    TRY(renderer->ops->open(&renderer->options, &renderer->header, &renderer->state, error));
    TRY(renderer->ops->begin(renderer->state, &renderer->buffer, error));
    return drain(renderer, error);
}

enum sheaf_status renderer_open(const struct render_ops *ops, const struct render_options *options,
                                const struct render_header *header, struct sink *sink,
                                struct renderer **out, struct sheaf_error *error)
{
    *out = NULL;
    struct renderer *renderer = memory_alloc(sizeof *renderer);
    if (renderer == NULL)
        return error_no_memory(error, "output");
    *renderer = (struct renderer){
        .ops = ops, .options = *options, .sink = sink, .names = {.what = "column names"}};

    const enum sheaf_status status = start(renderer, header, error);
    if (status != SHEAF_OK) {
        renderer_close(renderer);
        return status;
    }
    *out = renderer;
    return SHEAF_OK;
}

enum sheaf_status renderer_row(struct renderer *renderer, const struct value *cells,
                               struct sheaf_error *error)
{
    TRY(renderer->ops->row(renderer->state, renderer->rows, cells, &renderer->buffer, error));
    renderer->rows++;
    if (renderer->buffer.length < RENDERER_DRAIN_SIZE && !renderer->buffer.failed)
        return SHEAF_OK;
    return drain(renderer, error);
}

enum sheaf_status renderer_make_row(const struct renderer *renderer, uint64_t number,
                                    const struct value *cells, struct buffer *out,
                                    struct sheaf_error *error)
{
    TRY(renderer->ops->row(renderer->state, number, cells, out, error));
    return out->failed ? error_no_memory(error, "output") : SHEAF_OK;
}

void renderer_set_rows(struct renderer *renderer, uint64_t rows)
{
    renderer->rows = rows;
}

enum sheaf_status renderer_finish(struct renderer *renderer, struct sheaf_error *error)
{
    TRY(renderer->ops->end(renderer->state, renderer->rows, &renderer->buffer, error));
    return drain(renderer, error);
}

void renderer_close(struct renderer *renderer)
{
    if (renderer == NULL)
        return;
    renderer->ops->close(renderer->state);
    buffer_close(&renderer->buffer);
    arena_close(&renderer->names);
    memory_free(renderer);
}

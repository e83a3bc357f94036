#include "format/binary_stream.h"

static enum sheaf_status has_byte(const struct binary_stream *stream, uint64_t offset, bool *has,
                                  struct sheaf_error *error)
{
    char byte;
    size_t got;
    TRY(dataset_read(stream->dataset, stream->chunk->file, offset, &byte, 1, &got, error));
    *has = got == 1;
    return SHEAF_OK;
}

/* Finds the end of a stream that has ended: at or after the chunk's end, at or before `missing`. */
static enum sheaf_status find_end(const struct binary_stream *stream, uint64_t missing,
                                  uint64_t *end, struct sheaf_error *error)
{
    uint64_t low = stream->chunk->offset + stream->chunk->length;
    uint64_t high = missing;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        bool has;
        TRY(has_byte(stream, middle, &has, error));
        if (has)
            low = middle + 1;
        else
            high = middle;
    }
    *end = low;
    return SHEAF_OK;
}

/* The stream has no byte at `missing`. */
static enum sheaf_status take_end(const struct binary_stream *stream, uint64_t missing,
                                  struct sheaf_error *found, struct sheaf_error *error)
{
    uint64_t end;
    TRY(find_end(stream, missing, &end, error));
    struct binary_place place = binary_place_at(stream->dataset, stream->chunk->file, end);
    if (stream->layout->rows != UINT64_MAX) {
        (void)binary_error_short(&place, stream->layout, found);
        return SHEAF_OK;
    }
    place.byte = binary_row_offset(stream->layout, stream->end_row);
    (void)binary_error_torn(&place, end - place.byte, stream->layout->record, found);
    return SHEAF_OK;
}

enum sheaf_status binary_stream_check(struct binary_stream *stream, struct sheaf_error *found,
                                      struct sheaf_error *error)
{
    const struct binary_layout *layout = stream->layout;
    const uint64_t chunk_end = stream->chunk->offset + stream->chunk->length;
    const bool is_counted = layout->rows != UINT64_MAX;
    const uint64_t data_end = is_counted ? binary_row_offset(layout, layout->rows) : UINT64_MAX;
    if (chunk_end > data_end) {
        const struct binary_place place =
            binary_place_at(stream->dataset, stream->chunk->file, data_end);
        if (stream->chunk->offset <= data_end)
            (void)binary_error_long(&place, layout, found);
        return SHEAF_OK;
    }
    const uint64_t rows_end =
        stream->row < stream->end_row ? binary_row_offset(layout, stream->end_row) : 0;
    if (rows_end <= chunk_end && (!is_counted || chunk_end == data_end))
        return SHEAF_OK;
    const uint64_t needed = rows_end > chunk_end ? rows_end - 1 : chunk_end;
    bool has;
    TRY(has_byte(stream, needed, &has, error));
    if (has)
        return SHEAF_OK;
    if (rows_end > chunk_end)
        stream->end_row--;
    return take_end(stream, needed, found, error);
}

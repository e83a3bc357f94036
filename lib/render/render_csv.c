#include "render/delimited.h"
#include "render/writers.h"

static enum sheaf_status csv_open(const struct render_options *options,
                                  const struct render_header *header, void **state,
                                  struct sheaf_error *error)
{
    const struct delimited_options delimited = {
        .delimiter = options->delimiter, .comment = options->comment, .bare = options->bare};
    return delimited_open(&delimited, header, state, error);
}

const struct render_ops render_csv = {
    .name = "csv",
    .help = "comma-separated values (RFC 4180), or with the delimiter of -D",
    .open = csv_open,
    .begin = delimited_begin,
    .row = delimited_row,
    .end = delimited_end,
    .close = delimited_close,
};

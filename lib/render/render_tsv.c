#include "render/delimited.h"
#include "render/writers.h"

static enum sheaf_status tsv_open(const struct render_options *options,
                                  const struct render_header *header, void **state,
                                  struct sheaf_error *error)
{
    const struct delimited_options delimited = {
        .delimiter = '\t', .comment = options->comment, .bare = options->bare};
    return delimited_open(&delimited, header, state, error);
}

const struct render_ops render_tsv = {
    .name = "tsv",
    .help = "tab-separated values, quoted as in csv",
    .open = tsv_open,
    .begin = delimited_begin,
    .row = delimited_row,
    .end = delimited_end,
    .close = delimited_close,
};

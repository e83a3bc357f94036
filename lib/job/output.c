/* job/output.c - results to text, in a file, on standard output, or in memory. */
#include "io/sink.h"
#include "job/bars.h"
#include "job/print_rows.h"
#include "job/report.h"
#include "render/render.h"

#include <stdlib.h>
#include <string.h>

struct sheaf_output {
    struct sink *sink;
    const struct render_ops *ops;
    struct render_options options;
    bool is_terminal;
};

static enum sheaf_status find_format(const char *name, const struct render_ops **out,
                                     struct sheaf_error *error)
{
    *out = render_find(name);
    if (*out != NULL)
        return SHEAF_OK;
    return error_set(error, SHEAF_USAGE,
                     "unknown format \"%.64s\": csv, tsv, json, jsonl, md or table", name);
}

static struct render_options render_options_of(const struct sheaf_print_options *options)
{
    return (struct render_options){.delimiter = options->delimiter, .comment = options->comment};
}

enum sheaf_status sheaf_output_open(const struct sheaf_print_options *options,
                                    struct sheaf_output **out, struct sheaf_error *error)
{
    *out = NULL;
    struct sheaf_output *output = memory_zeroed(1, sizeof *output);
    if (output == NULL)
        return error_no_memory(error, "the output");
    output->options = render_options_of(options);
    enum sheaf_status status = sink_open(options->path, &output->sink, error);
    if (status == SHEAF_OK) {
        output->is_terminal = sink_is_terminal(output->sink);
        const char *otherwise = output->is_terminal ? "table" : "csv";
        status =
            find_format(options->format != NULL ? options->format : otherwise, &output->ops, error);
    }
    if (status == SHEAF_OK)
        *out = output;
    else
        sheaf_output_close(output);
    return status;
}

static int compare_names(const void *a, const void *b)
{
    return text_compare(*(const struct text *)a, *(const struct text *)b);
}

/* Objects cannot have two members of one name. */
static enum sheaf_status check_names(const struct job_core *core, struct sheaf_error *error)
{
    const size_t size = core->outputs * sizeof *core->output_names;
    struct text *names = memory_alloc(size);
    if (names == NULL)
        return error_no_memory(error, "the output");
    memcpy(names, core->output_names, size);
    qsort(names, core->outputs, sizeof *names, compare_names);
    enum sheaf_status status = SHEAF_OK;
    for (uint32_t i = 1; i < core->outputs && status == SHEAF_OK; i++) {
        char safe[ERROR_NAME_SIZE];
        if (text_compare(names[i], names[i - 1]) == 0)
            status = error_set(error, SHEAF_USAGE,
                               "two columns of the result are named \"%s\"; name one with "
                               "' as NAME'",
                               error_name(safe, names[i].bytes, names[i].length));
    }
    memory_free(names);
    return status;
}

enum sheaf_status sheaf_output_check(const struct sheaf_output *output,
                                     const struct sheaf_plan *plan, struct sheaf_error *error)
{
    if (output->ops->keyed && plan->core != NULL)
        TRY(check_names(plan->core, error));
    const uint32_t files = dataset_files(plan->dataset);
    for (uint32_t file = 0; file < files; file++)
        if (sink_is_same_file(output->sink, dataset_descriptor(plan->dataset, file)))
            return error_set(error, SHEAF_USAGE, "%s: the output is also an input",
                             sink_name(output->sink));
    return SHEAF_OK;
}

static struct render_header header_of(const struct sheaf_result *result)
{
    return (struct render_header){
        .names = result->names,
        .columns = result->columns,
    };
}

static bool is_bare(const struct sheaf_result *result)
{
    return result->core != NULL && result->core->report->bare;
}

/* ---- to memory --------------------------------------------------------------------------- */

static enum sheaf_status append_rows(const struct render_ops *ops, void *state,
                                     struct sheaf_result *result, struct buffer *text,
                                     struct sheaf_error *error)
{
    const uint64_t rows = sheaf_result_rows(result);
    TRY(ops->begin(state, text, error));
    for (uint64_t row = 0; row < rows; row++) {
        const struct value *cells;
        TRY(result_row(result, row, &cells, error));
        TRY(ops->row(state, row, cells, text, error));
    }
    TRY(ops->end(state, rows, text, error));
    return text->failed ? error_no_memory(error, "the printed result") : SHEAF_OK;
}

static enum sheaf_status append_result(const struct render_ops *ops,
                                       const struct render_options *look,
                                       struct sheaf_result *result, struct buffer *text,
                                       struct sheaf_error *error)
{
    const struct render_header header = header_of(result);
    void *state = NULL;
    enum sheaf_status status = ops->open(look, &header, &state, error);
    if (status == SHEAF_OK)
        status = append_rows(ops, state, result, text, error);
    ops->close(state);
    return status;
}

/* ---- to a sink --------------------------------------------------------------------------- */

/* bars NULL: none. */
static enum sheaf_status render_row(struct renderer *renderer, struct sheaf_result *result,
                                    uint64_t row, struct bars *bars, struct sheaf_error *error)
{
    const struct value *cells;
    struct value bar = value_null();
    if (bars != NULL)
        TRY(bars_draw(bars, result, row, &bar, error));
    TRY(result_row(result, row, &cells, error));
    result->cells[result->columns] = bar; /* there is room for one more */
    return renderer_row(renderer, cells, error);
}

static enum sheaf_status render_each(struct renderer *renderer, struct sheaf_result *result,
                                     struct bars *bars, struct sheaf_error *error)
{
    const uint64_t rows = sheaf_result_rows(result);
    for (uint64_t row = 0; row < rows; row++)
        TRY(render_row(renderer, result, row, bars, error));
    return SHEAF_OK;
}

static enum sheaf_status render_rows(struct sheaf_output *output, struct sheaf_result *result,
                                     const struct render_header *header, struct bars *bars,
                                     struct sheaf_error *error)
{
    struct renderer *renderer;
    TRY(renderer_open(output->ops, &output->options, header, output->sink, &renderer, error));
    enum sheaf_status status;
    if (bars == NULL && print_rows_in_pieces(result, output->ops))
        status = print_rows(result, renderer, output->sink, error);
    else
        status = render_each(renderer, result, bars, error);
    if (status == SHEAF_OK)
        status = renderer_finish(renderer, error);
    renderer_close(renderer);
    return status;
}

/* Prints with a column more, which has no name. */
static enum sheaf_status render_with_bars(struct sheaf_output *output, struct sheaf_result *result,
                                          struct bars *bars, struct sheaf_error *error)
{
    struct render_header header = header_of(result);
    struct text *names = memory_alloc((result->columns + 1) * sizeof *names);
    if (names == NULL)
        return error_no_memory(error, "the output");
    memcpy(names, result->names, result->columns * sizeof *names);
    names[result->columns] = (struct text){.bytes = ""};
    header.names = names;
    header.columns++;
    const enum sheaf_status status = render_rows(output, result, &header, bars, error);
    memory_free(names);
    return status;
}

/* Prints as it is to see how much room there is for bars. */
static enum sheaf_status render_for_people(struct sheaf_output *output, struct sheaf_result *result,
                                           struct bars *bars, struct sheaf_error *error)
{
    struct buffer table = {.bytes = NULL};
    enum sheaf_status status = append_result(output->ops, &output->options, result, &table, error);
    bars_fit(bars, &table, sink_terminal_width(output->sink));
    if (status == SHEAF_OK && bars->width == 0)
        status = sink_write(output->sink, table.bytes, table.length, error);
    else if (status == SHEAF_OK)
        status = render_with_bars(output, result, bars, error);
    buffer_close(&table);
    return status;
}

enum sheaf_status sheaf_output_print(struct sheaf_output *output, struct sheaf_result *result,
                                     struct sheaf_error *error)
{
    const struct render_header header = header_of(result);
    struct bars bars;
    output->options.bare = is_bare(result);
    if (output->is_terminal && output->ops->for_people && bars_open(&bars, result))
        TRY(render_for_people(output, result, &bars, error));
    else
        TRY(render_rows(output, result, &header, NULL, error));
    return sink_commit(output->sink, error);
}

void sheaf_output_close(struct sheaf_output *output)
{
    if (output == NULL)
        return;
    sink_close(output->sink);
    memory_free(output);
}

enum sheaf_status sheaf_result_format(struct sheaf_result *result,
                                      const struct sheaf_print_options *options, char **bytes,
                                      size_t *length, struct sheaf_error *error)
{
    *bytes = NULL;
    *length = 0;
    const struct render_ops *ops;
    TRY(find_format(options->format != NULL ? options->format : "csv", &ops, error));
    struct render_options look = render_options_of(options);
    look.bare = is_bare(result);
    struct buffer text = {.bytes = NULL};
    enum sheaf_status status = append_result(ops, &look, result, &text, error);
    /* The caller frees with free(), so the bytes must come from malloc itself. */
    if (status == SHEAF_OK && (*bytes = malloc(text.length + 1)) == NULL)
        status = error_no_memory(error, "the printed result");
    if (status == SHEAF_OK) {
        if (text.length > 0)
            memcpy(*bytes, text.bytes, text.length);
        (*bytes)[text.length] = '\0';
        *length = text.length;
    }
    buffer_close(&text);
    return status;
}

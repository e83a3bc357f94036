/* job/output.c - results to text, in a file, on standard output, or in memory. */
#include "io/sink.h"
#include "job/result.h"
#include "render/render.h"

#include <stdlib.h>
#include <string.h>

struct sheaf_output {
    struct sink *sink;
    const struct render_ops *ops;
    struct render_options options;
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
        output->options.terminal = sink_is_terminal(output->sink);
        const char *otherwise = output->options.terminal ? "table" : "csv";
        status =
            find_format(options->format != NULL ? options->format : otherwise, &output->ops, error);
    }
    if (status == SHEAF_OK)
        *out = output;
    else
        sheaf_output_close(output);
    return status;
}

/* Objects cannot have two members of one name. */
static enum sheaf_status check_names(const struct job_core *core, struct sheaf_error *error)
{
    const uint32_t count = core->groups.key_count + core->groups.call_count;
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t j = 0; j < i; j++) {
            const struct text name = core->output_names[i];
            char safe[ERROR_NAME_SIZE];
            if (text_compare(name, core->output_names[j]) == 0)
                return error_set(error, SHEAF_USAGE,
                                 "two columns of the result are named \"%s\"; name one with "
                                 "' as NAME'",
                                 error_name(safe, name.bytes, name.length));
        }
    return SHEAF_OK;
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
        .names = result->core->output_names,
        .columns = sheaf_result_columns(result),
    };
}

static enum sheaf_status render_to_sink(struct sheaf_output *output, struct sheaf_result *result,
                                        struct sheaf_error *error)
{
    const struct render_header header = header_of(result);
    const uint64_t rows = sheaf_result_rows(result);
    struct renderer *renderer;
    output->options.bare = result->core->command == SHEAF_COUNT;
    TRY(renderer_open(output->ops, &output->options, &header, output->sink, &renderer, error));
    enum sheaf_status status = SHEAF_OK;
    for (uint64_t row = 0; row < rows && status == SHEAF_OK; row++) {
        const struct value *cells;
        status = result_row(result, row, &cells, error);
        if (status == SHEAF_OK)
            status = renderer_row(renderer, cells, error);
    }
    if (status == SHEAF_OK)
        status = renderer_finish(renderer, error);
    renderer_close(renderer);
    return status;
}

enum sheaf_status sheaf_output_print(struct sheaf_output *output, struct sheaf_result *result,
                                     struct sheaf_error *error)
{
    TRY(render_to_sink(output, result, error));
    return sink_commit(output->sink, error);
}

void sheaf_output_close(struct sheaf_output *output)
{
    if (output == NULL)
        return;
    sink_close(output->sink);
    memory_free(output);
}

/* ---- to memory --------------------------------------------------------------------------- */

static enum sheaf_status render_rows(const struct render_ops *ops, void *state,
                                     struct sheaf_result *result, struct buffer *text,
                                     struct sheaf_error *error)
{
    const uint64_t rows = sheaf_result_rows(result);
    TRY(ops->begin(state, text, error));
    for (uint64_t row = 0; row < rows; row++) {
        const struct value *cells;
        TRY(result_row(result, row, &cells, error));
        TRY(ops->row(state, cells, text, error));
    }
    TRY(ops->end(state, text, error));
    return text->failed ? error_no_memory(error, "the printed result") : SHEAF_OK;
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
    look.bare = result->core->command == SHEAF_COUNT;
    const struct render_header header = header_of(result);
    struct buffer text = {.bytes = NULL};
    void *state = NULL;
    enum sheaf_status status = ops->open(&look, &header, &state, error);
    if (status == SHEAF_OK)
        status = render_rows(ops, state, result, &text, error);
    ops->close(state);
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

/* job/output.c - results to text, in a file, on standard output, or in memory. */
#include "io/sink.h"
#include "job/report.h"
#include "render/bar.h"
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

/* A column of bars, for people: which counts it draws, and the greatest of them among the rows of
 * one column of the input, which stand together. */
struct bars {
    uint32_t counts; /* column of the result */
    uint64_t most;
    uint64_t until; /* the row that `most` holds up to */
    char text[BAR_SIZE];
};

static uint64_t count_of(const struct value *cell)
{
    return cell->kind == VALUE_NUMBER && cell->number.kind == NUMBER_DECIMAL
               ? (uint64_t)cell->number.mantissa
               : 0;
}

static bool same_column(const struct value *cell, const char *bytes, size_t length)
{
    return cell->text.length == length && memcmp(cell->text.bytes, bytes, length) == 0;
}

/* Looks through the rows from `row` on that are about the same column. */
static enum sheaf_status find_most(struct bars *bars, struct sheaf_result *result, uint64_t row,
                                   struct sheaf_error *error)
{
    const uint64_t rows = sheaf_result_rows(result);
    const struct value *cells;
    TRY(result_row(result, row, &cells, error));
    const struct text column = cells[0].text; /* lives as long as the result */
    bars->most = 0;
    for (bars->until = row; bars->until < rows; bars->until++) {
        TRY(result_row(result, bars->until, &cells, error));
        if (!same_column(&cells[0], column.bytes, column.length))
            break;
        const uint64_t count = count_of(&cells[bars->counts]);
        bars->most = count > bars->most ? count : bars->most;
    }
    return SHEAF_OK;
}

static enum sheaf_status render_row(struct renderer *renderer, struct sheaf_result *result,
                                    uint64_t row, struct bars *bars, struct sheaf_error *error)
{
    const struct value *cells;
    if (bars != NULL && row >= bars->until)
        TRY(find_most(bars, result, row, error));
    TRY(result_row(result, row, &cells, error));
    if (bars != NULL) {
        const size_t length = bar_draw(count_of(&cells[bars->counts]), bars->most, bars->text);
        /* There is room behind the cells of a row for one more. */
        result->cells[result->columns] =
            length == 0 ? value_null()
                        : value_text((struct text){.bytes = bars->text, .length = length});
    }
    return renderer_row(renderer, cells, error);
}

static enum sheaf_status render_rows_to_sink(struct sheaf_output *output,
                                             struct sheaf_result *result,
                                             const struct render_header *header, struct bars *bars,
                                             struct sheaf_error *error)
{
    struct renderer *renderer;
    TRY(renderer_open(output->ops, &output->options, header, output->sink, &renderer, error));
    const uint64_t rows = sheaf_result_rows(result);
    enum sheaf_status status = SHEAF_OK;
    for (uint64_t row = 0; row < rows && status == SHEAF_OK; row++)
        status = render_row(renderer, result, row, bars, error);
    if (status == SHEAF_OK)
        status = renderer_finish(renderer, error);
    renderer_close(renderer);
    return status;
}

/* Finds the column that bars are drawn of. */
static bool finds_counts(const struct sheaf_result *result, uint32_t *column)
{
    const char *counts = result->core == NULL ? NULL : result->core->report->counts;
    for (*column = 0; counts != NULL && *column < result->columns; ++*column) {
        const struct text name = result->names[*column];
        if (name.length == strlen(counts) && memcmp(name.bytes, counts, name.length) == 0)
            return true;
    }
    return false;
}

static enum sheaf_status render_to_sink(struct sheaf_output *output, struct sheaf_result *result,
                                        struct sheaf_error *error)
{
    struct render_header header = header_of(result);
    struct bars bars = {.until = 0};
    output->options.bare = is_bare(result);
    if (!output->is_terminal || !output->ops->for_people || !finds_counts(result, &bars.counts))
        return render_rows_to_sink(output, result, &header, NULL, error);
    struct text *names = memory_alloc((result->columns + 1) * sizeof *names);
    if (names == NULL)
        return error_no_memory(error, "the output");
    memcpy(names, result->names, result->columns * sizeof *names);
    names[result->columns] = (struct text){.bytes = ""};
    header.names = names;
    header.columns++;
    const enum sheaf_status status = render_rows_to_sink(output, result, &header, &bars, error);
    memory_free(names);
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
    look.bare = is_bare(result);
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

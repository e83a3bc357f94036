/* Workers claim pieces of the rows in order, print each to memory, and write it when all before it
 * are written. So the bytes are those of one thread, and what is in memory is bounded: who is ahead
 * waits. A piece of long rows goes to the sink in parts, once its turn has come. */
#include "job/print_rows.h"

#include "io/ordered_writer.h"
#include "job/report.h"

#include <stdatomic.h>

enum {
    FEWEST_ROWS = 10000, /* below that, starting threads costs more than they save */
    PIECE_ROWS = 2048,
    PART_BYTES = 1 << 20, /* a piece that gets longer is written in parts */
};

struct printing {
    const struct sheaf_result *result;
    const struct renderer *renderer;
    struct executor *executor;
    struct ordered_writer *writer;
    uint64_t rows;
    uint64_t pieces;
    _Atomic uint64_t next;
    _Atomic bool failed; /* `error` is filled by the one who set it */
    struct sheaf_error error;
};

/* What one worker prints into. */
struct page {
    struct value *cells;
    char scratch[NATIVE_TEXT_SIZE];
    struct buffer text;
};

bool print_rows_in_pieces(const struct sheaf_result *result, const struct render_ops *ops)
{
    return result->core != NULL && result->core->workers > 1 && !ops->keeps_rows &&
           sheaf_result_rows(result) >= FEWEST_ROWS;
}

/* ---- workers ----------------------------------------------------------------------------- */

/* Keeps the first failure; a stop is only what follows from another's. */
static void fail(struct printing *printing, const struct sheaf_error *error)
{
    if (error->status != SHEAF_STOPPED && !atomic_exchange(&printing->failed, true))
        printing->error = *error;
    ordered_writer_stop(printing->writer);
}

static enum sheaf_status print_row(const struct printing *printing, uint64_t row, struct page *page,
                                   struct sheaf_error *error)
{
    const struct sheaf_result *result = printing->result;
    TRY(result->ops->row(result, row, page->cells, page->scratch, error));
    return renderer_make_row(printing->renderer, row, page->cells, &page->text, error);
}

static enum sheaf_status print_piece(const struct printing *printing, uint64_t piece,
                                     struct page *page, struct sheaf_error *error)
{
    const uint64_t first = piece * PIECE_ROWS;
    const uint64_t left = printing->rows - first;
    const uint64_t end = first + (left < PIECE_ROWS ? left : PIECE_ROWS);
    buffer_clear(&page->text);
    for (uint64_t row = first; row < end; row++) {
        TRY(print_row(printing, row, page, error));
        if (page->text.length < PART_BYTES)
            continue;
        TRY(ordered_writer_write_part(printing->writer, piece, page->text.bytes, page->text.length,
                                      error));
        buffer_clear(&page->text);
    }
    return ordered_writer_write(printing->writer, piece, page->text.bytes, page->text.length,
                                error);
}

static enum sheaf_status print_pieces(struct printing *printing, struct page *page,
                                      struct sheaf_error *error)
{
    page->cells = memory_zeroed(printing->result->columns, sizeof *page->cells);
    if (page->cells == NULL)
        return error_no_memory(error, "output");
    for (;;) {
        const uint64_t piece = atomic_fetch_add(&printing->next, 1);
        if (piece >= printing->pieces)
            return SHEAF_OK;
        TRY(print_piece(printing, piece, page, error));
    }
}

static void run_worker(void *argument, unsigned worker)
{
    (void)worker;
    struct printing *printing = argument;
    struct page page = {.cells = NULL};
    struct sheaf_error error;
    if (print_pieces(printing, &page, &error) != SHEAF_OK)
        fail(printing, &error);
    buffer_close(&page.text);
    memory_free(page.cells);
}

/* ---- the coordinator --------------------------------------------------------------------- */

static enum sheaf_status run(struct printing *printing, struct sink *sink,
                             struct sheaf_error *error)
{
    const struct job_core *core = printing->result->core;
    const unsigned workers =
        printing->pieces < core->workers ? (unsigned)printing->pieces : core->workers;
    TRY(ordered_writer_open(sink, &printing->writer, error));
    TRY(core->executor_ops->open(workers, &printing->executor, error));
    const struct executor_task task = {.work = run_worker, .argument = printing};
    TRY(core->executor_ops->run(printing->executor, &task, error));
    if (!atomic_load(&printing->failed))
        return SHEAF_OK;
    *error = printing->error;
    return error->status;
}

enum sheaf_status print_rows(const struct sheaf_result *result, struct renderer *renderer,
                             struct sink *sink, struct sheaf_error *error)
{
    const uint64_t rows = sheaf_result_rows(result);
    struct printing printing = {
        .result = result,
        .renderer = renderer,
        .rows = rows,
        .pieces = rows / PIECE_ROWS + (rows % PIECE_ROWS != 0),
    };
    const enum sheaf_status status = run(&printing, sink, error);
    if (printing.executor != NULL)
        printing.executor->ops->close(printing.executor);
    ordered_writer_close(printing.writer);
    renderer_set_rows(renderer, rows);
    return status;
}

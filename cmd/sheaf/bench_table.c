#include "bench_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum column {
    EXECUTOR,
    THREADS,
    CHUNK_SIZE,
    RUNS,
    SECONDS,
    LEAST,
    MOST,
    CPU_SECONDS,
    SPEEDUP,
    EFFICIENCY,
    ROWS,
    ROWS_PER_S,
    GB_PER_S,
    PEAK_MB,
    SAME,
    COLUMNS
};

static const struct sheaf_entry columns[] = {
    [EXECUTOR] = {"executor", "executor", "what runs the work"},
    [THREADS] = {"threads", "threads", "worker threads asked for"},
    [CHUNK_SIZE] = {"chunk_size", "chunk_size", "as given, or auto"},
    [RUNS] = {"runs", "runs", "runs that were measured"},
    [SECONDS] = {"seconds", "seconds", "the median time of a run, from its start to its end"},
    [LEAST] = {"least", "least", "the shortest time"},
    [MOST] = {"most", "most", "the longest time"},
    [CPU_SECONDS] = {"cpu_seconds", "cpu_seconds", "the median processor time, of all threads"},
    [SPEEDUP] = {"speedup", "speedup",
                 "how much faster than the first row with one thread (if there is none: than the "
                 "first row)"},
    [EFFICIENCY] = {"efficiency", "efficiency", "speedup / threads"},
    [ROWS] = {"rows", "rows",
              "rows read, without those that --on-error left out for their shape or quoting; by "
              "gen: written"},
    [ROWS_PER_S] = {"rows_per_s", "rows_per_s", "rows / seconds"},
    [GB_PER_S] = {"gb_per_s", "gb_per_s", "10^9 bytes read (by gen: written) / seconds"},
    [PEAK_MB] = {"peak_mb", "peak_mb", "the most memory that a run held, in 10^6 bytes"},
    [SAME] = {"same", "same", "yes: every run printed what the very first one did"},
};
_Static_assert(sizeof columns / sizeof columns[0] == COLUMNS, "an entry for each column");

struct sheaf_entry bench_table_column(size_t index)
{
    return index < COLUMNS ? columns[index] : (struct sheaf_entry){.name = NULL};
}

/* Digits of a measured number: more would be noise. */
enum { SIGNIFICANT = 4, NUMBER_SIZE = 64 };

/* A row while it is made. */
struct row {
    struct sheaf_cell cells[COLUMNS];
    char numbers[COLUMNS][NUMBER_SIZE];
    uint64_t round; /* digits after the point, at most */
};

static void put_text(struct row *row, enum column column, const char *text)
{
    row->cells[column] =
        (struct sheaf_cell){.kind = SHEAF_CELL_TEXT, .bytes = text, .length = strlen(text)};
}

static void put_digits(struct row *row, enum column column)
{
    const char *digits = row->numbers[column];
    row->cells[column] =
        (struct sheaf_cell){.kind = SHEAF_CELL_NUMBER, .bytes = digits, .length = strlen(digits)};
}

static void put_count(struct row *row, enum column column, uint64_t count)
{
    snprintf(row->numbers[column], NUMBER_SIZE, "%llu", (unsigned long long)count);
    put_digits(row, column);
}

/* In fixed notation and without zeros at the end, as all numbers are printed. */
static void put_measure(struct row *row, enum column column, double value)
{
    const int magnitude = value > 0 ? (int)floor(log10(value)) : 0;
    int places = magnitude < SIGNIFICANT ? SIGNIFICANT - 1 - magnitude : 0;
    if (row->round < (uint64_t)places)
        places = (int)row->round;
    char *out = row->numbers[column];
    snprintf(out, NUMBER_SIZE, "%.*f", places, value);
    if (strchr(out, '.') != NULL) {
        size_t length = strlen(out);
        while (out[length - 1] == '0')
            length--;
        out[length - (out[length - 1] == '.')] = '\0';
    }
    put_digits(row, column);
}

static int compare_doubles(const void *left, const void *right)
{
    const double one = *(const double *)left;
    const double other = *(const double *)right;
    return (one > other) - (one < other);
}

/* The mean of the middle two where there is no middle one. */
static double median_of_sorted(const double *values, size_t count)
{
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

static void sort_runs(struct bench_figures *figures)
{
    qsort(figures->seconds, figures->runs, sizeof *figures->seconds, compare_doubles);
    qsort(figures->cpu_seconds, figures->runs, sizeof *figures->cpu_seconds, compare_doubles);
}

/* What speed-up is measured against: the first setting of one thread, or the first of all. */
static double base_seconds(const struct bench_settings *settings,
                           const struct bench_figures *figures)
{
    size_t base = 0;
    while (base < settings->count && settings->items[base].threads != 1)
        base++;
    const struct bench_figures *chosen = &figures[base < settings->count ? base : 0];
    return median_of_sorted(chosen->seconds, chosen->runs);
}

static void put_throughput(struct row *row, const struct bench_figures *figures, double seconds)
{
    put_count(row, ROWS, figures->rows);
    put_measure(row, ROWS_PER_S, (double)figures->rows / seconds);
    put_measure(row, GB_PER_S, (double)figures->bytes / 1e9 / seconds);
}

static void fill(struct row *row, const struct bench_setting *setting,
                 const struct bench_figures *figures, double base)
{
    const double seconds = median_of_sorted(figures->seconds, figures->runs);
    put_text(row, EXECUTOR, setting->executor);
    put_count(row, THREADS, setting->threads);
    put_text(row, CHUNK_SIZE, setting->chunk_size);
    put_count(row, RUNS, figures->runs);
    put_measure(row, SECONDS, seconds);
    put_measure(row, LEAST, figures->seconds[0]);
    put_measure(row, MOST, figures->seconds[figures->runs - 1]);
    put_measure(row, CPU_SECONDS, median_of_sorted(figures->cpu_seconds, figures->runs));
    put_measure(row, SPEEDUP, base / seconds);
    put_measure(row, EFFICIENCY, base / seconds / setting->threads);
    if (figures->knows_rows)
        put_throughput(row, figures, seconds);
    put_measure(row, PEAK_MB, (double)figures->peak_bytes / 1e6);
    put_text(row, SAME, figures->differs ? "no" : "yes");
}

enum sheaf_status bench_table_make(const struct bench_settings *settings,
                                   struct bench_figures *figures, uint64_t round,
                                   struct sheaf_result **out, struct sheaf_error *error)
{
    const char *names[COLUMNS];
    for (size_t i = 0; i < COLUMNS; i++)
        names[i] = columns[i].name;
    struct sheaf_result *table = NULL;
    enum sheaf_status status = sheaf_table_open(names, COLUMNS, &table, error);
    for (size_t i = 0; i < settings->count; i++)
        sort_runs(&figures[i]);
    const double base = base_seconds(settings, figures);
    for (size_t i = 0; i < settings->count && status == SHEAF_OK; i++) {
        struct row row = {.round = round}; /* cells: null */
        fill(&row, &settings->items[i], &figures[i], base);
        status = sheaf_table_add(table, row.cells, error);
    }
    if (status == SHEAF_OK) {
        *out = table;
        return SHEAF_OK;
    }
    sheaf_result_close(table);
    return status;
}

/* The numbers 1 to N: whatever adds them up, or counts them, can be checked in the head. */
#include "gen/gens.h"
#include "gen/put.h"

enum { NUMBER_BYTES = 8, ROW_SIZE = PUT_WHOLE_SIZE + 1 };

static char *put_number(char *out, uint64_t key, uint64_t row, char delimiter)
{
    (void)key;
    (void)delimiter;
    out = put_whole(out, row + 1);
    *out++ = '\n';
    return out;
}

static void sequence_csv(uint64_t seed, uint64_t first, uint64_t count, char delimiter,
                         struct buffer *out)
{
    (void)seed;
    const struct put_rows rows = {.first = first, .count = count, .most = ROW_SIZE};
    if (delimiter >= '0' && delimiter <= '9')
        put_rows_quoted(&rows, put_number, delimiter, out);
    else
        put_rows(&rows, put_number, delimiter, out);
}

static char *put_record(char *out, uint64_t key, uint64_t row, char delimiter)
{
    (void)key;
    (void)delimiter;
    return put_bytes(out, row + 1, NUMBER_BYTES);
}

static void sequence_records(uint64_t seed, uint64_t first, uint64_t count, struct buffer *out)
{
    (void)seed;
    const struct put_rows rows = {.first = first, .count = count, .most = NUMBER_BYTES};
    put_rows(&rows, put_record, '\0', out);
}

static const struct gen_column columns[] = {{"n", "i64", "<i8"}};

const struct gen_ops gen_sequence = {
    .name = "sequence",
    .help = "the numbers from 1 to N: one column, n",
    .delimiter = ',',
    .columns = columns,
    .column_count = sizeof columns / sizeof columns[0],
    .record_bytes = NUMBER_BYTES,
    .row_bytes = 8,
    .schema = "n:i64",
    .csv = sequence_csv,
    .records = sequence_records,
};

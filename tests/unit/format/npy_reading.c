#include "npy_reading.h"

#include "format/binary.h"
#include "sync/executors.h"
#include "unit/unit.h"

#include <string.h>

enum { MOST_COLUMNS = 32 };

static const uint32_t all_columns[MOST_COLUMNS] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
                                                   11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
                                                   22, 23, 24, 25, 26, 27, 28, 29, 30, 31};

struct reading_setup npy_setup(const struct format_options *options, uint32_t columns,
                               uint64_t chunk_size)
{
    return (struct reading_setup){
        .format = &format_npy,
        .options = options,
        .needed = all_columns,
        .needed_count = columns,
        .chunk_size = chunk_size,
        .executor = &executor_pool,
        .workers = 1 + (unsigned)(chunk_size % 3),
    };
}

void npy_add(struct reading_files *files, const struct buffer *bytes, bool is_pipe)
{
    if (is_pipe)
        reading_add_pipe(files, bytes->bytes, bytes->length);
    else
        reading_add_file(files, bytes->bytes, bytes->length);
}

void npy_put_string(struct buffer *out, const char *string)
{
    reading_put_field(out, (struct text){string, strlen(string)});
}

/* As far as a message of Check can show it. */
static int shown(const struct buffer *text)
{
    return (int)(text->length < 2000 ? text->length : 2000);
}

void npy_expect(const struct reading *got, const struct buffer *expected)
{
    ck_assert_msg(got->status == SHEAF_OK, "%s", got->error.text);
    if (got->text.length != expected->length ||
        (expected->length > 0 && memcmp(got->text.bytes, expected->bytes, expected->length) != 0))
        ck_abort_msg("rows:\n%.*s\nexpected:\n%.*s", shown(&got->text), got->text.bytes,
                     shown(expected), expected->bytes);
}

void npy_check_rows(const struct buffer *bytes, struct reading_setup setup, uint64_t most,
                    const struct buffer *expected)
{
    for (uint64_t chunk = 1; chunk <= most; chunk += chunk < 40 ? 1 : 37) {
        for (int is_pipe = 0; is_pipe < 2; is_pipe++) {
            struct reading_files files = {.count = 0};
            struct reading got;
            npy_add(&files, bytes, is_pipe != 0);
            setup.chunk_size = chunk;
            setup.workers = 1 + (unsigned)(chunk % 3);
            reading_run(&files, &setup, &got);
            npy_expect(&got, expected);
            reading_drop(&got);
            reading_close_files(&files);
        }
    }
}

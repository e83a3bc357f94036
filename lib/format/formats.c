#include "format/binary.h"
#include "format/csv.h"
#include "format/format.h"

const struct format_ops *const format_table[] = {
    &format_raw,
    &format_npy,
    &format_csv,
};

const size_t format_table_length = sizeof format_table / sizeof format_table[0];

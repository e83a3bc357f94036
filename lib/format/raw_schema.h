/* format/raw_schema.h - the description of raw records: "id:i64, price:f64, name:c16". */
#ifndef FORMAT_RAW_SCHEMA_H
#define FORMAT_RAW_SCHEMA_H

#include "format/binary.h"

/* Reads a schema: items NAME:TYPE between commas, spaces around each part; a first item "big" makes
 * all numbers big-endian. A name that holds , or : stands in double quotes, a quote in it doubled.
 * Types: i8 … i64, u8 … u64, f32, f64, bool, cN. Gives fields (of the arena), their count, and the
 * size of a record. SHEAF_USAGE names the item that is wrong. */
enum sheaf_status raw_schema_parse(const char *text, struct arena *arena, struct binary_layout *out,
                                   struct sheaf_error *error);

#endif

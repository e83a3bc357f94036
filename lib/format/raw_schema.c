#include "format/raw_schema.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MOST = INT32_MAX }; /* bytes of a cN */

struct schema {
    const char *at;
    const char *item; /* the one being read */
    uint32_t number;  /* of it, from 1 */
    bool big;
    struct arena *arena;
    struct sheaf_error *error;
};

static const struct raw_type {
    const char *name;
    enum binary_kind kind;
    uint64_t size;
} raw_types[] = {
    {"i8", BINARY_SIGNED, 1},    {"i16", BINARY_SIGNED, 2},   {"i32", BINARY_SIGNED, 4},
    {"i64", BINARY_SIGNED, 8},   {"u8", BINARY_UNSIGNED, 1},  {"u16", BINARY_UNSIGNED, 2},
    {"u32", BINARY_UNSIGNED, 4}, {"u64", BINARY_UNSIGNED, 8}, {"f32", BINARY_REAL, 4},
    {"f64", BINARY_REAL, 8},     {"bool", BINARY_BOOL, 1},
};

static void skip_blanks(struct schema *schema)
{
    schema->at += strspn(schema->at, " \t");
}

/* ---- errors ------------------------------------------------------------------------------ */

/* "the schema's item 2 ("price:f65"): " and what is wrong with it. */
static enum sheaf_status fail(const struct schema *schema, const char *reason)
{
    char item[ERROR_NAME_SIZE];
    return error_set(schema->error, SHEAF_USAGE, "the schema's item %u (\"%s\"): %s",
                     schema->number, error_name(item, schema->item, strcspn(schema->item, ",")),
                     reason);
}

static enum sheaf_status fail_type(const struct schema *schema, struct text type)
{
    static const char known[] =
        "the types are i8, i16, i32, i64, u8, u16, u32, u64, f32, f64, bool, and cN for N bytes of "
        "text (N at least 1)";
    char name[ERROR_NAME_SIZE];
    char reason[SHEAF_ERROR_TEXT];
    error_name(name, type.bytes, type.length);
    if (type.length == 0)
        snprintf(reason, sizeof reason, "a type is missing; %s", known);
    else
        snprintf(reason, sizeof reason, "\"%s\" is no type; %s", name, known);
    return fail(schema, reason);
}

/* ---- names and types --------------------------------------------------------------------- */

static enum sheaf_status parse_quoted(struct schema *schema, struct text *out)
{
    const char *from = schema->at + 1;
    char *name = arena_alloc(schema->arena, strlen(from) + 1, schema->error);
    if (name == NULL)
        return SHEAF_SYSTEM;
    size_t length = 0;
    for (;; from++) {
        if (*from == '\0')
            return fail(schema, "the quote of its name is never closed");
        if (*from == '"' && *++from != '"')
            break;
        name[length++] = *from;
    }
    schema->at = from;
    *out = (struct text){.bytes = name, .length = length};
    return SHEAF_OK;
}

static enum sheaf_status parse_name(struct schema *schema, struct text *out)
{
    if (*schema->at == '"')
        return parse_quoted(schema, out);
    size_t length = strcspn(schema->at, ":,");
    const char *name = arena_copy(schema->arena, schema->at, length, schema->error);
    if (name == NULL)
        return SHEAF_SYSTEM;
    schema->at += length;
    while (length > 0 && (name[length - 1] == ' ' || name[length - 1] == '\t'))
        length--;
    *out = (struct text){.bytes = name, .length = length};
    return length == 0 ? fail(schema, "a name is missing; an item is NAME:TYPE") : SHEAF_OK;
}

/* The N of cN; 0: it is none. */
static uint64_t text_size(struct text type)
{
    uint64_t size = 0;
    if (type.length < 2 || type.bytes[0] != 'c')
        return 0;
    for (size_t i = 1; i < type.length; i++) {
        if (type.bytes[i] < '0' || type.bytes[i] > '9')
            return 0;
        size = 10 * size + (uint64_t)(type.bytes[i] - '0');
        if (size > TEXT_MOST)
            return 0;
    }
    return size;
}

static bool find_type(struct text type, struct binary_field *field)
{
    for (size_t i = 0; i < sizeof raw_types / sizeof raw_types[0]; i++) {
        const struct raw_type *known = &raw_types[i];
        if (type.length != strlen(known->name) || memcmp(type.bytes, known->name, type.length) != 0)
            continue;
        field->kind = known->kind;
        field->size = known->size;
        return true;
    }
    field->kind = BINARY_BYTES;
    field->size = text_size(type);
    return field->size > 0;
}

static enum sheaf_status parse_type(struct schema *schema, struct binary_field *field)
{
    struct text type = {.bytes = schema->at, .length = strcspn(schema->at, ",")};
    schema->at += type.length;
    while (type.length > 0 &&
           (type.bytes[type.length - 1] == ' ' || type.bytes[type.length - 1] == '\t'))
        type.length--;
    field->big = schema->big;
    return find_type(type, field) ? SHEAF_OK : fail_type(schema, type);
}

/* ---- the whole --------------------------------------------------------------------------- */

/* "big" alone, with a comma behind it. */
static void parse_order(struct schema *schema)
{
    skip_blanks(schema);
    const char *behind = schema->at + 3;
    if (strncmp(schema->at, "big", 3) != 0)
        return;
    behind += strspn(behind, " \t");
    if (*behind != ',')
        return;
    schema->big = true;
    schema->number++;
    schema->at = behind + 1;
}

static enum sheaf_status parse_item(struct schema *schema, struct binary_field *field)
{
    schema->number++;
    skip_blanks(schema);
    schema->item = schema->at;
    *field = (struct binary_field){.factor = 1};
    TRY(parse_name(schema, &field->name));
    skip_blanks(schema);
    if (*schema->at != ':')
        return fail(schema, "an item is NAME:TYPE, like price:f64");
    schema->at++;
    skip_blanks(schema);
    return parse_type(schema, field);
}

/* No schema has more items than this. */
static size_t count_items(const char *schema)
{
    size_t items = 1;
    for (; *schema != '\0'; schema++)
        items += *schema == ',';
    return items;
}

enum sheaf_status raw_schema_parse(const char *text, struct arena *arena, struct binary_layout *out,
                                   struct sheaf_error *error)
{
    struct schema schema = {.at = text, .item = text, .arena = arena, .error = error};
    size_t bytes;
    if (!size_multiply(count_items(text), sizeof *out->fields, &bytes))
        return error_no_memory(error, "the schema");
    out->fields = arena_alloc(arena, bytes, error);
    if (out->fields == NULL)
        return SHEAF_SYSTEM;
    parse_order(&schema);
    for (;; schema.at++) {
        struct binary_field *field = &out->fields[out->count];
        TRY(parse_item(&schema, field));
        if (out->count++ == BINARY_COLUMNS_MAX)
            return error_set(error, SHEAF_USAGE, "the schema has more than %d columns",
                             BINARY_COLUMNS_MAX);
        /* At most 65535 times 2^31: no overflow. */
        field->offset = out->record;
        out->record += field->size;
        if (*schema.at == '\0')
            return SHEAF_OK;
    }
}

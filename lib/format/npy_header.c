#include "format/npy_header.h"

#include "format/npy_lexer.h"
#include "format/npy_type.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    DEPTH_MOST = 32,       /* of types inside types */
    JOINED_MOST = 8 << 20, /* bytes of all names inside names */
};

struct parser {
    struct npy_lexer lexer;
    struct npy_header *out;
    uint32_t capacity; /* of out->fields */
    unsigned depth;
    size_t joined_bytes;
    size_t shape_at; /* where the shape stands in the header */
};

/* ---- fields ------------------------------------------------------------------------------ */

/* " of field "pos.x"", or nothing for an array without fields. */
struct whose {
    char text[ERROR_NAME_SIZE + 16];
};

static struct whose whose(struct text name)
{
    struct whose out = {.text = ""};
    char safe[ERROR_NAME_SIZE];
    if (name.bytes != NULL)
        (void)snprintf(out.text, sizeof out.text, " of field \"%s\"",
                       error_name(safe, name.bytes, name.length));
    return out;
}

/* Doubles: what is left behind in the arena is less than what is used. */
static enum sheaf_status reserve_field(struct parser *parser)
{
    struct npy_header *out = parser->out;
    if (out->count < parser->capacity)
        return SHEAF_OK;
    const uint32_t capacity = parser->capacity == 0 ? 8 : 2 * parser->capacity;
    struct binary_field *grown =
        arena_alloc(parser->lexer.arena, capacity * sizeof *grown, parser->lexer.error);
    if (grown == NULL)
        return SHEAF_SYSTEM;
    if (out->count > 0)
        memcpy(grown, out->fields, out->count * sizeof *grown);
    out->fields = grown;
    parser->capacity = capacity;
    return SHEAF_OK;
}

/* Adds a field, or a gap, behind those there are. */
static enum sheaf_status add_field(struct parser *parser, size_t at, struct binary_field *field,
                                   enum npy_type_result result)
{
    struct npy_header *out = parser->out;
    field->offset = out->item;
    if (__builtin_add_overflow(out->item, field->size, &out->item) || out->item > INT64_MAX)
        return npy_fail(&parser->lexer, at, "a record of more than 2^63 - 1 bytes");
    if (result == NPY_TYPE_GAP)
        return SHEAF_OK;
    if (out->count == BINARY_COLUMNS_MAX)
        return npy_fail(&parser->lexer, at, "more than %d columns", BINARY_COLUMNS_MAX);
    TRY(reserve_field(parser));
    out->fields[out->count++] = *field;
    return SHEAF_OK;
}

/* A type string: one value of each row, or a gap, which only a field without a name may be. */
static enum sheaf_status parse_type_string(struct parser *parser, struct text name, bool may_be_gap)
{
    struct npy_lexer *lexer = &parser->lexer;
    struct binary_field field;
    struct text type;
    const char *reason;
    npy_peek(lexer);
    const size_t at = lexer->at;
    TRY(npy_take_string(lexer, &type));
    const enum npy_type_result result = npy_type_parse(type, &field, &reason);
    if (result == NPY_TYPE_FIELD || (result == NPY_TYPE_GAP && may_be_gap)) {
        field.name = name;
        return add_field(parser, at, &field, result);
    }
    char safe[ERROR_NAME_SIZE];
    return npy_fail(lexer, at, "the type \"%s\"%s %s", error_name(safe, type.bytes, type.length),
                    whose(name).text, reason);
}

static enum sheaf_status parse_fields(struct parser *parser, struct text prefix);

static enum sheaf_status parse_type(struct parser *parser, struct text name, bool may_be_gap)
{
    struct npy_lexer *lexer = &parser->lexer;
    const char first = npy_peek(lexer);
    if (first == '\'' || first == '"')
        return parse_type_string(parser, name, may_be_gap);
    if (first != '[')
        return npy_unexpected(lexer, "a type: a string, or a list of fields");
    if (parser->depth == DEPTH_MOST)
        return npy_fail(lexer, lexer->at, "types inside types, more than %d deep", DEPTH_MOST);
    parser->depth++;
    TRY(parse_fields(parser, name));
    parser->depth--;
    return SHEAF_OK;
}

/* The name of a field, or (title, name): joined with a point to that of the field it is in. */
static enum sheaf_status parse_name(struct parser *parser, struct text prefix, struct text *out,
                                    bool *is_empty)
{
    struct npy_lexer *lexer = &parser->lexer;
    struct text name;
    const bool has_title = npy_peek(lexer) == '(';
    bool more = true;
    if (has_title) {
        lexer->at++;
        TRY(npy_take_string(lexer, &name));
        TRY(npy_take(lexer, ',', "',' and the name behind the title"));
    }
    TRY(npy_take_string(lexer, &name));
    if (has_title)
        TRY(npy_take_separator(lexer, ')', &more));
    if (has_title && more)
        return npy_unexpected(lexer, "')' behind title and name");
    *is_empty = name.length == 0;
    *out = name;
    if (prefix.bytes == NULL)
        return SHEAF_OK;
    /* Names that are nested may not grow out of proportion to the header. */
    parser->joined_bytes += prefix.length + 1 + name.length;
    if (parser->joined_bytes > JOINED_MOST)
        return npy_fail(lexer, lexer->at, "the names of the fields take more than %d bytes",
                        JOINED_MOST);
    char *joined = arena_alloc(lexer->arena, prefix.length + 1 + name.length, lexer->error);
    if (joined == NULL)
        return SHEAF_SYSTEM;
    memcpy(joined, prefix.bytes, prefix.length);
    joined[prefix.length] = '.';
    memcpy(joined + prefix.length + 1, name.bytes, name.length);
    *out = (struct text){.bytes = joined, .length = prefix.length + 1 + name.length};
    return SHEAF_OK;
}

/* The shape of a field may only be (): one value. */
static enum sheaf_status parse_field_shape(struct parser *parser, struct text name)
{
    struct npy_lexer *lexer = &parser->lexer;
    const char first = npy_peek(lexer);
    const size_t at = lexer->at;
    if (first == '(') {
        lexer->at++;
        if (npy_peek(lexer) == ')') {
            lexer->at++;
            return SHEAF_OK;
        }
    }
    return npy_fail(lexer, at,
                    "a subarray%s: a column is one value for each row; save its values "
                    "as fields of their own",
                    whose(name).text);
}

static enum sheaf_status parse_field(struct parser *parser, struct text prefix)
{
    struct npy_lexer *lexer = &parser->lexer;
    struct text name;
    bool is_empty = false;
    bool more;
    TRY(npy_take(lexer, '(', "a field: '('"));
    TRY(parse_name(parser, prefix, &name, &is_empty));
    TRY(npy_take(lexer, ',', "',' and the type of the field"));
    TRY(parse_type(parser, name, is_empty));
    TRY(npy_take_separator(lexer, ')', &more));
    if (!more)
        return SHEAF_OK;
    TRY(parse_field_shape(parser, name));
    TRY(npy_take_separator(lexer, ')', &more));
    return more ? npy_unexpected(lexer, "')' behind the shape of the field") : SHEAF_OK;
}

static enum sheaf_status parse_fields(struct parser *parser, struct text prefix)
{
    struct npy_lexer *lexer = &parser->lexer;
    TRY(npy_take(lexer, '[', "'['"));
    bool more = npy_peek(lexer) != ']';
    if (!more)
        lexer->at++;
    while (more) {
        TRY(parse_field(parser, prefix));
        TRY(npy_take_separator(lexer, ']', &more));
    }
    return SHEAF_OK;
}

/* ---- the dictionary ---------------------------------------------------------------------- */

static enum sheaf_status parse_descr(struct parser *parser)
{
    parser->out->is_structured = npy_peek(&parser->lexer) == '[';
    return parse_type(parser, (struct text){.bytes = NULL}, false);
}

static enum sheaf_status parse_fortran_order(struct parser *parser)
{
    return npy_take_bool(&parser->lexer, &parser->out->is_fortran);
}

static enum sheaf_status parse_shape(struct parser *parser)
{
    struct npy_lexer *lexer = &parser->lexer;
    struct npy_header *out = parser->out;
    out->shape[1] = 1;
    npy_peek(lexer);
    parser->shape_at = lexer->at;
    TRY(npy_take(lexer, '(', "a shape: '('"));
    bool more = npy_peek(lexer) != ')';
    if (!more)
        lexer->at++;
    while (more) {
        uint64_t length;
        TRY(npy_take_number(lexer, &length));
        if (out->dims < 2)
            out->shape[out->dims] = length;
        if (out->dims == 0 && npy_peek(lexer) != ',')
            return npy_unexpected(lexer, "',' (a shape of one number ends with it)");
        out->dims++;
        TRY(npy_take_separator(lexer, ')', &more));
    }
    return SHEAF_OK;
}

static const struct entry {
    const char *key;
    enum sheaf_status (*parse)(struct parser *parser);
} entries[] = {
    {"descr", parse_descr},
    {"fortran_order", parse_fortran_order},
    {"shape", parse_shape},
};
enum { ENTRIES = sizeof entries / sizeof entries[0] };

static enum sheaf_status parse_entry(struct parser *parser, bool seen[ENTRIES])
{
    struct npy_lexer *lexer = &parser->lexer;
    struct text key;
    char safe[ERROR_NAME_SIZE];
    npy_peek(lexer);
    const size_t at = lexer->at;
    TRY(npy_take_string(lexer, &key));
    for (size_t i = 0; i < ENTRIES; i++) {
        if (key.length != strlen(entries[i].key) ||
            memcmp(key.bytes, entries[i].key, key.length) != 0)
            continue;
        if (seen[i])
            return npy_fail(lexer, at, "the header has '%s' twice", entries[i].key);
        seen[i] = true;
        TRY(npy_take(lexer, ':', "':'"));
        return entries[i].parse(parser);
    }
    return npy_fail(lexer, at,
                    "the header has the key \"%s\", expected 'descr', 'fortran_order' or 'shape'",
                    error_name(safe, key.bytes, key.length));
}

static enum sheaf_status parse_dictionary(struct parser *parser)
{
    struct npy_lexer *lexer = &parser->lexer;
    bool seen[ENTRIES] = {false};
    TRY(npy_take(lexer, '{', "'{'"));
    bool more = npy_peek(lexer) != '}';
    if (!more)
        lexer->at++;
    while (more) {
        TRY(parse_entry(parser, seen));
        TRY(npy_take_separator(lexer, '}', &more));
    }
    for (size_t i = 0; i < ENTRIES; i++)
        if (!seen[i])
            return npy_fail(lexer, 0, "the header lacks '%s'", entries[i].key);
    npy_peek(lexer);
    return lexer->at == lexer->text->length ? SHEAF_OK : npy_unexpected(lexer, "its end");
}

/* What is well-formed, but no table. */
static enum sheaf_status check_table(const struct parser *parser)
{
    const struct npy_header *out = parser->out;
    const struct npy_lexer *lexer = &parser->lexer;
    if (out->dims == 0)
        return npy_fail(lexer, parser->shape_at,
                        "the array is a single value (shape ()); one or two dimensions are read");
    if (out->dims > 2)
        return npy_fail(lexer, parser->shape_at,
                        "the array has %" PRIu32 " dimensions; one or two are read", out->dims);
    if (out->is_structured && out->dims == 2)
        return npy_fail(lexer, parser->shape_at,
                        "a structured array of two dimensions; one is read");
    if (out->count == 0 || out->shape[1] == 0)
        return npy_fail(lexer, parser->shape_at, "the array has no columns");
    if (out->shape[1] > BINARY_COLUMNS_MAX)
        return npy_fail(lexer, parser->shape_at, "%" PRIu64 " columns; at most %d are read",
                        out->shape[1], BINARY_COLUMNS_MAX);
    return SHEAF_OK;
}

enum sheaf_status npy_header_parse(const struct npy_text *text, struct arena *arena,
                                   struct npy_header *out, struct sheaf_error *error)
{
    *out = (struct npy_header){.fields = NULL};
    struct parser parser = {
        .lexer = {.text = text, .arena = arena, .error = error},
        .out = out,
    };
    TRY(parse_dictionary(&parser));
    return check_table(&parser);
}

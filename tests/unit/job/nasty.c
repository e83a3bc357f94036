#include "nasty.h"

#include "unit/unit.h"

#include <string.h>

/* ---- dialects and queries ---- */

struct variant {
    struct oracle_dialect dialect;
    enum oracle_on_error on_error;
    bool no_headers, null_quoted, pad, trim, two_files;
};

#define NO_ESCAPE .escape = ORACLE_NO_BYTE
#define COMMA .delimiter = ','
#define PLAIN COMMA, .quote = '"', .comment = ORACLE_NO_BYTE, NO_ESCAPE

static const struct variant variants[NASTY_VARIANTS] = {
    {.dialect = {PLAIN}, .on_error = ORACLE_SKIP},
    {.dialect = {COMMA, .quote = '"', .comment = '#', NO_ESCAPE},
     .on_error = ORACLE_SKIP,
     .pad = true},
    {.dialect = {PLAIN, .cr_ends = true}, .on_error = ORACLE_SKIP, .pad = true, .trim = true},
    {.dialect = {PLAIN}, .on_error = ORACLE_FAIL},
    {.dialect = {COMMA, .quote = ORACLE_NO_BYTE, .comment = '#', NO_ESCAPE},
     .on_error = ORACLE_NULL,
     .trim = true},
    {.dialect = {PLAIN}, .on_error = ORACLE_NULL, .no_headers = true, .pad = true, .trim = true},
    {.dialect = {.delimiter = ';', .quote = '\'', .comment = '#', NO_ESCAPE, .cr_ends = true},
     .on_error = ORACLE_NULL,
     .pad = true},
    {.dialect = {PLAIN}, .on_error = ORACLE_SKIP, .pad = true, .trim = true, .two_files = true},
    {.dialect = {PLAIN, .skip_lines = 2}, .on_error = ORACLE_NULL, .null_quoted = true},
    {.dialect = {COMMA, .quote = '"', .comment = '#', NO_ESCAPE, .cr_ends = true},
     .on_error = ORACLE_FAIL},
    {.dialect = {PLAIN, .cr_ends = true},
     .on_error = ORACLE_SKIP,
     .no_headers = true,
     .two_files = true,
     .pad = true},
    {.dialect = {PLAIN}, .on_error = ORACLE_FAIL, .pad = true, .trim = true},
    {.dialect = {COMMA, .quote = '"', .comment = ORACLE_NO_BYTE, .escape = '\\'},
     .on_error = ORACLE_SKIP,
     .pad = true},
    {.dialect = {COMMA, .quote = '"', .comment = '#', .escape = '\\', .cr_ends = true},
     .on_error = ORACLE_NULL,
     .trim = true},
};

struct query {
    struct oracle_call calls[ORACLE_MAX_CALLS];
    size_t call_count;
    const char *expressions[ORACLE_MAX_CALLS];
    size_t keys[ORACLE_MAX_KEYS];
    size_t key_count;
    const char *group_by;
    bool count_only;
};

#define CALL(function, column, text)                                                               \
    {                                                                                              \
        text, function, column                                                                     \
    }

static const struct query queries[NASTY_QUERIES] = {
    {.calls = {CALL(ORACLE_ROWS, 0, "count()"), CALL(ORACLE_FIRST, 1, "first(2)"),
               CALL(ORACLE_LAST, 1, "last(2)"), CALL(ORACLE_COUNT, 1, "count(2)"),
               CALL(ORACLE_NULLS, 1, "nulls(2)")},
     .call_count = 5,
     .expressions = {"count()", "first(2)", "last(2)", "count(2)", "nulls(2)"},
     .key_count = 1,
     .group_by = "1"},
    {.calls = {CALL(ORACLE_ROWS, 0, "count()"), CALL(ORACLE_SUM, 1, "sum(2)"),
               CALL(ORACLE_MIN, 1, "min(2)"), CALL(ORACLE_MAX, 1, "max(2)"),
               CALL(ORACLE_FIRST, 0, "first(1)"), CALL(ORACLE_LAST, 0, "last(1)")},
     .call_count = 6,
     .expressions = {"count()", "sum(2)", "min(2)", "max(2)", "first(1)", "last(1)"}},
    {.calls = {CALL(ORACLE_ROWS, 0, "count()"), CALL(ORACLE_MIN, 0, "min(1)"),
               CALL(ORACLE_MAX, 0, "max(1)")},
     .call_count = 3,
     .expressions = {"count()", "min(1)", "max(1)"},
     .keys = {1},
     .key_count = 1,
     .group_by = "2"},
    {.calls = {CALL(ORACLE_ROWS, 0, "n")}, .call_count = 1, .count_only = true},
    {.calls = {CALL(ORACLE_LAST, 0, "z")},
     .call_count = 1,
     .expressions = {"last(1) as z"},
     .keys = {1, 0},
     .key_count = 2,
     .group_by = "2,1"},
};

/* ---- bytes ---- */

struct maker {
    struct nasty *nasty;
    const struct variant *variant;
    uint64_t *seed;
    size_t columns;
    size_t file;
};

static uint64_t below(struct maker *maker, uint64_t limit)
{
    return unit_random(maker->seed) % limit;
}

static void put_bytes(struct maker *maker, const char *bytes, size_t length)
{
    struct nasty *nasty = maker->nasty;
    size_t *used = &nasty->lengths[maker->file];
    if (*used + length > NASTY_SIZE)
        return;
    memcpy(&nasty->bytes[maker->file][*used], bytes, length);
    *used += length;
}

static void put(struct maker *maker, const char *text)
{
    put_bytes(maker, text, strlen(text));
}

static void put_byte(struct maker *maker, int byte)
{
    const char one = (char)byte;
    put_bytes(maker, &one, byte == ORACLE_NO_BYTE ? 0 : 1);
}

static void put_line_end(struct maker *maker)
{
    const uint64_t draw = below(maker, 4);
    put(maker, draw == 0 ? "\r\n" : draw == 1 && maker->variant->dialect.cr_ends ? "\r" : "\n");
}

/* Any byte, those that mean something half of the time. */
static void put_nasty_byte(struct maker *maker)
{
    static const char others[] = "1122.- x\t#;',\"\xc3\0";
    const struct oracle_dialect *dialect = &maker->variant->dialect;
    const int special[] = {dialect->quote, dialect->delimiter, '\n', '\r', dialect->quote,
                           '\n',           dialect->escape};
    const size_t count =
        sizeof special / sizeof *special - (dialect->escape == ORACLE_NO_BYTE ? 1 : 0);
    const uint64_t draw = below(maker, 2 * count);
    put_byte(maker, draw < count ? special[draw] : others[below(maker, sizeof others - 1)]);
}

static void put_number(struct maker *maker)
{
    static const char *const numbers[] = {"1",    "-2",  "0.5", "2.50", " 3 ",
                                          "+.25", "007", "-0",  "4."};
    put(maker, numbers[below(maker, sizeof numbers / sizeof *numbers)]);
}

static void put_quoted(struct maker *maker)
{
    const int quote = maker->variant->dialect.quote;
    static const char *const inside[] = {"\n", "\r\n", "\r", ",",   ";",
                                         "x",  "#",    "1",  "\n#", "\n\n"};
    put_byte(maker, quote);
    for (uint64_t n = below(maker, 5); n > 0; n--) {
        if (below(maker, 3) == 0) {
            const int escape = maker->variant->dialect.escape;
            put_byte(maker, escape != ORACLE_NO_BYTE && below(maker, 2) == 0 ? escape : quote);
            put_byte(maker, quote);
        } else {
            put(maker, inside[below(maker, sizeof inside / sizeof *inside)]);
        }
    }
    put_byte(maker, quote);
}

static void put_field(struct maker *maker)
{
    switch (below(maker, 8)) {
    case 0:
        break;
    case 1:
    case 2:
        put_number(maker);
        break;
    case 3: /* a quote where it is text */
        put(maker, "y");
        put_byte(maker, maker->variant->dialect.quote);
        break;
    case 4:
        put(maker, below(maker, 2) == 0 ? "x" : "\r");
        break;
    case 5: /* text after a closing quote */
        if (below(maker, 4) == 0) {
            put_quoted(maker);
            put(maker, below(maker, 2) == 0 ? "z" : "\r");
            break;
        }
        put_quoted(maker);
        break;
    default:
        put_quoted(maker);
    }
}

static void put_row(struct maker *maker)
{
    if (below(maker, 12) == 0)
        put(maker, "#\"',\r,;");
    const bool ragged = below(maker, 10) == 0;
    const size_t fields = ragged ? 1 + below(maker, 5) : maker->columns;
    for (size_t field = 0; field < fields; field++) {
        put_byte(maker, field > 0 ? maker->variant->dialect.delimiter : ORACLE_NO_BYTE);
        put_field(maker);
    }
    put_line_end(maker);
}

static void put_header(struct maker *maker)
{
    static const char *const names[] = {"a", "b", "c", "d"};
    for (uint64_t line = 0; line < maker->variant->dialect.skip_lines; line++)
        put(maker, line == 0 ? "\"skip\n" : ",\r\n");
    for (size_t i = 0; i < maker->columns; i++) {
        put_byte(maker, i > 0 ? maker->variant->dialect.delimiter : ORACLE_NO_BYTE);
        put(maker, names[i]);
    }
    put_line_end(maker);
}

/* Overwrites a few bytes after the header with ones that mean something. */
static void corrupt(struct maker *maker, size_t from)
{
    struct nasty *nasty = maker->nasty;
    const size_t length = nasty->lengths[maker->file];
    for (uint64_t n = 1 + below(maker, 4); n > 0 && from < length; n--) {
        const size_t keep = from + below(maker, length - from);
        nasty->lengths[maker->file] = keep;
        put_nasty_byte(maker);
    }
    nasty->lengths[maker->file] = length;
}

static void make_file(struct maker *maker, size_t room)
{
    struct nasty *nasty = maker->nasty;
    const uint64_t style = below(maker, 3); /* rows, spoilt rows, bytes */
    const bool headless = style == 2 && maker->variant->on_error == ORACLE_FAIL;
    nasty->lengths[maker->file] = 0;
    if (below(maker, 8) == 0)
        put(maker, "\xef\xbb\xbf");
    if (!headless || below(maker, 2) == 0)
        put_header(maker);
    const size_t header = nasty->lengths[maker->file];
    while (nasty->lengths[maker->file] < room) {
        const size_t before = nasty->lengths[maker->file];
        if (style == 2)
            put_nasty_byte(maker);
        else
            put_row(maker);
        if (style != 2 && nasty->lengths[maker->file] == before)
            break;
    }
    if (style == 1)
        corrupt(maker, header);
    if (nasty->lengths[maker->file] > room)
        nasty->lengths[maker->file] = room;
}

/* At least 30 % of the bytes after the header mean something. */
static bool is_nasty(const struct nasty *nasty)
{
    size_t special = 0, all = 0;
    for (size_t f = 0; f < nasty->file_count; f++)
        for (size_t i = 0; i < nasty->lengths[f]; i++, all++) {
            const unsigned char byte = nasty->bytes[f][i];
            special += byte == nasty->dialect.quote || byte == nasty->dialect.delimiter ||
                       byte == '\r' || byte == '\n';
        }
    return all >= 1 && special * 10 >= all * 3;
}

/* ---- answers ---- */

static void ask_oracle(struct nasty *nasty)
{
    struct oracle_table tables[NASTY_FILES];
    nasty->states = 0;
    for (size_t f = 0; f < nasty->file_count; f++) {
        oracle_read(&nasty->dialect, nasty->bytes[f], nasty->lengths[f], &tables[f]);
        for (unsigned s = 0; s < ORACLE_STATES; s++)
            nasty->states |= (tables[f].seen[s] > 0 ? 1U : 0U) << s;
    }
    oracle_aggregate(&nasty->request, tables, nasty->file_count, &nasty->answer);
    for (size_t f = 0; f < nasty->file_count; f++)
        oracle_table_free(&tables[f]);
}

static void choose(struct nasty *nasty, const struct variant *variant, const struct query *query)
{
    *nasty = (struct nasty){
        .dialect = variant->dialect,
        .request = {.key_count = query->key_count,
                    .call_count = query->call_count,
                    .on_error = variant->on_error,
                    .no_headers = variant->no_headers,
                    .null_quoted = variant->null_quoted,
                    .pad = variant->pad,
                    .trim = variant->trim},
        .expressions = query->expressions,
        .group_by = query->group_by,
        .count_only = query->count_only,
        .file_count = variant->two_files ? 2 : 1,
    };
    memcpy(nasty->request.keys, query->keys, sizeof query->keys);
    memcpy(nasty->request.calls, query->calls, sizeof query->calls);
}

void nasty_make(struct nasty *nasty, unsigned index, uint64_t *seed)
{
    const struct variant *variant = &variants[index % NASTY_VARIANTS];
    /* Steps of both tables together, so that every variant meets every query. */
    const struct query *query = &queries[(index + index / NASTY_VARIANTS) % NASTY_QUERIES];
    do {
        nasty_drop(nasty);
        choose(nasty, variant, query);
        struct maker maker = {.nasty = nasty, .variant = variant, .seed = seed};
        maker.columns = 2 + below(&maker, 3);
        const size_t room = 20 + below(&maker, NASTY_SIZE - 19);
        for (; maker.file < nasty->file_count; maker.file++)
            make_file(&maker, room / nasty->file_count);
        ask_oracle(nasty);
    } while (!is_nasty(nasty) || nasty->answer.beyond);
}

void nasty_drop(struct nasty *nasty)
{
    free(nasty->answer.csv);
    nasty->answer.csv = NULL;
}

size_t nasty_length(const struct nasty *nasty)
{
    size_t longest = nasty->lengths[0];
    for (size_t f = 1; f < nasty->file_count; f++)
        longest = nasty->lengths[f] > longest ? nasty->lengths[f] : longest;
    return longest;
}

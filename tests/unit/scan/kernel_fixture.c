#include "unit/scan/kernel_fixture.h"

#include "unit/unit.h"

#include <string.h>

const struct scan_dialect fixture_dialects[FIXTURE_DIALECTS] = {
    {.delimiter = ',', .quote = '"', .comment = -1, .escape = -1},
    {.delimiter = ';', .quote = -1, .comment = -1, .escape = -1},
    {.delimiter = ',', .quote = '"', .comment = '#', .escape = -1},
    {.delimiter = 0xff, .quote = 0xfe, .comment = 0, .escape = -1},
    {.delimiter = '\t', .quote = -1, .comment = '#', .escape = -1},
    {.delimiter = ',', .quote = '"', .comment = '#', .escape = '\\'},
    {.delimiter = ',', .quote = '\'', .comment = -1, .escape = -1, .cr_ends = true},
};

void *fixture_memory(size_t size)
{
    void *memory = malloc(size);
    ck_assert_ptr_nonnull(memory);
    memset(memory, 0xa5, size);
    return memory;
}

/* ---- copies -------------------------------------------------------------------------------- */

struct fixture_copy fixture_copy(const struct scan_dialect *dialect, const char *bytes,
                                 size_t length, size_t shift)
{
    struct fixture_copy copy = {.length = length};
    void *memory = NULL;
    ck_assert_int_eq(posix_memalign(&memory, 64, shift + length + SCAN_PADDING), 0);
    copy.memory = memory;
    copy.bytes = copy.memory + shift;
    memcpy(copy.bytes, bytes, length);
    const char special[] = {'\n', (char)dialect->quote, (char)dialect->delimiter, '\r',
                            (char)dialect->comment};
    for (size_t i = 0; i < SCAN_PADDING; i++)
        copy.bytes[length + i] = special[(i + length) % sizeof special];
    return copy;
}

/* ---- random files -------------------------------------------------------------------------- */

/* How often, in a thousand, something is put into a file; and what it is written to. */
struct recipe {
    const struct scan_dialect *dialect;
    unsigned quoted;
    unsigned odd;
    unsigned ragged;
    unsigned blank;
    unsigned long_fields;
    unsigned crs;
    unsigned columns;
    uint64_t *seed;
    char *bytes;
    size_t length;
    size_t most;
};

static unsigned below(uint64_t *seed, unsigned end)
{
    return (unsigned)(unit_random(seed) % end);
}

static bool happens(struct recipe *recipe, unsigned in_thousand)
{
    return below(recipe->seed, 1000) < in_thousand;
}

static void add(struct recipe *recipe, int byte)
{
    if (byte != SCAN_NO_BYTE && recipe->length < recipe->most)
        recipe->bytes[recipe->length++] = (char)byte;
}

/* Ordinary bytes, a few of them; in quotes also those that mean something. */
static void add_content(struct recipe *recipe, bool in_quotes)
{
    const struct scan_dialect *dialect = recipe->dialect;
    const unsigned most = happens(recipe, recipe->long_fields) ? 200 : 6;
    for (size_t left = below(recipe->seed, most); left > 0; left--) {
        const unsigned kind = below(recipe->seed, in_quotes ? 24 : 16);
        if (kind == 16) {
            add(recipe, dialect->quote);
            add(recipe, dialect->quote);
        } else {
            const int bytes[] = {dialect->delimiter, '\n', '\r', dialect->comment};
            add(recipe, kind > 16 && kind < 21 ? bytes[kind - 17] : (int)('a' + kind));
        }
    }
}

static void add_odd(struct recipe *recipe)
{
    const struct scan_dialect *dialect = recipe->dialect;
    const int bytes[] = {dialect->quote, dialect->comment, '\r', dialect->delimiter, '\n', 'x'};
    add(recipe, bytes[below(recipe->seed, 6)]);
}

static void add_field(struct recipe *recipe)
{
    const bool in_quotes =
        recipe->dialect->quote != SCAN_NO_BYTE && happens(recipe, recipe->quoted);
    if (in_quotes)
        add(recipe, recipe->dialect->quote);
    add_content(recipe, in_quotes);
    if (in_quotes)
        add(recipe, recipe->dialect->quote);
    if (happens(recipe, recipe->odd))
        add_odd(recipe);
}

static void add_row(struct recipe *recipe)
{
    unsigned columns = recipe->columns;
    if (happens(recipe, recipe->odd))
        add(recipe, recipe->dialect->comment);
    if (happens(recipe, recipe->ragged))
        columns += below(recipe->seed, 2) == 0 ? 1 : (unsigned)-1;
    if (happens(recipe, recipe->blank))
        columns = 0;
    for (unsigned i = 0; i < columns; i++) {
        if (i > 0)
            add(recipe, recipe->dialect->delimiter);
        add_field(recipe);
    }
    if (happens(recipe, recipe->crs))
        add(recipe, '\r');
    add(recipe, '\n');
}

static size_t some_length(uint64_t *seed)
{
    static const size_t borders[] = {16, 32, 64, 128, 192, 256, 512};
    switch (below(seed, 4)) {
    case 0:
        return 1 + below(seed, FIXTURE_MOST);
    case 1:
        return 1 + below(seed, 300);
    default:
        return borders[below(seed, 7)] - 3 + below(seed, 7);
    }
}

static void fill_with_noise(struct recipe *recipe)
{
    const struct scan_dialect *dialect = recipe->dialect;
    const int special[] = {dialect->quote,   dialect->delimiter, '\n',          '\r',
                           dialect->comment, dialect->escape,    dialect->quote};
    const unsigned density = 300 + below(recipe->seed, 701);
    const unsigned kinds = 1 + below(recipe->seed, 7);
    for (size_t i = 0; i < recipe->most; i++) {
        const int byte =
            happens(recipe, density) ? special[below(recipe->seed, kinds)] : SCAN_NO_BYTE;
        add(recipe, byte == SCAN_NO_BYTE ? 'x' : byte);
    }
}

size_t fixture_file(const struct scan_dialect *dialect, uint64_t *seed, char *bytes)
{
    static const unsigned rates[] = {0, 0, 20, 300, 1000};
    static const unsigned odd_rates[] = {0, 0, 1, 5, 50};
    struct recipe recipe = {
        .dialect = dialect,
        .quoted = rates[below(seed, 5)],
        .odd = odd_rates[below(seed, 5)],
        .ragged = odd_rates[below(seed, 5)],
        .blank = odd_rates[below(seed, 5)],
        .long_fields = rates[below(seed, 4)],
        .crs = rates[below(seed, 5)],
        .columns = 1 + below(seed, 5),
        .seed = seed,
        .bytes = bytes,
        .most = some_length(seed),
    };
    if (below(seed, 3) == 0)
        fill_with_noise(&recipe);
    while (recipe.length < recipe.most)
        add_row(&recipe);
    return recipe.length;
}

/* ---- the definition ------------------------------------------------------------------------ */

void fixture_walk(const struct scan_dialect *dialect, const char *bytes, size_t length,
                  uint32_t rows_most, struct scan_index *out)
{
    struct scan_automaton automaton;
    scan_automaton_build(&automaton, dialect);
    *out = (struct scan_index){.marks = out->marks};
    uint32_t marks = 0;
    unsigned state = SCAN_ROW_START;
    bool quotes = false;
    bool crs = false;
    out->marks[0] = 0;
    for (size_t i = 0; i < length && out->rows < rows_most && !out->stopped; i++) {
        const unsigned char byte = (unsigned char)bytes[i];
        const unsigned next = automaton.next[state][byte];
        out->stopped = (next & SCAN_BAD) != 0 || next == SCAN_COMMENT ||
                       (state == SCAN_UNQUOTED && byte == dialect->quote);
        state = next & SCAN_STATE_MASK;
        quotes |= byte == dialect->quote;
        crs |= byte == '\r';
        if (out->stopped || (state != SCAN_ROW_START && state != SCAN_FIELD_START))
            continue;
        out->marks[++marks] = (uint32_t)(2 * (i + 1)) + (state == SCAN_ROW_START);
        if (state == SCAN_ROW_START) {
            out->count = marks;
            out->consumed = (uint32_t)(i + 1);
            out->rows++;
            out->has_quotes = quotes;
            out->has_crs = crs;
        }
    }
}

uint32_t fixture_regular_rows(const struct scan_index *index, const char *bytes, uint32_t columns)
{
    uint32_t rows = 0;
    uint32_t fields = 0;
    for (uint32_t i = 1; i <= index->count; i++) {
        fields++;
        if (index->marks[i] % 2 == 0)
            continue;
        const uint32_t start = index->marks[i - fields] / 2;
        const bool blank =
            bytes[start] == '\n' || (bytes[start] == '\r' && bytes[start + 1] == '\n');
        if (fields != columns || blank)
            break;
        rows++;
        fields = 0;
    }
    return rows;
}

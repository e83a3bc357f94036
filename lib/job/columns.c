#include "job/columns.h"

#include "job/nearest.h"

#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { SUGGESTIONS = 3, LISTED_NAMES = 12 };

/* ---- one column -------------------------------------------------------------------------- */

static bool is_digits(struct text word)
{
    for (size_t i = 0; i < word.length; i++)
        if (word.bytes[i] < '0' || word.bytes[i] > '9')
            return false;
    return word.length > 0;
}

/* Appends to a text that is cut at its size. */
static void append(char *out, size_t size, const char *piece)
{
    const size_t used = strlen(out);
    snprintf(out + used, size - used, "%s", piece);
}

static void append_name(char *out, size_t size, const char *before, struct text name)
{
    char safe[ERROR_NAME_SIZE];
    append(out, size, before);
    append(out, size, "\"");
    append(out, size, error_name(safe, name.bytes, name.length));
    append(out, size, "\"");
}

static bool holds(struct text name, struct text word)
{
    return word.length > 0 && name.length >= word.length &&
           memmem(name.bytes, name.length, word.bytes, word.length) != NULL;
}

/* How unlike a column's name is what was typed; a name that holds the word is next to equal. */
static size_t unlikeness(struct text word, struct text name, size_t limit)
{
    const size_t distance = edit_distance(word, name, limit);
    return distance > 1 && holds(name, word) ? 1 : distance;
}

/* "; did you mean "x" or "y"?", or the list of all when nothing is near and they are few. */
static void suggest(const struct column_names *columns, struct text word, char *out, size_t size)
{
    uint32_t shown = 0;
    const size_t limit = edit_distance_limit(word.length);
    for (size_t distance = 0; distance <= limit && shown < SUGGESTIONS; distance++)
        for (uint32_t i = 0; i < columns->count && shown < SUGGESTIONS; i++)
            if (unlikeness(word, columns->names[i], limit) == distance)
                append_name(out, size, shown++ == 0 ? "; did you mean " : " or ",
                            columns->names[i]);
    if (shown > 0) {
        append(out, size, "?");
        return;
    }
    for (uint32_t i = 0; i < columns->count && i < LISTED_NAMES; i++)
        append_name(out, size, i == 0 ? "; there are " : ", ", columns->names[i]);
    if (columns->count > LISTED_NAMES)
        append(out, size, ", ...");
}

static enum sheaf_status unknown(const struct column_names *columns, struct text word,
                                 struct sheaf_error *error)
{
    char safe[ERROR_NAME_SIZE];
    char hint[512] = "";
    if (columns->count == 0)
        append(hint, sizeof hint, "; the input has no columns");
    suggest(columns, word, hint, sizeof hint);
    return error_set(error, SHEAF_USAGE, "unknown column \"%s\"%s",
                     error_name(safe, word.bytes, word.length), hint);
}

static uint32_t count_named(const struct column_names *columns, struct text name, uint32_t *first)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < columns->count; i++)
        if (text_compare(columns->names[i], name) == 0 && found++ == 0)
            *first = i;
    return found;
}

enum sheaf_status column_find_name(const struct column_names *columns, struct text name,
                                   uint32_t *column, struct sheaf_error *error)
{
    const uint32_t found = count_named(columns, name, column);
    if (found == 1)
        return SHEAF_OK;
    if (found == 0)
        return unknown(columns, name, error);
    char safe[ERROR_NAME_SIZE];
    return error_set(error, SHEAF_USAGE,
                     "column \"%s\" is ambiguous: %lu columns have that name; use its number",
                     error_name(safe, name.bytes, name.length), (unsigned long)found);
}

/* Reads a column number; false when there is no such column. */
static bool find_number(const struct column_names *columns, struct text word, uint32_t *column)
{
    uint64_t number = 0;
    for (size_t i = 0; i < word.length && number <= columns->count; i++)
        number = number * 10 + (uint64_t)(word.bytes[i] - '0');
    if (number < 1 || number > columns->count)
        return false;
    *column = (uint32_t)(number - 1);
    return true;
}

enum sheaf_status column_find(const struct column_names *columns, struct text word,
                              uint32_t *column, struct sheaf_error *error)
{
    if (!is_digits(word))
        return column_find_name(columns, word, column, error);
    if (find_number(columns, word, column))
        return SHEAF_OK;
    char safe[ERROR_NAME_SIZE];
    return error_set(error, SHEAF_USAGE, "there is no column %s: the input has %lu",
                     error_name(safe, word.bytes, word.length), (unsigned long)columns->count);
}

/* ---- lists ------------------------------------------------------------------------------- */

enum sheaf_status quoted_name_take(const char **text, struct arena *arena, struct text *out,
                                   struct sheaf_error *error)
{
    const char *at = *text + 1;
    char *copy = arena_alloc(arena, strlen(at) + 1, error);
    if (copy == NULL)
        return SHEAF_SYSTEM;
    size_t length = 0;
    for (; *at != '\0' && (*at != '"' || at[1] == '"'); at++) {
        at += *at == '"';
        copy[length++] = *at;
    }
    if (*at != '"')
        return error_set(error, SHEAF_USAGE, "a quote in %.200s is never closed", *text);
    *out = (struct text){.bytes = copy, .length = length};
    *text = at + 1;
    return SHEAF_OK;
}

/* A list while it is read; `taken` says for each column whether it is in. */
struct list_reader {
    const struct column_names *columns;
    struct arena *arena;
    struct column_list *list;
    bool *taken;
    bool negated; /* the item at hand is taken out */
};

static void take(struct list_reader *reader, uint32_t column)
{
    struct column_list *list = reader->list;
    if (!reader->negated) {
        if (!reader->taken[column])
            list->columns[list->count++] = column;
        reader->taken[column] = true;
        return;
    }
    uint32_t kept = 0;
    for (uint32_t i = 0; i < list->count; i++)
        if (list->columns[i] != column)
            list->columns[kept++] = list->columns[i];
    list->count = kept;
    reader->taken[column] = false;
}

static void take_range(struct list_reader *reader, uint32_t first, uint32_t last)
{
    for (uint32_t column = first;; column += first < last ? 1 : UINT32_MAX) {
        take(reader, column);
        if (column == last)
            break;
    }
}

static bool find_end(const struct column_names *columns, struct text word, uint32_t *column)
{
    return is_digits(word) ? find_number(columns, word, column)
                           : count_named(columns, word, column) == 1;
}

/* Reads `a-c`; names may hold dashes, so every dash is tried. */
static bool find_range(const struct column_names *columns, struct text word, uint32_t *first,
                       uint32_t *last)
{
    for (size_t dash = 1; dash + 1 < word.length; dash++) {
        const struct text from = {.bytes = word.bytes, .length = dash};
        const struct text to = {.bytes = word.bytes + dash + 1, .length = word.length - dash - 1};
        if (word.bytes[dash] == '-' && find_end(columns, from, first) &&
            find_end(columns, to, last))
            return true;
    }
    return false;
}

static enum sheaf_status take_word(struct list_reader *reader, struct text word,
                                   struct sheaf_error *error)
{
    uint32_t first = 0;
    uint32_t last = 0;
    const bool is_name = count_named(reader->columns, word, &first) > 0;
    if (!is_name && find_range(reader->columns, word, &first, &last)) {
        take_range(reader, first, last);
        return SHEAF_OK;
    }
    TRY(column_find(reader->columns, word, &first, error));
    take(reader, first);
    return SHEAF_OK;
}

static enum sheaf_status take_matches(struct list_reader *reader, const char *pattern,
                                      struct sheaf_error *error)
{
    regex_t regex;
    const int result = regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB);
    if (result != 0) {
        char reason[128];
        regerror(result, &regex, reason, sizeof reason);
        return error_set(error, SHEAF_USAGE, "the pattern /%.200s/ is wrong: %s", pattern, reason);
    }
    bool found = false;
    enum sheaf_status status = SHEAF_OK;
    for (uint32_t i = 0; i < reader->columns->count && status == SHEAF_OK; i++) {
        const struct text name = reader->columns->names[i];
        char *terminated = arena_alloc(reader->arena, name.length + 1, error);
        if (terminated == NULL) {
            status = SHEAF_SYSTEM;
            break;
        }
        memcpy(terminated, name.bytes, name.length);
        terminated[name.length] = '\0';
        if (regexec(&regex, terminated, 0, NULL, 0) != 0)
            continue;
        found = true;
        take(reader, i);
    }
    regfree(&regex);
    if (status == SHEAF_OK && !found)
        return error_set(error, SHEAF_USAGE, "no column matches /%.200s/", pattern);
    return status;
}

/* Takes `/regex/` off the front; `\/` is a slash. */
static enum sheaf_status take_pattern(struct list_reader *reader, const char **at,
                                      struct sheaf_error *error)
{
    const char *rest = *at + 1;
    char *pattern = arena_alloc(reader->arena, strlen(rest) + 1, error);
    if (pattern == NULL)
        return SHEAF_SYSTEM;
    size_t length = 0;
    for (; *rest != '\0' && *rest != '/'; rest++) {
        if (*rest == '\\' && rest[1] == '/')
            rest++;
        else if (*rest == '\\' && rest[1] != '\0')
            pattern[length++] = *rest++;
        pattern[length++] = *rest;
    }
    if (*rest != '/')
        return error_set(error, SHEAF_USAGE, "the pattern %.200s needs a / at its end", *at);
    pattern[length] = '\0';
    *at = rest + 1;
    return take_matches(reader, pattern, error);
}

static enum sheaf_status take_item(struct list_reader *reader, const char **at,
                                   struct sheaf_error *error)
{
    reader->negated = **at == '!';
    *at += reader->negated;
    if (**at == '/')
        return take_pattern(reader, at, error);
    if (**at == '"') {
        struct text name;
        uint32_t column;
        TRY(quoted_name_take(at, reader->arena, &name, error));
        TRY(column_find_name(reader->columns, name, &column, error));
        take(reader, column);
        return SHEAF_OK;
    }
    const struct text word = {.bytes = *at, .length = strcspn(*at, ",")};
    *at += word.length;
    return take_word(reader, word, error);
}

enum sheaf_status column_list_parse(const struct column_names *columns, const char *list,
                                    struct arena *arena, struct column_list *out,
                                    struct sheaf_error *error)
{
    const size_t room = columns->count + 1;
    out->count = 0;
    out->columns = arena_alloc(arena, room * sizeof *out->columns, error);
    bool *taken = arena_alloc(arena, room * sizeof *taken, error);
    if (out->columns == NULL || taken == NULL)
        return SHEAF_SYSTEM;
    memset(taken, 0, room * sizeof *taken);
    struct list_reader reader = {.columns = columns, .arena = arena, .list = out, .taken = taken};
    if (list[0] == '!')
        for (uint32_t column = 0; column < columns->count; column++)
            take(&reader, column);
    for (const char *at = list;; at++) {
        TRY(take_item(&reader, &at, error));
        if (*at == '\0')
            break;
        if (*at != ',')
            return error_set(error, SHEAF_USAGE,
                             "the column list \"%.200s\" needs a comma before \"%.100s\"", list,
                             at);
    }
    if (out->count == 0)
        return error_set(error, SHEAF_USAGE, "the column list \"%.200s\" names no column", list);
    return SHEAF_OK;
}

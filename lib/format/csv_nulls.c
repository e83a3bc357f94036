#include "format/csv.h"

#include <string.h>

/* Takes one item of the list off its front: a plain one, or a quoted one in which a doubled quote
 * is one. False when a quote is not closed properly. */
static bool take_item(const char **list, struct text *item, char *out)
{
    const char *at = *list;
    size_t length = 0;
    if (*at == '"') {
        for (at++; *at != '\0' && (*at != '"' || at[1] == '"'); at++) {
            at += *at == '"';
            out[length++] = *at;
        }
        if (*at != '"')
            return false;
        at++;
    } else {
        while (*at != '\0' && *at != ',')
            out[length++] = *at++;
    }
    if (*at != '\0' && *at != ',')
        return false;
    *item = (struct text){.bytes = out, .length = length};
    *list = *at == ',' ? at + 1 : NULL;
    return true;
}

enum sheaf_status csv_nulls_parse(struct csv_nulls *nulls, const char *list, struct arena *arena,
                                  struct sheaf_error *error)
{
    if (list == NULL) {
        nulls->empty = true;
        return SHEAF_OK;
    }
    size_t items = 1;
    for (const char *at = list; *at != '\0'; at++)
        items += *at == ',';
    const size_t size = strlen(list) + 1;
    char *bytes = arena_alloc(arena, size, error);
    nulls->texts = arena_alloc(arena, items * sizeof *nulls->texts, error);
    if (bytes == NULL || nulls->texts == NULL)
        return SHEAF_SYSTEM;
    for (const char *rest = list; rest != NULL;) {
        struct text item;
        if (!take_item(&rest, &item, bytes))
            return error_set(error, SHEAF_USAGE,
                             "--null: a quote in \"%.64s\" is not closed, or text follows it",
                             list);
        bytes += item.length;
        if (item.length == 0)
            nulls->empty = true;
        else
            nulls->texts[nulls->count++] = item;
    }
    return SHEAF_OK;
}

bool csv_is_null(const struct csv_nulls *nulls, const char *bytes, size_t length, uint8_t kind)
{
    if (kind == SCAN_FIELD_ABSENT)
        return true;
    if (kind == SCAN_FIELD_QUOTED && !nulls->quoted)
        return false;
    if (length == 0)
        return nulls->empty;
    for (size_t i = 0; i < nulls->count; i++)
        if (nulls->texts[i].length == length && memcmp(nulls->texts[i].bytes, bytes, length) == 0)
            return true;
    return false;
}

#include "job/expression.h"

#include "job/columns.h"

#include <string.h>

static const char *skip_spaces(const char *at)
{
    return at + strspn(at, " \t");
}

static bool is_letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static enum sheaf_status wrong(const char *text, const char *what, struct sheaf_error *error)
{
    char safe[ERROR_NAME_SIZE];
    return error_set(error, SHEAF_USAGE, "\"%s\": %s; an aggregate looks like 'sum(fare) as total'",
                     error_name(safe, text, strlen(text)), what);
}

/* What may follow the closing parenthesis: nothing, or ` as NAME`. */
static bool is_ending(const char *rest)
{
    const char *at = skip_spaces(rest);
    if (*at == '\0')
        return true;
    return at > rest && at[0] == 'a' && at[1] == 's' &&
           (at[2] == ' ' || at[2] == '\t' || at[2] == '\0');
}

/* Names may hold parentheses: the first one closes that a proper ending follows. */
static const char *closing_parenthesis(const char *at)
{
    for (at = strchr(at, ')'); at != NULL; at = strchr(at + 1, ')'))
        if (is_ending(at + 1))
            break;
    return at;
}

static struct text trimmed(const char *start, const char *end)
{
    while (end > start && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return (struct text){.bytes = start, .length = (size_t)(end - start)};
}

/* Takes what stands between the comma and the parenthesis. */
static enum sheaf_status take_parameter(const char *text, const char **at, struct expression *out,
                                        struct sheaf_error *error)
{
    const char *start = skip_spaces(*at + 1);
    const char *close = strchr(start, ')');
    if (close == NULL)
        return wrong(text, "a ) is missing", error);
    out->parameter = trimmed(start, close);
    *at = close;
    return SHEAF_OK;
}

static enum sheaf_status take_argument(const char *text, const char **at, struct arena *arena,
                                       struct expression *out, struct sheaf_error *error)
{
    const char *start = skip_spaces(*at);
    if (*start == '"') {
        TRY(quoted_name_take(&start, arena, &out->argument, error));
        out->argument_is_quoted = true;
        *at = skip_spaces(start);
        if (**at == ',')
            return take_parameter(text, at, out, error);
        return **at == ')' ? SHEAF_OK : wrong(text, "a ) is missing after the column", error);
    }
    const char *close = closing_parenthesis(start);
    if (close == NULL && strchr(start, ')') != NULL)
        return wrong(text, "only ' as NAME' may follow the )", error);
    if (close == NULL)
        return wrong(text, "a ) is missing", error);
    out->argument = trimmed(start, close);
    if (out->argument.length == 0)
        out->argument.bytes = NULL;
    *at = close;
    return SHEAF_OK;
}

static enum sheaf_status take_name(const char *text, const char *rest, struct arena *arena,
                                   struct expression *out, struct sheaf_error *error)
{
    if (!is_ending(rest))
        return wrong(text, "only ' as NAME' may follow the )", error);
    const char *at = skip_spaces(rest);
    out->name = trimmed(skip_spaces(text), text + strlen(text));
    if (*at == '\0')
        return SHEAF_OK;
    at = skip_spaces(at + strlen("as"));
    if (*at == '"') {
        TRY(quoted_name_take(&at, arena, &out->name, error));
        return *skip_spaces(at) == '\0' ? SHEAF_OK : wrong(text, "text follows the name", error);
    }
    out->name = trimmed(at, at + strlen(at));
    return out->name.length > 0 ? SHEAF_OK : wrong(text, "a name is missing after 'as'", error);
}

enum sheaf_status expression_parse(const char *text, struct arena *arena, struct expression *out,
                                   struct sheaf_error *error)
{
    *out = (struct expression){.argument_is_quoted = false};
    const char *at = skip_spaces(text);
    const char *start = at;
    while (is_letter(*at) || (at > start && ((*at >= '0' && *at <= '9') || *at == '-')))
        at++;
    out->function = (struct text){.bytes = start, .length = (size_t)(at - start)};
    if (out->function.length == 0 || *at != '(')
        return wrong(text, "FUNCTION(COLUMN) is needed", error);
    at++;
    TRY(take_argument(text, &at, arena, out, error));
    return take_name(text, at + 1, arena, out, error);
}

void expression_split_parameter(struct expression *expression)
{
    const struct text argument = expression->argument;
    if (expression->argument_is_quoted || argument.bytes == NULL)
        return;
    const char *comma = memrchr(argument.bytes, ',', argument.length);
    if (comma == NULL)
        return;
    expression->argument = trimmed(argument.bytes, comma);
    expression->parameter = trimmed(skip_spaces(comma + 1), argument.bytes + argument.length);
}

#include "values.h"

#include "message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 64 };

bool value_flag(const struct option_row *row, const char *text, void *member)
{
    (void)row;
    (void)text;
    *(bool *)member = true;
    return true;
}

bool value_text(const struct option_row *row, const char *text, void *member)
{
    (void)row;
    *(const char **)member = text;
    return true;
}

bool value_path(const struct option_row *row, const char *text, void *member)
{
    if (*text == '\0') {
        message("--%s: an empty file name", row->name);
        return false;
    }
    *(const char **)member = text;
    return true;
}

/* Reads digits. Gives what follows them, or NULL when there is no digit; a number past 64 bits
 * becomes the greatest. */
static const char *read_digits(const char *text, uint64_t *out)
{
    uint64_t number = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (__builtin_mul_overflow(number, UINT64_C(10), &number) ||
            __builtin_add_overflow(number, (uint64_t)(*at - '0'), &number)) {
            number = UINT64_MAX;
            at += strspn(at, "0123456789");
            break;
        }
    }
    *out = number;
    return at == text ? NULL : at;
}

/* Stores a number that lies within the row's bounds. */
static bool store_number(const struct option_row *row, const char *text, uint64_t number,
                         uint64_t *member)
{
    if (number < row->least) {
        message("--%s: %s is too small; the least is %llu", row->name, quoted(text).text,
                (unsigned long long)row->least);
        return false;
    }
    if (number > row->most) {
        message("--%s: %s is too large; the most is %llu", row->name, quoted(text).text,
                (unsigned long long)row->most);
        return false;
    }
    *member = number;
    return true;
}

bool value_number(const struct option_row *row, const char *text, void *member)
{
    uint64_t number;
    const char *rest = read_digits(text, &number);
    if (rest == NULL || *rest != '\0') {
        message("--%s: %s is not a whole number", row->name, quoted(text).text);
        return false;
    }
    return store_number(row, text, number, member);
}

bool value_size(const struct option_row *row, const char *text, void *member)
{
    static const char units[] = "KMG";
    uint64_t number;
    const char *rest = read_digits(text, &number);
    if (rest != NULL && *rest != '\0') {
        const char unit = *rest >= 'a' && *rest <= 'z' ? (char)(*rest - 'a' + 'A') : *rest;
        const char *found = strchr(units, unit);
        const unsigned shift = found == NULL ? 0 : 10 * (unsigned)(found - units + 1);
        rest = found == NULL ? NULL : rest + 1;
        number = number > UINT64_MAX >> shift ? UINT64_MAX : number << shift;
    }
    if (rest == NULL || *rest != '\0') {
        message("--%s: %s is not a size; write 500, 64K, 16M or 2G", row->name, quoted(text).text);
        return false;
    }
    return store_number(row, text, number, member);
}

static const struct choice byte_names[] = {
    {"tab", '\t'},       {"\\t", '\t'},        {"space", ' '},   {"comma", ','},
    {"semicolon", ';'},  {"colon", ':'},       {"pipe", '|'},    {"slash", '/'},
    {"backslash", '\\'}, {"hash", '#'},        {"percent", '%'}, {"exclamation", '!'},
    {"quote", '"'},      {"apostrophe", '\''}, {"caret", '^'},   {"tilde", '~'},
    {"underscore", '_'}, {"dash", '-'},        {"dot", '.'},     {NULL, 0},
};

static const struct choice *find_choice(const struct choice *choices, const char *name,
                                        size_t length)
{
    for (; choices->name != NULL; choices++) {
        if (strncmp(choices->name, name, length) == 0 && choices->name[length] == '\0')
            return choices;
    }
    return NULL;
}

/* Reads "\xHH"; -1 when it is none. */
static int read_hex_byte(const char *text)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    if (strlen(text) != 4 || strncmp(text, "\\x", 2) != 0 || strspn(text + 2, digits) != 2)
        return -1;
    return (int)strtol(text + 2, NULL, 16);
}

/* Explains a word that is no byte. */
static bool refuse_byte(const struct option_row *row, const char *text)
{
    const char *names[WORDS_MAX];
    size_t count = 0;
    for (; byte_names[count].name != NULL; count++)
        names[count] = byte_names[count].name;
    names[count] = NULL;
    const char *near = strlen(text) < 3 ? NULL : sheaf_nearest(text, names);
    if (near != NULL)
        message("--%s: %s is not one byte; did you mean '%s'?", row->name, quoted(text).text, near);
    else
        message("--%s: %s is not one byte, nor a name such as tab or semicolon, nor \\xHH",
                row->name, quoted(text).text);
    return false;
}

bool value_byte(const struct option_row *row, const char *text, void *member)
{
    const struct choice *named = find_choice(byte_names, text, strlen(text));
    int byte = read_hex_byte(text);
    if (named != NULL)
        byte = named->value;
    else if (byte < 0 && strlen(text) == 1)
        byte = (unsigned char)text[0];
    if (byte < 0)
        return refuse_byte(row, text);
    if (byte == '\n' || byte == '\r') {
        message("--%s: %s cannot be used: it is a line end", row->name, quoted(text).text);
        return false;
    }
    *(int *)member = byte;
    return true;
}

bool value_byte_or_none(const struct option_row *row, const char *text, void *member)
{
    if (strcmp(text, "none") != 0)
        return value_byte(row, text, member);
    *(int *)member = SHEAF_NO_BYTE;
    return true;
}

/* Says that `text` is none of the words, and which is near or which there are. */
static bool refuse_word(const struct option_row *row, const char *text, const char *const *words)
{
    const char *near = sheaf_nearest(text, words);
    if (near != NULL) {
        message("--%s: unknown value %s; did you mean '%s'?", row->name, quoted(text).text, near);
        return false;
    }
    char list[512] = "";
    size_t length = 0;
    for (size_t i = 0; words[i] != NULL && length < sizeof list; i++)
        length += (size_t)snprintf(list + length, sizeof list - length, "%s%s", i > 0 ? ", " : "",
                                   words[i]);
    message("--%s: unknown value %s; known: %s", row->name, quoted(text).text, list);
    return false;
}

static bool refuse_choice(const struct option_row *row, const char *text)
{
    const char *words[WORDS_MAX];
    size_t count = 0;
    for (; row->choices[count].name != NULL && count < WORDS_MAX - 1; count++)
        words[count] = row->choices[count].name;
    words[count] = NULL;
    return refuse_word(row, text, words);
}

bool value_choice(const struct option_row *row, const char *text, void *member)
{
    const struct choice *choice = row->choices;
    while (choice->name != NULL && (text == NULL || strcmp(choice->name, text) != 0))
        choice++;
    if (text != NULL && choice->name == NULL)
        return refuse_choice(row, text);
    *(int *)member = choice->value;
    return true;
}

bool value_choices(const struct option_row *row, const char *text, void *member)
{
    int joined = 0;
    size_t count = 0;
    bool alone = false;
    for (const char *at = text; at != NULL; count++) {
        const size_t length = strcspn(at, ",");
        const struct choice *found = find_choice(row->choices, at, length);
        if (found == NULL)
            return refuse_choice(row, text);
        alone = alone || found->value == 0;
        joined |= found->value;
        at = at[length] == ',' ? at + length + 1 : NULL;
    }
    if (alone && count > 1) {
        message("--%s: %s contradicts itself", row->name, quoted(text).text);
        return false;
    }
    *(int *)member = joined;
    return true;
}

bool value_entry(const struct option_row *row, const char *text, void *member)
{
    const char *words[WORDS_MAX];
    size_t count = 0;
    for (const char *name; count < WORDS_MAX - 1 && (name = row->entries(count).name) != NULL;
         count++) {
        if (strcmp(name, text) == 0) {
            *(const char **)member = name;
            return true;
        }
        words[count] = name;
    }
    words[count] = NULL;
    return refuse_word(row, text, words);
}

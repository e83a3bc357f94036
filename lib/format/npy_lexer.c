#include "format/npy_lexer.h"

#include "format/utf8.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- errors ------------------------------------------------------------------------------ */

enum sheaf_status npy_fail(const struct npy_lexer *lexer, size_t at, const char *format, ...)
{
    char text[SHEAF_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    struct binary_place place = lexer->text->place;
    place.byte += at;
    return binary_error(&place, lexer->error, "%s", text);
}

enum sheaf_status npy_unexpected(const struct npy_lexer *lexer, const char *expected)
{
    enum { SHOWN = 16 };
    const size_t left = lexer->text->length - lexer->at;
    char found[ERROR_NAME_SIZE];
    if (left == 0)
        return npy_fail(lexer, lexer->at, "the header ends, expected %s", expected);
    error_name(found, lexer->text->bytes + lexer->at, left < SHOWN ? left : SHOWN);
    return npy_fail(lexer, lexer->at, "the header has \"%s\", expected %s", found, expected);
}

/* ---- marks ------------------------------------------------------------------------------- */

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r' || byte == '\f';
}

char npy_peek(struct npy_lexer *lexer)
{
    const struct npy_text *text = lexer->text;
    while (lexer->at < text->length && is_blank(text->bytes[lexer->at]))
        lexer->at++;
    return lexer->at < text->length ? text->bytes[lexer->at] : '\0';
}

enum sheaf_status npy_take(struct npy_lexer *lexer, char mark, const char *expected)
{
    if (npy_peek(lexer) != mark)
        return npy_unexpected(lexer, expected);
    lexer->at++;
    return SHEAF_OK;
}

enum sheaf_status npy_take_separator(struct npy_lexer *lexer, char close, bool *more)
{
    const char expected[] = {'\'', ',', '\'', ' ', 'o', 'r', ' ', '\'', close, '\'', '\0'};
    const bool has_comma = npy_peek(lexer) == ',';
    if (has_comma)
        lexer->at++;
    *more = npy_peek(lexer) != close;
    if (*more)
        return has_comma ? SHEAF_OK : npy_unexpected(lexer, expected);
    lexer->at++;
    return SHEAF_OK;
}

/* ---- strings ----------------------------------------------------------------------------- */

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* The number behind \x, \u or \U. */
static bool take_hex(struct npy_lexer *lexer, int digits, uint32_t *point)
{
    const struct npy_text *text = lexer->text;
    *point = 0;
    for (int i = 0; i < digits; i++, lexer->at++) {
        const int digit = lexer->at < text->length ? hex_digit(text->bytes[lexer->at]) : -1;
        if (digit < 0)
            return false;
        *point = *point << 4 | (uint32_t)digit;
    }
    return true;
}

/* The character that an escape stands for: those that Python writes for its strings. */
static enum sheaf_status take_escape(struct npy_lexer *lexer, uint32_t *point)
{
    static const char letters[] = "\\'\"nrt";
    static const char values[] = "\\'\"\n\r\t";
    const size_t start = lexer->at - 1;
    const char letter = lexer->at < lexer->text->length ? lexer->text->bytes[lexer->at] : '\0';
    const char *simple = letter == '\0' ? NULL : strchr(letters, letter);
    lexer->at++;
    if (simple != NULL) {
        *point = (unsigned char)values[simple - letters];
        return SHEAF_OK;
    }
    const int digits = letter == 'x' ? 2 : letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
    if (digits == 0)
        return npy_fail(lexer, start, "unknown escape in a string");
    if (!take_hex(lexer, digits, point) || !utf8_is_character(*point))
        return npy_fail(lexer, start, "an escape in a string that is no character");
    return SHEAF_OK;
}

/* Takes one character of a string, as it stands or escaped. */
static enum sheaf_status take_character(struct npy_lexer *lexer, char **out)
{
    const struct npy_text *text = lexer->text;
    uint32_t point = (unsigned char)text->bytes[lexer->at];
    if (point < 0x80 || !text->is_utf8) {
        lexer->at++;
        if (point == '\\')
            TRY(take_escape(lexer, &point));
        *out = utf8_put(*out, point);
        return SHEAF_OK;
    }
    const size_t length = utf8_length(text->bytes + lexer->at, text->length - lexer->at);
    if (length == 0)
        return npy_fail(lexer, lexer->at, "the header is not valid UTF-8");
    memcpy(*out, text->bytes + lexer->at, length);
    *out += length;
    lexer->at += length;
    return SHEAF_OK;
}

/* Bytes from the opening quote to the closing one; 0: there is none. */
static size_t string_length(const struct npy_lexer *lexer)
{
    const struct npy_text *text = lexer->text;
    const char quote = text->bytes[lexer->at];
    for (size_t at = lexer->at + 1; at < text->length && text->bytes[at] != '\n'; at++) {
        if (text->bytes[at] == '\\')
            at++;
        else if (text->bytes[at] == quote)
            return at - lexer->at;
    }
    return 0;
}

enum sheaf_status npy_take_string(struct npy_lexer *lexer, struct text *out)
{
    const char quote = npy_peek(lexer);
    if (quote != '\'' && quote != '"')
        return npy_unexpected(lexer, "a string");
    const size_t length = string_length(lexer);
    if (length == 0)
        return npy_fail(lexer, lexer->at, "a string in the header is never closed");
    const size_t end = lexer->at + length;
    /* A byte of Latin-1 takes two in UTF-8; an escape never takes more than it has. */
    char *bytes = arena_alloc(lexer->arena, 2 * length, lexer->error);
    if (bytes == NULL)
        return SHEAF_SYSTEM;
    char *last = bytes;
    lexer->at++;
    while (lexer->at < end)
        TRY(take_character(lexer, &last));
    lexer->at = end + 1;
    *out = (struct text){.bytes = bytes, .length = (size_t)(last - bytes)};
    return SHEAF_OK;
}

/* ---- numbers and truth ------------------------------------------------------------------- */

enum sheaf_status npy_take_number(struct npy_lexer *lexer, uint64_t *out)
{
    const struct npy_text *text = lexer->text;
    const char first = npy_peek(lexer);
    const size_t start = lexer->at;
    if (first < '0' || first > '9')
        return npy_unexpected(lexer, "a number that is not negative");
    uint64_t value = 0;
    for (; lexer->at < text->length; lexer->at++) {
        const char byte = text->bytes[lexer->at];
        if (byte < '0' || byte > '9')
            break;
        if (__builtin_mul_overflow(value, UINT64_C(10), &value) ||
            __builtin_add_overflow(value, (uint64_t)(byte - '0'), &value) || value > INT64_MAX)
            return npy_fail(lexer, start, "a number past 2^63 - 1");
    }
    /* Python 2 wrote its long numbers so. */
    if (lexer->at < text->length && text->bytes[lexer->at] == 'L')
        lexer->at++;
    *out = value;
    return SHEAF_OK;
}

static bool take_word(struct npy_lexer *lexer, const char *word)
{
    const size_t length = strlen(word);
    if (lexer->text->length - lexer->at < length ||
        memcmp(lexer->text->bytes + lexer->at, word, length) != 0)
        return false;
    lexer->at += length;
    return true;
}

enum sheaf_status npy_take_bool(struct npy_lexer *lexer, bool *out)
{
    npy_peek(lexer);
    *out = take_word(lexer, "True");
    if (*out || take_word(lexer, "False"))
        return SHEAF_OK;
    return npy_unexpected(lexer, "True or False");
}

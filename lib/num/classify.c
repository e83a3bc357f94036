/* The first byte tells what a text can be at all; most texts of real columns are settled by it, or
 * by one reader more. A number's class is read off its text, its value is num/parse.h's. */
#include "num/classify.h"

#include "num/parse.h"

#include <stdbool.h>
#include <stddef.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* True when the text is the lower-case word, in any case. */
static bool is_word(struct text text, const char *word, size_t length)
{
    if (text.length != length)
        return false;
    for (size_t i = 0; i < length; i++) {
        if ((text.bytes[i] | 0x20) != word[i])
            return false;
    }
    return true;
}

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && is_digit(*at))
        at++;
    return at;
}

/* The class of a text that is a number, with this value. */
static enum text_class number_class(struct text text, const struct number *number)
{
    const char *at = text.bytes;
    const char *const end = at + text.length;
    while (*at == ' ' || *at == '\t' || *at == '+' || *at == '-')
        at++; /* the number is still to come */
    const char *const whole = at;
    at = skip_digits(at, end);
    if (at == whole && *at != '.')
        return CLASS_SPECIAL;
    if (*whole == '0' && at - whole > 1)
        return CLASS_ZEROS;
    const bool has_point = at < end && *at == '.';
    if (has_point)
        at = skip_digits(at + 1, end);
    const bool has_exponent = at < end && (*at | 0x20) == 'e';
    if (has_exponent || number->kind == NUMBER_DOUBLE)
        return CLASS_FLOAT;
    return has_point ? CLASS_DECIMAL : CLASS_INTEGER;
}

static void classify_number(struct text text, struct classified *out)
{
    if (number_parse(text, &out->number))
        out->class = number_class(text, &out->number);
}

/* False for most words that begin as nan and inf do. */
static bool may_be_special(struct text text)
{
    const char second = (text.bytes[0] | 0x20) == 'n' ? 'a' : 'n';
    return text.length > 2 && (text.bytes[1] | 0x20) == second;
}

static void classify_boolean(struct text text, struct classified *out)
{
    if (is_word(text, "true", 4) || is_word(text, "false", 5))
        out->class = CLASS_BOOLEAN;
}

/* True, with class and instant stored, when the text is a date or a timestamp. */
static bool classify_time(struct text text, struct classified *out)
{
    static const enum text_class classes[] = {
        [INSTANT_NULL] = CLASS_TEXT,
        [INSTANT_DATE] = CLASS_DATE,
        [INSTANT_LOCAL] = CLASS_LOCAL,
        [INSTANT_ZONED] = CLASS_ZONED,
    };
    enum { DATE_LENGTH = 10, DASH = 4 };
    if (text.length < DATE_LENGTH || text.bytes[DASH] != '-' || !instant_parse(text, &out->instant))
        return false;
    out->class = classes[out->instant.form];
    return true;
}

void text_classify(struct text text, struct classified *out)
{
    out->class = CLASS_TEXT;
    out->number = (struct number){.kind = NUMBER_NULL};
    out->instant = (struct instant){.form = INSTANT_NULL};
    if (text.length == 0)
        return;
    const char first = text.bytes[0];
    if (is_digit(first)) {
        if (!classify_time(text, out))
            classify_number(text, out);
        return;
    }
    switch (first) {
    case ' ':
    case '\t':
    case '+':
    case '-':
    case '.':
        classify_number(text, out);
        break;
    case 'i':
    case 'I':
    case 'n':
    case 'N':
        if (may_be_special(text))
            classify_number(text, out);
        break;
    case 't':
    case 'T':
    case 'f':
    case 'F':
        classify_boolean(text, out);
        break;
    default:
        break;
    }
}

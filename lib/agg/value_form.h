/* agg/value_form.h - texts that are integers in disguise: numbers, dates and timestamps that are
 * spelled in one way only.
 *
 * A form is a way to spell: integers without needless signs and zeros, decimals with always as many
 * digits after the point, `YYYY-MM-DD`, that with a space or a T and `hh:mm:ss`. In one form,
 * every text is one key and every key one text; so a table may keep keys in place of texts, and
 * "1", "1.0" and "01" stay three values. Private to this room. One thread at a time. */
#ifndef AGG_VALUE_FORM_H
#define AGG_VALUE_FORM_H

#include "base/decimal.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

enum value_form_kind { VALUE_FORM_NUMBER, VALUE_FORM_DATE, VALUE_FORM_TIMESTAMP };

struct value_form {
    uint8_t kind;   /* enum value_form_kind */
    uint8_t digits; /* of numbers: after the point; 0: there is no point */
    char separator; /* of timestamps */
};

/* The key of a text that has none in the form; no text has it. */
#define VALUE_FORM_NONE INT64_MIN

/* The longest text of a form: a sign, 18 digits, a point; or a timestamp. */
enum { VALUE_FORM_SIZE = 20 };

/* Bytes that may be read from the begin of a padded text, and behind its end. */
enum { VALUE_FORM_PADDING = 32 };

static inline bool value_form_equal(const struct value_form *a, const struct value_form *b)
{
    return a->kind == b->kind && a->digits == b->digits && a->separator == b->separator;
}

/* Finds the one form that a text (not null) is spelled in; false when there is none. */
bool value_form_of(struct text text, struct value_form *out);

/* The key of a text, or VALUE_FORM_NONE, also for a null. */
int64_t value_form_key(const struct value_form *form, struct text text);

enum value_form_texts { VALUE_FORM_BARE, VALUE_FORM_PADDED };

/* The keys of the texts at rows[i] (i when NULL) of `texts`, i < count. PADDED: all that are not
 * null have VALUE_FORM_PADDING. */
void value_form_keys(const struct value_form *form, const struct text *texts, const uint32_t *rows,
                     uint32_t count, enum value_form_texts padding, int64_t *keys);

/* True when short decimals have as many digits after the point as numbers of the form. */
static inline bool value_form_fits(const struct value_form *form, const struct decimals *decimals)
{
    return form->kind == VALUE_FORM_NUMBER && decimals->mantissas != NULL &&
           decimals->exponent == -form->digits;
}

/* As value_form_keys, and quicker, of texts that were read as decimals which fit the form. */
void value_form_decimal_keys(const struct value_form *form, const struct text *texts,
                             const struct decimals *decimals, const uint32_t *rows, uint32_t count,
                             int64_t *keys);

/* Spells a key that some text has; gives the length. */
size_t value_form_spell(const struct value_form *form, int64_t key, char out[VALUE_FORM_SIZE]);

/* Seconds or units that one step of the key stands for: a day of dates has 86400. */
int64_t value_form_unit(const struct value_form *form);

#endif

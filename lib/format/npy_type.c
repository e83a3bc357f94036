#include "format/npy_type.h"

#include <string.h>

enum { SIZE_MOST = INT32_MAX }; /* of an element, as in NumPy */

/* What is left of a type string. */
struct rest {
    const char *at;
    size_t left;
};

static const char *const not_a_type = "is no type that is known: b1, i1 to i8, u1 to u8, f2, f4, "
                                      "f8, S, U and M8[unit] are read";

/* Takes decimal digits; 0 when there are none, more than SIZE_MOST for all that is more. */
static uint64_t take_number(struct rest *rest)
{
    uint64_t value = 0;
    for (; rest->left > 0 && *rest->at >= '0' && *rest->at <= '9'; rest->at++, rest->left--) {
        value = 10 * value + (uint64_t)(*rest->at - '0');
        if (value > SIZE_MOST)
            value = (uint64_t)SIZE_MOST + 1;
    }
    return value;
}

static bool find_unit(const char *name, size_t length, enum binary_unit *unit)
{
    static const char *const names[] = {
        [UNIT_YEAR] = "Y",   [UNIT_MONTH] = "M",  [UNIT_WEEK] = "W",   [UNIT_DAY] = "D",
        [UNIT_HOUR] = "h",   [UNIT_MINUTE] = "m", [UNIT_SECOND] = "s", [UNIT_MILLI] = "ms",
        [UNIT_MICRO] = "us", [UNIT_NANO] = "ns",  [UNIT_PICO] = "ps",  [UNIT_FEMTO] = "fs",
        [UNIT_ATTO] = "as",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strlen(names[i]) != length || memcmp(names[i], name, length) != 0)
            continue;
        *unit = (enum binary_unit)i;
        return true;
    }
    return false;
}

/* "[25s]" behind M8. */
static enum npy_type_result parse_unit(struct rest rest, struct binary_field *out,
                                       const char **reason)
{
    *reason = "is a time without a unit, and means nothing";
    if (rest.left == 0)
        return NPY_TYPE_REFUSED;
    *reason = "is a time of an unknown unit: Y, M, W, D, h, m, s, ms, us, ns, ps, fs and as are "
              "read, with a number before them or not";
    if (rest.left < 3 || rest.at[0] != '[' || rest.at[rest.left - 1] != ']')
        return NPY_TYPE_REFUSED;
    rest.at++;
    rest.left -= 2;
    if (rest.left == 7 && memcmp(rest.at, "generic", 7) == 0) {
        *reason = "is a time without a unit, and means nothing";
        return NPY_TYPE_REFUSED;
    }
    const bool has_factor = *rest.at >= '0' && *rest.at <= '9';
    const uint64_t factor = has_factor ? take_number(&rest) : 1;
    if (factor == 0 || factor > SIZE_MOST || !find_unit(rest.at, rest.left, &out->unit))
        return NPY_TYPE_REFUSED;
    out->factor = (uint32_t)factor;
    out->kind = BINARY_TIME;
    return NPY_TYPE_FIELD;
}

/* Types that there are but that are not read; NULL: no such type. */
static const char *refusal_of(char letter)
{
    switch (letter) {
    case 'O':
        return "holds Python objects, which would have to be unpickled: that runs code from the "
               "file; save the array with another type";
    case 'c':
        return "is complex: save the real and the imaginary part as two columns";
    case 'm':
        return "is a timedelta: save it as whole numbers (astype(\"i8\"))";
    case 'g':
        return "is an extended-precision float, which differs from machine to machine: save it as "
               "f8";
    case 'V':
        return "is void: bytes without a meaning";
    default:
        return NULL;
    }
}

static bool is_word_size(uint64_t size)
{
    return size == 1 || size == 2 || size == 4 || size == 8;
}

/* i, u, f and b, whose size is given in bytes. */
static enum npy_type_result parse_plain(char letter, uint64_t size, struct binary_field *out,
                                        const char **reason)
{
    *reason = not_a_type;
    if (letter == 'f' && (size == 10 || size == 12 || size == 16))
        *reason = refusal_of('g');
    if (letter == 'b' ? size != 1 : !is_word_size(size) || (letter == 'f' && size == 1))
        return NPY_TYPE_REFUSED;
    out->size = size;
    out->kind = letter == 'i'   ? BINARY_SIGNED
                : letter == 'u' ? BINARY_UNSIGNED
                : letter == 'f' ? BINARY_REAL
                                : BINARY_BOOL;
    return NPY_TYPE_FIELD;
}

static enum npy_type_result parse_text(char letter, uint64_t size, struct binary_field *out,
                                       const char **reason)
{
    out->kind = letter == 'U' ? BINARY_UCS4 : BINARY_BYTES;
    out->size = letter == 'U' ? 4 * size : size;
    if (out->size <= SIZE_MOST)
        return NPY_TYPE_FIELD;
    *reason = "is longer than 2147483647 bytes";
    return NPY_TYPE_REFUSED;
}

static bool take_order(struct rest *rest)
{
    const bool native = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
    if (rest->left == 0 || strchr("<>=|", *rest->at) == NULL || *rest->at == '\0')
        return native;
    const char order = *rest->at;
    rest->at++;
    rest->left--;
    return order == '>' || (order != '<' && native);
}

enum npy_type_result npy_type_parse(struct text type, struct binary_field *out, const char **reason)
{
    struct rest rest = {.at = type.bytes, .left = type.length};
    *out = (struct binary_field){.factor = 1, .big = take_order(&rest)};
    *reason = not_a_type;
    if (rest.left == 0)
        return NPY_TYPE_REFUSED;
    const char letter = *rest.at++;
    rest.left--;
    const bool has_size = rest.left > 0 && *rest.at >= '0' && *rest.at <= '9';
    const uint64_t size = take_number(&rest);
    if (letter == 'M' && size == 8) {
        out->size = 8;
        return parse_unit(rest, out, reason);
    }
    const char *refusal = refusal_of(letter);
    if (letter == 'V' && has_size && size <= SIZE_MOST && rest.left == 0) {
        out->size = size;
        *reason = refusal;
        return NPY_TYPE_GAP;
    }
    if (refusal != NULL) {
        *reason = refusal;
        return NPY_TYPE_REFUSED;
    }
    if (!has_size || rest.left > 0)
        return NPY_TYPE_REFUSED;
    if (letter == 'S' || letter == 'a' || letter == 'U')
        return parse_text(letter, size, out, reason);
    return strchr("iufb", letter) != NULL && letter != '\0' ? parse_plain(letter, size, out, reason)
                                                            : NPY_TYPE_REFUSED;
}

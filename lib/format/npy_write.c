/* NEP 1, "A Simple File Format for NumPy Arrays" (Robert Kern, 2007), version 1.0, and the padding
 * to 64 bytes that NumPy adds since 1.14: eight bytes of magic and version, two of length, a Python
 * dictionary, spaces, and a line feed. */
#include "format/npy_write.h"

#include <stdbool.h>
#include <string.h>

enum { LENGTH_AT = 8, DICTIONARY_AT = 10, ALIGNMENT = 64, LONGEST = 65535 };

/* Appends a name as a Python literal; false if it is not ASCII. */
static bool append_name(const char *name, struct buffer *out)
{
    buffer_append_byte(out, '\'');
    for (; *name != '\0'; name++) {
        const unsigned char byte = (unsigned char)*name;
        if (byte >= 0x80)
            return false;
        if (byte < ' ' || byte == 0x7f)
            buffer_append_format(out, "\\x%02x", byte);
        else
            buffer_append_format(out, byte == '\'' || byte == '\\' ? "\\%c" : "%c", byte);
    }
    buffer_append_byte(out, '\'');
    return true;
}

static enum sheaf_status append_fields(const struct npy_field *fields, size_t count,
                                       struct buffer *out, struct sheaf_error *error)
{
    if (count == 1 && fields[0].name == NULL) {
        buffer_append_format(out, "'%s'", fields[0].type);
        return SHEAF_OK;
    }
    buffer_append_byte(out, '[');
    for (size_t i = 0; i < count; i++) {
        char shown[ERROR_NAME_SIZE];
        buffer_append_string(out, i == 0 ? "(" : ", (");
        if (!append_name(fields[i].name, out))
            return error_set(error, SHEAF_DATA, "column \"%s\": .npy needs names in ASCII",
                             error_name(shown, fields[i].name, strlen(fields[i].name)));
        buffer_append_format(out, ", '%s')", fields[i].type);
    }
    buffer_append_byte(out, ']');
    return SHEAF_OK;
}

enum sheaf_status npy_write_header(const struct npy_field *fields, size_t count, uint64_t rows,
                                   struct buffer *out, struct sheaf_error *error)
{
    const size_t begin = out->length;
    buffer_append(out, "\x93NUMPY\x01\x00\x00\x00", DICTIONARY_AT);
    buffer_append_string(out, "{'descr': ");
    TRY(append_fields(fields, count, out, error));
    buffer_append_format(out, ", 'fortran_order': False, 'shape': (%llu,), }",
                         (unsigned long long)rows);
    while (!out->failed && (out->length + 1 - begin) % ALIGNMENT != 0)
        buffer_append_byte(out, ' ');
    buffer_append_byte(out, '\n');
    if (out->failed)
        return error_no_memory(error, "the header");
    const size_t length = out->length - begin - DICTIONARY_AT;
    if (length > LONGEST)
        return error_set(error, SHEAF_DATA, "the names of the columns are too long for .npy");
    out->bytes[begin + LENGTH_AT] = (char)(length & 0xff);
    out->bytes[begin + LENGTH_AT + 1] = (char)(length >> 8);
    return SHEAF_OK;
}

#include "job/native.h"

struct text native_text(enum column_type type, struct text key, char scratch[NATIVE_TEXT_SIZE])
{
    if (key.bytes == NULL)
        return key;
    if (column_type_is_number(type)) {
        struct number number;
        value_key_number(key, &number);
        return (struct text){.bytes = scratch, .length = number_print(&number, scratch)};
    }
    if (column_type_is_time(type)) {
        struct instant instant;
        value_key_instant(key, &instant);
        return (struct text){.bytes = scratch, .length = instant_print(&instant, scratch)};
    }
    return key;
}

struct value native_cell(enum column_type type, struct text key, char scratch[NATIVE_TEXT_SIZE])
{
    return key.bytes == NULL ? value_null() : value_text(native_text(type, key, scratch));
}

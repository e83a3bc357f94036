/* format/npy_type.h - the type strings of NumPy: "<f8", "|S12", ">M8[ns]" … Any thread. */
#ifndef FORMAT_NPY_TYPE_H
#define FORMAT_NPY_TYPE_H

#include "format/binary.h"

/* What a type string says. */
enum npy_type_result {
    NPY_TYPE_FIELD,   /* a value that is read: kind, unit, factor, order and size are set */
    NPY_TYPE_GAP,     /* |V…: bytes without a meaning; size is set */
    NPY_TYPE_REFUSED, /* *reason says why */
};

enum npy_type_result npy_type_parse(struct text type, struct binary_field *out,
                                    const char **reason);

#endif

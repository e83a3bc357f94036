#include "gen/gens.h"

#include "gen/gen.h"
#include "gen/put.h"

#include <string.h>

const struct gen_ops *const gen_table[] = {
    &gen_sequence,
    &gen_measurements,
    &gen_trips,
    &gen_text,
};
const size_t gen_table_length = sizeof gen_table / sizeof gen_table[0];

const struct gen_ops *gen_find(const char *name)
{
    for (size_t i = 0; i < gen_table_length; i++)
        if (strcmp(gen_table[i]->name, name) == 0)
            return gen_table[i];
    return NULL;
}

void gen_header(const struct gen_ops *generator, char delimiter, struct buffer *out)
{
    if (generator->no_header)
        return;
    for (uint32_t i = 0; i < generator->column_count; i++) {
        const char *name = generator->columns[i].name;
        const size_t length = strlen(name);
        if (!buffer_reserve(out, length + PUT_FIELD_EXTRA))
            return;
        char *end = put_field(out->bytes + out->length, name, length, delimiter);
        *end++ = i + 1 < generator->column_count ? delimiter : '\n';
        out->length = (size_t)(end - out->bytes);
    }
}

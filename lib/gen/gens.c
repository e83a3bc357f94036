#include "gen/gens.h"

#include "gen/gen.h"

#include <string.h>

const struct gen_ops *const gen_table[] = {
    &gen_measurements,
};
const size_t gen_table_length = sizeof gen_table / sizeof gen_table[0];

const struct gen_ops *gen_find(const char *name)
{
    for (size_t i = 0; i < gen_table_length; i++)
        if (strcmp(gen_table[i]->name, name) == 0)
            return gen_table[i];
    return NULL;
}

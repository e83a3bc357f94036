#include "render/render.h"

#include "render/writers.h"

#include <string.h>

const struct render_ops *const render_table[] = {
    &render_csv, &render_tsv, &render_json, &render_jsonl, &render_md, &render_table_text,
};
const size_t render_table_length = sizeof render_table / sizeof render_table[0];

const struct render_ops *render_find(const char *name)
{
    for (size_t i = 0; i < render_table_length; i++)
        if (strcmp(render_table[i]->name, name) == 0)
            return render_table[i];
    return NULL;
}

/* job/catalog.c - the tables of the rooms, for programs that print or offer them. */
#include "agg/agg.h"
#include "format/format.h"
#include "gen/gen.h"
#include "render/render.h"
#include "sheaf/job.h"
#include "sheaf/sheaf.h"
#include "sync/executors.h"

struct sheaf_entry sheaf_aggregate(size_t index)
{
    if (index >= agg_table_length)
        return (struct sheaf_entry){.name = NULL};
    const struct agg_ops *row = agg_table[index];
    return (struct sheaf_entry){.name = row->name, .signature = row->signature, .help = row->help};
}

struct sheaf_entry sheaf_reader(size_t index)
{
    if (index >= format_table_length)
        return (struct sheaf_entry){.name = NULL};
    const struct format_ops *row = format_table[index];
    return (struct sheaf_entry){.name = row->name, .signature = row->name, .help = row->help};
}

struct sheaf_entry sheaf_writer(size_t index)
{
    if (index >= render_table_length)
        return (struct sheaf_entry){.name = NULL};
    const struct render_ops *row = render_table[index];
    return (struct sheaf_entry){.name = row->name, .signature = row->name, .help = row->help};
}

struct sheaf_entry sheaf_executor(size_t index)
{
    if (index >= executor_table_length)
        return (struct sheaf_entry){.name = NULL};
    const struct executor_ops *row = executor_table[index];
    return (struct sheaf_entry){.name = row->name, .signature = row->name, .help = row->help};
}

struct sheaf_entry sheaf_io(size_t index)
{
    if (index >= dataset_access_table_length)
        return (struct sheaf_entry){.name = NULL};
    const struct dataset_access_name *row = &dataset_access_table[index];
    return (struct sheaf_entry){.name = row->name, .signature = row->name, .help = row->help};
}

struct sheaf_entry sheaf_generator(size_t index)
{
    if (index >= gen_table_length)
        return (struct sheaf_entry){.name = NULL};
    const struct gen_ops *row = gen_table[index];
    return (struct sheaf_entry){.name = row->name, .signature = row->name, .help = row->help};
}

const char *sheaf_generator_schema(size_t index)
{
    return index < gen_table_length ? gen_table[index]->schema : NULL;
}

const char *sheaf_version(void)
{
    return SHEAF_VERSION;
}

#include "job/report.h"

static const struct report_ops *const report_table[] = {
    &report_count,    &report_aggregate, &report_stats,  &report_freq,
    &report_quantile, &report_histogram, &report_schema,
};

const struct report_ops *report_find(enum sheaf_command command)
{
    for (size_t i = 0; i < sizeof report_table / sizeof report_table[0]; i++)
        if (report_table[i]->command == command)
            return report_table[i];
    return NULL;
}

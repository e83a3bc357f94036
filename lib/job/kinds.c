/* job/kinds.c - what min and max of a column compare: numbers, times or texts, found on the sample:
 * number if any value is one; else time if all are (all with a zone, or all without; dates go
 * with either, and alone count as without); else text. No value at all: number. */
#include "job/plan.h"
#include "num/parse.h"

/* What the sample has shown of one needed column. */
struct sight {
    bool number;
    bool local;
    bool zoned;
    bool date;
    bool text; /* neither number nor time */
};

struct sampler {
    const struct sheaf_plan *plan;
    const bool *wanted;
    struct sight *sights;
};

static void look_at_value(struct sight *sight, struct text text)
{
    struct number number;
    struct instant instant;
    if (number_parse(text, &number))
        sight->number = true;
    else if (!instant_parse(text, &instant))
        sight->text = true;
    else if (instant.form == INSTANT_ZONED)
        sight->zoned = true;
    else if (instant.form == INSTANT_LOCAL)
        sight->local = true;
    else
        sight->date = true;
}

static bool look_at_batch(void *argument, const struct batch *batch)
{
    const struct sampler *sampler = argument;
    for (uint32_t slot = 0; slot < sampler->plan->use_count; slot++) {
        if (!sampler->wanted[slot])
            continue;
        for (uint32_t i = 0; i < batch->selected; i++) {
            const struct text text = batch->columns[slot].texts[batch_row(batch, i)];
            if (text.bytes != NULL)
                look_at_value(&sampler->sights[slot], text);
        }
    }
    return true;
}

static enum agg_kind decide(const struct sight *sight)
{
    if (sight->number)
        return AGG_KIND_NUMBER;
    if (sight->text || (sight->local && sight->zoned))
        return AGG_KIND_TEXT;
    return sight->local || sight->zoned || sight->date ? AGG_KIND_TIME : AGG_KIND_NUMBER;
}

/* Whether a call's kind is not known yet. */
static bool is_open(const struct agg_call *call)
{
    return call->ops->input == AGG_ORDERED && call->type == TYPE_UNKNOWN;
}

static void apply(struct sheaf_plan *plan, const struct sight *sights)
{
    struct job_core *core = plan->core;
    for (uint32_t i = 0; i < core->groups.call_count; i++) {
        struct agg_call *call = &core->calls[i];
        if (!is_open(call))
            continue;
        const uint32_t slot = core->groups.arguments[i];
        call->kind = decide(&sights[slot]);
        plan->uses[slot].as_number |= call->kind == AGG_KIND_NUMBER;
        plan->uses[slot].as_instant |= call->kind == AGG_KIND_TIME;
        plan->uses[slot].zoned = sights[slot].zoned;
    }
}

static bool takes_numbers(const struct agg_call *call)
{
    return call->ops->input == AGG_NUMBERS ||
           (call->ops->input == AGG_ORDERED && call->kind == AGG_KIND_NUMBER);
}

/* Which columns have to come as numbers, and not as short decimals alone. */
static void find_number_needs(struct sheaf_plan *plan)
{
    const struct group_setup *groups = &plan->core->groups;
    for (uint32_t i = 0; i < groups->call_count; i++) {
        const struct agg_ops *ops = groups->calls[i].ops;
        if (takes_numbers(&groups->calls[i]) && ops->summary == 0 && !ops->takes_decimals)
            plan->uses[groups->arguments[i]].needs_numbers = true;
    }
}

enum sheaf_status plan_find_kinds(struct sheaf_plan *plan, struct sheaf_error *error)
{
    struct job_core *core = plan->core;
    bool *wanted = memory_zeroed(plan->use_count, sizeof *wanted);
    struct sight *sights = memory_zeroed(plan->use_count, sizeof *sights);
    enum sheaf_status status = SHEAF_OK;
    bool any = false;
    if (wanted == NULL || sights == NULL)
        status = error_no_memory(error, "the kinds of columns");
    for (uint32_t i = 0; status == SHEAF_OK && i < core->groups.call_count; i++)
        if (is_open(&core->calls[i]))
            any = wanted[core->groups.arguments[i]] = true;
    if (any) {
        struct sampler sampler = {.plan = plan, .wanted = wanted, .sights = sights};
        status = plan->format->sample(plan->document, look_at_batch, &sampler, error);
        if (status == SHEAF_OK)
            apply(plan, sights);
    }
    find_number_needs(plan);
    memory_free(wanted);
    memory_free(sights);
    return status;
}

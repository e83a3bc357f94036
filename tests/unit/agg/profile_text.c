#include "unit/agg/profile_text.h"

#include "num/print.h"
#include "unit/unit.h"

static void show_number(struct buffer *out, const char *name, const struct number *number)
{
    char digits[NUMBER_TEXT_SIZE] = "none";
    if (number->kind != NUMBER_NULL)
        number_print(number, digits);
    buffer_append_format(out, " %s %s", name, digits);
}

static void show_count(struct buffer *out, const char *name, uint64_t count)
{
    buffer_append_format(out, " %s %llu", name, (unsigned long long)count);
}

static void show_text(struct buffer *out, const char *name, const struct held *held)
{
    buffer_append_format(out, " %s ", name);
    if (held_is_empty(held))
        buffer_append_string(out, "none");
    else
        buffer_append(out, held_text(held).bytes, held_text(held).length);
}

static void show_place(struct buffer *out, struct place place)
{
    buffer_append_format(out, " at %u:%llu", place.file, (unsigned long long)place.byte);
}

static void show_time(struct buffer *out, const char *name, const struct profile_time *time)
{
    show_text(out, name, &time->text);
    show_place(out, time->place);
    buffer_append_format(out, " %lld.%018llu form %d", (long long)time->instant.seconds,
                         (unsigned long long)time->instant.attoseconds, time->instant.form);
}

static void show_sum(struct buffer *out, const char *name, const struct exact_sum *sum)
{
    struct number number;
    ck_assert_int_eq(exact_sum_value(sum, -1, &number, NULL), SHEAF_OK);
    show_number(out, name, &number);
}

void profile_text(const struct profile *profile, const struct agg_call *call, struct buffer *out)
{
    buffer_append_string(out, column_type_name(profile_type(profile, call)));
    show_count(out, "classes", profile->classes);
    show_count(out, "rows", profile->rows);
    show_count(out, "nulls", profile->nulls);
    show_count(out, "numbers", profile->numbers);
    show_number(out, "lowest", &profile->lowest);
    show_number(out, "highest", &profile->highest);
    show_sum(out, "sum", &profile->sum);
    show_sum(out, "squares", &profile->squares);
    show_time(out, "earliest", &profile->earliest);
    show_time(out, "latest", &profile->latest);
    show_count(out, "trues", profile->trues);
    show_count(out, "falses", profile->falses);
    show_text(out, "least", &profile->least);
    show_text(out, "greatest", &profile->greatest);
    if (!held_is_empty(&profile->least)) {
        show_count(out, "shortest", profile->shortest);
        show_count(out, "longest", profile->longest);
    }
    show_text(out, "first", &profile->first);
    show_place(out, profile->first_place);
}

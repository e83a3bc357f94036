/* job/resolve.h - what the commands share when they turn a request into calls and columns. */
#ifndef JOB_RESOLVE_H
#define JOB_RESOLVE_H

#include "job/plan.h"

/* Makes room for so many key columns, calls and columns of the result. First of all. */
struct resolve_room {
    uint32_t keys;
    uint32_t calls;
    uint32_t outputs;
};
enum sheaf_status resolve_make_room(struct sheaf_plan *plan, const struct resolve_room *room,
                                    struct sheaf_error *error);

/* Makes call `index` one of `ops` about a column of the input (AGG_ROWS: any), and asks the format
 * for what it takes. */
enum sheaf_status resolve_call(struct sheaf_plan *plan, uint32_t index, const struct agg_ops *ops,
                               uint32_t column, struct sheaf_error *error);

/* Makes the columns the keys of the groups. */
enum sheaf_status resolve_keys(struct sheaf_plan *plan, const struct column_list *keys,
                               struct sheaf_error *error);

/* Names a column of the result; the name is copied. */
enum sheaf_status resolve_name(struct sheaf_plan *plan, uint32_t output, struct text name,
                               struct sheaf_error *error);
/* Names all of them. */
enum sheaf_status resolve_names(struct sheaf_plan *plan, const char *const *names,
                                struct sheaf_error *error);

/* For the commands that make rows from one state per column: room, names, and a call of `ops` for
 * each column of request->select (all without it). */
enum sheaf_status resolve_columns(struct sheaf_plan *plan, const struct sheaf_request *request,
                                  const struct agg_ops *ops, const char *const *names,
                                  struct sheaf_error *error);

/* Takes the next item of a list that commas separate, blanks around it dropped; false at its end.
 * An empty list has no item. */
bool resolve_next_item(const char **list, struct text *out);

#endif

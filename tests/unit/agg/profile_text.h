/* tests/unit/agg/profile_text.h - all that a profile shows, as text, to compare profiles by. */
#ifndef UNIT_AGG_PROFILE_TEXT_H
#define UNIT_AGG_PROFILE_TEXT_H

#include "agg/profile.h"

/* Appends it. */
void profile_text(const struct profile *profile, const struct agg_call *call, struct buffer *out);

#endif

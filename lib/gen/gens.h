/* gen/gens.h - the generators, for the table in gens.c. */
#ifndef GEN_GENS_H
#define GEN_GENS_H

#include "gen/gen.h"

extern const struct gen_ops gen_sequence;
extern const struct gen_ops gen_measurements;
extern const struct gen_ops gen_trips;
extern const struct gen_ops gen_text;

#endif

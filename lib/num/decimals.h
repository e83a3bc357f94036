/* num/decimals.h - the kernels of short decimals: texts to vectors, vectors to summaries.
 *
 * One row an instruction set; none gives another answer than the plain C one. Pure; any thread. */
#ifndef NUM_DECIMALS_H
#define NUM_DECIMALS_H

#include "base/decimal.h"
#include "base/isa.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

/* Bytes that may be read from where a text begins, and behind its end, whatever its length (their
 * values mean nothing). */
enum { DECIMAL_PADDING = 32 };

struct decimal_kernel {
    enum isa isa;

    /* Reads `count` texts as decimals of one scale, the finest that is met, into `mantissas` (room
     * for count + 16). Takes what number_parse takes as an exact decimal, without an exponent, with
     * a mantissa below 10^18 at that scale and no more than 38 digits after the point; nulls too.
     * Texts are padded by DECIMAL_PADDING, null ones need not be. False, and *out means nothing, as
     * soon as one is anything else, no number at all for example: then number_parse_column tells.
     */
    bool (*parse)(const struct text *texts, uint32_t count, int64_t *mantissas,
                  struct decimals *out);

    /* Sums up the rows of a selection (NULL: rows 0 … selected - 1; else ascending row numbers).
     * parts: enum decimal_summary_part bits; members not asked for are 0. At most 2^31 rows. */
    void (*summarize)(const struct decimals *decimals, const uint32_t *selection, uint32_t selected,
                      unsigned parts, struct decimal_summary *out);
};

/* Gives the kernel of an instruction set that is available. */
const struct decimal_kernel *decimal_kernel_of(enum isa isa);

/* Writes the vector as numbers. */
void decimals_expand(const struct decimals *decimals, uint32_t count, struct number *out);

#endif

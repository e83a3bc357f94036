/* scan/kernel_survey.h - what scan_survey_bytes gives, by blocks: scan_kernel.survey.
 *
 * A line feed leaves two states that a chunk's first byte can have led to: a row starts, or it
 * stands in quotes. As long as both live, bytes are read by the automaton from both, except that
 * to the one in quotes nothing but a quote matters. In text they soon meet, mostly at the next
 * quote that stands inside a field for one of them. What is then left is read from one known state
 * by masks, and by the automaton where masks are wrong, up to the next start of a field. */
#ifndef SCAN_KERNEL_SURVEY_H
#define SCAN_KERNEL_SURVEY_H

#include "scan/kernel_masks.h"
#include "scan/survey.h"

#ifdef SCAN_BLOCK

#include <string.h>

/* ---- line ends, and whether quotes matter -------------------------------------------------- */

struct scan_lines {
    uint64_t count;
    struct block_seen quotes;
    struct block_seen escapes;
    uint64_t crs; /* the last block's */
};

/* `plain`: a dialect without an escape byte, where LFs alone end lines. */
SCAN_INLINE void scan_lines_block(struct scan_lines *lines, const struct scan_wanted *wanted,
                                  struct block block, uint64_t valid, bool plain)
{
    const uint64_t line_feeds = block_match(block, '\n') & valid;
    block_see(&lines->quotes, block, wanted->quote);
    if (plain) {
        lines->count += block_count(line_feeds);
        return;
    }
    block_see(&lines->escapes, block, wanted->escape);
    const uint64_t crs = wanted->cr_ends ? block_match(block, '\r') & valid : 0;
    lines->count += block_count(crs | (line_feeds & ~scan_after(crs, lines->crs)));
    lines->crs = crs;
}

SCAN_INLINE struct scan_lines scan_lines_of(const struct scan_wanted *wanted, struct text bytes,
                                            bool plain)
{
    struct scan_lines lines = {0};
    const char *at = bytes.bytes;
    size_t left = bytes.length;
    for (; left >= 64; at += 64, left -= 64)
        scan_lines_block(&lines, wanted, block_load(at), ~UINT64_C(0), plain);
    if (left > 0)
        scan_lines_block(&lines, wanted, block_load(at), (UINT64_C(1) << left) - 1, plain);
    return lines;
}

/* Bytes behind the end may have been seen as well: then the slower way is right too. */
static inline bool scan_may_quote(const struct scan_dialect *dialect,
                                  const struct scan_lines *lines)
{
    return (dialect->quote != SCAN_NO_BYTE && block_has_seen(lines->quotes)) ||
           (dialect->escape != SCAN_NO_BYTE && block_has_seen(lines->escapes));
}

/* ---- from one known state ------------------------------------------------------------------ */

static inline bool scan_is_at_field(enum scan_state state)
{
    return state == SCAN_ROW_START || state == SCAN_FIELD_START;
}

/* Reads on by the automaton until a field starts; gives the bytes up to there. */
static inline size_t scan_to_field(const struct scan_automaton *automaton, enum scan_state *state,
                                   const char *bytes, size_t length)
{
    unsigned now = *state;
    size_t i = 0;
    while (i < length && !scan_is_at_field((enum scan_state)now))
        now = automaton->next[now][(unsigned char)bytes[i++]] & SCAN_STATE_MASK;
    *state = (enum scan_state)now;
    return i;
}

/* The state behind the block that the carry is of, of which `last` is the last byte. */
static inline enum scan_state scan_state_of(const struct scan_carry *carry, char last)
{
    if (carry->inside != 0)
        return SCAN_QUOTED;
    if (carry->closed != 0)
        return SCAN_QUOTE_IN_QUOTED;
    if (carry->cr_closed != 0)
        return SCAN_CR_AFTER_QUOTE;
    if (carry->separators >> 63 == 0)
        return SCAN_UNQUOTED;
    return last == '\n' ? SCAN_ROW_START : SCAN_FIELD_START;
}

/* Reads whole blocks, as long as masks are right, from the start of a row or a field (there a
 * comment byte seems stray too, which costs a step and no more). Moves *state, and gives the number
 * of bytes. In a block with a stray byte it reads up to the last separator before. */
SCAN_INLINE size_t scan_by_masks(const struct scan_wanted *wanted, enum scan_state *state,
                                 const char *bytes, size_t length)
{
    struct scan_carry carry = scan_carry_at_row();
    size_t at = 0;
    for (; length - at >= 64; at += 64) {
        const struct scan_carry before = carry;
        const struct scan_separation found =
            scan_separate(wanted, block_load(bytes + at), wanted->comments, &carry);
        if (found.stray == 0)
            continue;
        const uint64_t right = found.separators & ((found.stray & (0 - found.stray)) - 1);
        if (right == 0) {
            carry = before;
            break;
        }
        at += 64 - (size_t)__builtin_clzll(right);
        *state = bytes[at - 1] == '\n' ? SCAN_ROW_START : SCAN_FIELD_START;
        return at;
    }
    if (at > 0)
        *state = scan_state_of(&carry, bytes[at - 1]);
    return at;
}

/* The state after all bytes. By masks when it is worth it. */
static inline enum scan_state scan_exit_of(const struct scan_automaton *automaton,
                                           enum scan_state state, const char *bytes, size_t length)
{
    const struct scan_wanted wanted = scan_wanted_of(&automaton->dialect);
    size_t at = 0;
    while (length - at >= 64) {
        at += scan_to_field(automaton, &state, bytes + at, length - at);
        at += scan_by_masks(&wanted, &state, bytes + at, length - at);
        /* One step at least, past a stray byte before the first separator. */
        if (at < length)
            state = scan_run(automaton, state, bytes + at++, 1);
    }
    return scan_run(automaton, state, bytes + at, length - at);
}

/* ---- from two states ----------------------------------------------------------------------- */

/* The number of bytes before the first quote. */
static inline size_t scan_to_quote(const struct scan_wanted *wanted, const char *bytes,
                                   size_t length)
{
    for (size_t at = 0; at < length; at += 64) {
        const uint64_t quotes = block_match(block_load(bytes + at), wanted->quote);
        if (quotes != 0) {
            const size_t found = at + (size_t)__builtin_ctzll(quotes);
            return found < length ? found : length;
        }
    }
    return length;
}

/* The states, entry or exit, of two readers of the same bytes. */
struct scan_both {
    enum scan_state unquoted;
    enum scan_state quoted;
};

/* Moves over bytes that hold no quote. */
static inline enum scan_state scan_run_quoteless(const struct scan_automaton *automaton,
                                                 enum scan_state state, struct text bytes)
{
    if (state == SCAN_QUOTED)
        return state;
    const char *line_feed = memrchr(bytes.bytes, '\n', bytes.length);
    const size_t start = line_feed == NULL ? 0 : (size_t)(line_feed - bytes.bytes);
    return scan_run(automaton, state, bytes.bytes + start, bytes.length - start);
}

static inline void scan_both_exits(const struct scan_automaton *automaton, struct scan_both *both,
                                   const char *bytes, size_t length)
{
    const struct scan_wanted wanted = scan_wanted_of(&automaton->dialect);
    size_t at = 0;
    while (both->unquoted != both->quoted && at < length) {
        if (both->unquoted == SCAN_QUOTED || both->quoted == SCAN_QUOTED) {
            const size_t quoteless = scan_to_quote(&wanted, bytes + at, length - at);
            const struct text passed = {bytes + at, quoteless};
            both->unquoted = scan_run_quoteless(automaton, both->unquoted, passed);
            both->quoted = scan_run_quoteless(automaton, both->quoted, passed);
            at += quoteless;
        }
        if (at < length) {
            both->unquoted = scan_run(automaton, both->unquoted, bytes + at, 1);
            both->quoted = scan_run(automaton, both->quoted, bytes + at, 1);
            at++;
        }
    }
    if (at < length)
        both->unquoted = both->quoted =
            scan_exit_of(automaton, both->unquoted, bytes + at, length - at);
}

/* The map that leads from everywhere to one state. */
static inline scan_map scan_map_to(enum scan_state state)
{
    scan_map map = 0;
    for (unsigned entry = 0; entry < SCAN_STATES; entry++)
        map |= (scan_map)state << (SCAN_MAP_BITS * entry);
    return map;
}

/* Without escapes, and with LFs alone as line ends. */
static inline scan_map scan_map_by_masks(const struct scan_automaton *automaton, const char *bytes,
                                         size_t length)
{
    const char *line_feed = memchr(bytes, '\n', length);
    const size_t start = line_feed == NULL ? length : (size_t)(line_feed - bytes) + 1;
    const scan_map before = scan_map_by_states(automaton, bytes, start);
    if (start == length)
        return before;
    struct scan_both both = {SCAN_ROW_START, SCAN_QUOTED};
    if (before == scan_map_to(SCAN_ROW_START))
        both.quoted = SCAN_ROW_START;
    else if (before == scan_map_to(SCAN_QUOTED))
        both.unquoted = SCAN_QUOTED;
    scan_both_exits(automaton, &both, bytes + start, length - start);
    scan_map map = 0;
    for (unsigned entry = 0; entry < SCAN_STATES; entry++) {
        const bool in_quotes = scan_map_apply(before, (enum scan_state)entry) == SCAN_QUOTED;
        map |= (scan_map)(in_quotes ? both.quoted : both.unquoted) << (SCAN_MAP_BITS * entry);
    }
    return map;
}

/* ---- both ---------------------------------------------------------------------------------- */

static inline struct scan_survey scan_kernel_survey(const struct scan_automaton *automaton,
                                                    const char *bytes, size_t length)
{
    const struct scan_dialect *dialect = &automaton->dialect;
    const struct scan_wanted wanted = scan_wanted_of(dialect);
    const struct text all = {bytes, length};
    const bool plain = !dialect->cr_ends && dialect->escape == SCAN_NO_BYTE;
    const struct scan_lines lines =
        plain ? scan_lines_of(&wanted, all, true) : scan_lines_of(&wanted, all, false);
    struct scan_survey survey = {.lines = {.count = lines.count}};
    if (dialect->cr_ends) {
        survey.lines.first_is_lf = bytes[0] == '\n';
        survey.lines.last_is_cr = bytes[length - 1] == '\r';
    }
    if (!scan_may_quote(dialect, &lines))
        survey.map = scan_map_without_quotes(automaton, bytes, length);
    else if (plain)
        survey.map = scan_map_by_masks(automaton, bytes, length);
    else
        survey.map = scan_map_by_states(automaton, bytes, length);
    return survey;
}

#endif
#endif

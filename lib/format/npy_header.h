/* format/npy_header.h - the header of a .npy array, read by a small grammar of its own.
 *
 * The header is the text of a Python dictionary with exactly the keys 'descr' (the type, or a list
 * of named ones), 'fortran_order' and 'shape'. (NumPy Enhancement Proposal 1, "A Simple File Format
 * for NumPy Arrays"; numpy.lib.format for versions 2.0 and 3.0.) Nothing is evaluated:
 *
 *     header = '{' [ entry { ',' entry } [ ',' ] ] '}'
 *     entry  = string ':' value              value as the key demands
 *     type   = string | '[' field { ',' field } [ ',' ] ']'
 *     field  = '(' name ',' type [ ',' dims ] [ ',' ] ')'
 *     name   = string | '(' string ',' string [ ',' ] ')'     title and name
 *     dims   = '(' [ number { ',' number } [ ',' ] ] ')'
 *
 * with blanks and line ends between any two of these. */
#ifndef FORMAT_NPY_HEADER_H
#define FORMAT_NPY_HEADER_H

#include "format/binary.h"

/* The text of a header, and where it stands. */
struct npy_text {
    const char *bytes;
    size_t length;
    struct binary_place place; /* of its first byte */
    bool is_utf8;              /* version 3.0; before, Latin-1 */
};

struct npy_header {
    struct binary_field *fields; /* of the arena; one without a name when not structured */
    uint32_t count;
    bool is_structured;
    uint64_t item; /* bytes of an element */
    bool is_fortran;
    uint32_t dims;     /* 1 or 2 */
    uint64_t shape[2]; /* each below 2^63; shape[1] is 1 when dims is 1 */
};

/* Reads a header. Fails with SHEAF_DATA at the byte where it is wrong, also for types that are not
 * read: the message names the field. What is allocated is bounded by the header's length. */
enum sheaf_status npy_header_parse(const struct npy_text *text, struct arena *arena,
                                   struct npy_header *out, struct sheaf_error *error);

#endif

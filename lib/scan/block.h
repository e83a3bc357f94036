/* scan/block.h - 64 bytes at a time: the primitives of the best instruction set that the file
 * which includes this is compiled for. SCAN_BLOCK is defined when there is one.
 *
 *   struct block                       64 bytes
 *   block_load(bytes)                  reads them from anywhere
 *   block_match(block, byte)           bit i: byte i is this one
 *   block_has(block, byte)             whether any is
 *   block_see(seen, block, byte)       remembers in *seen, which is 0 at first, whether any is
 *   block_has_seen(seen)               whether any was
 *   block_prefix_xor(bits)             bit i: an odd number of bits 0 … i is set
 *   block_count(bits)                  how many are set
 *   block_write_marks(marks, separators, line_feeds, base)
 *                                      for each separator i, in order, base + 2 * i + 2, plus 1 for
 *                                      a line feed; may write BLOCK_MARKS_OVERRUN more
 *
 * and vectors of PAIRS_COUNT pairs of neighbours among the marks (scan/kernel.h), each the start
 * and the end of a field:
 *
 *   pairs_load(marks, stride)          pair i begins at marks[i * stride]
 *   pairs_store_texts(pairs, bytes, texts)
 *                                      the fields as texts, the empty ones with bytes NULL
 *   pairs_store_starts(pairs, base, out)
 *                                      base + the offset where each field starts */
#ifndef SCAN_BLOCK_H
#define SCAN_BLOCK_H

#if defined __AVX512VBMI2__ && defined __AVX512VBMI__ && defined __AVX512BW__
#include "scan/block_avx512.h"
#elif defined __AVX2__ && defined __BMI2__ && defined __PCLMUL__
#include "scan/block_avx2.h"
#elif defined __SSE2__ && defined __x86_64__
#include "scan/block_sse2.h"
#endif

#endif

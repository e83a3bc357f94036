/* terminal.h - the standard streams: what is behind them, and whether they hold. */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

/* Makes sure that descriptors 0 to 2 are open, so that no file we open gets one of their numbers
 * and is then mistaken for a standard stream. Those that were closed fail at first use, as they
 * should. Call first. */
void terminal_guard_streams(void);

/* True when the stream is a terminal that can move its cursor. */
bool terminal_is_screen(FILE *stream);

/* The width of the terminal behind the stream, in columns; 80 when it is not known. */
unsigned terminal_width(FILE *stream);

/* Flushes standard output. False, with a message, when something written to it was lost. */
bool terminal_flush_output(void);

#endif

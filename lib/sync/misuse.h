/* sync/misuse.h - where bugs of the program that uses us are reported. */
#ifndef SYNC_MISUSE_H
#define SYNC_MISUSE_H

#include <stdint.h>

/* Calls the misuse handler of the process. By default that does not return; a handler that was
 * set may, so the caller goes on as if the misused call had done nothing. Any thread. */
void misuse_report(const char *call, const char *what, int64_t value);

#endif

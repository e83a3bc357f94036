/* sync/processor.h - what loops that wait for another processor need to know of this one. */
#ifndef SYNC_PROCESSOR_H
#define SYNC_PROCESSOR_H

/* Two words this far apart are never carried to and fro together. */
enum { CACHE_LINE = 64 };

/* A turn of a loop that looks again and again: leaves the processor's resources to others. */
static inline void processor_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif

/* What a signal handler can reach are the watches: one for each open mapping, in a list that only
 * grows. A watch whose mapping is closed waits in it for the next one, so that no handler ever
 * meets memory that is gone. A watch is changed under a lock; a handler, which may take none, sees
 * by its version that it is being changed (Lamport, "Concurrent Reading and Writing", 1977). The
 * watch of the mapping that a handler is looking for stands still: its own thread is reading it. */
#include "io/mapping.h"

#include "base/memory.h"
#include "sync/monitor.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

enum { HUGE = 2 << 20 };

struct watch {
    struct watch *next;       /* fixed before others see the watch */
    _Atomic unsigned version; /* odd: being changed */
    _Atomic uintptr_t begin;
    _Atomic size_t length; /* 0: free */
    _Atomic bool broken;
};

struct mapping {
    char *base;        /* of whole pages */
    size_t length;     /* with one page more, for the padding */
    const char *bytes; /* what the caller sees */
    struct watch *watch;
};

static struct watch first_watch; /* most jobs need no other */

static struct {
    struct monitor monitor; /* guards the list's growth, the watches' changes, and what follows */
    _Atomic(struct watch *) watches;
    size_t open;             /* mappings; while there are any, the handler is installed */
    bool installed;          /* also after the last, when somebody's handler covers ours */
    struct sigaction before; /* who handled SIGBUS when it was installed */
    _Atomic size_t page;
} process = {.monitor = MONITOR_INIT, .watches = &first_watch};

_Static_assert(ATOMIC_POINTER_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2 &&
                   ATOMIC_LONG_LOCK_FREE == 2 && ATOMIC_BOOL_LOCK_FREE == 2,
               "handlers take no locks");

/* ---- the handler ------------------------------------------------------------------------- */

/* Gives the bytes of the watch when the address lies in them, else 0. */
static size_t look(struct watch *watch, uintptr_t address, uintptr_t *begin)
{
    const unsigned version = atomic_load(&watch->version);
    *begin = atomic_load(&watch->begin);
    const size_t length = atomic_load(&watch->length);
    if (version % 2 != 0 || atomic_load(&watch->version) != version)
        return 0;
    return address >= *begin && address - *begin < length ? length : 0;
}

/* Puts zeros from the address's page to the end of its mapping. False: it lies in none. */
static bool patch(uintptr_t address)
{
    const size_t page = atomic_load(&process.page);
    for (struct watch *watch = atomic_load(&process.watches); watch != NULL; watch = watch->next) {
        uintptr_t begin;
        const size_t length = look(watch, address, &begin);
        if (length == 0)
            continue;
        const size_t before = (address - begin) / page * page;
        atomic_store(&watch->broken, true);
        void *at = (void *)(begin + before); // NOLINT(performance-no-int-to-ptr): of a signal
        return mmap(at, length - before, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                    0) == at;
    }
    return false;
}

/* Hands on a signal that is not about a mapping. */
static void hand_on(int signal, siginfo_t *info, void *context)
{
    const struct sigaction *before = &process.before;
    if ((before->sa_flags & SA_SIGINFO) != 0) {
        before->sa_sigaction(signal, info, context);
    } else if (before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN) {
        before->sa_handler(signal);
    } else if (before->sa_handler == SIG_DFL || info->si_code > 0) {
        /* A fault that is ignored would happen again for ever. The signal is blocked until this
         * handler returns, and then ends the process. */
        struct sigaction standard = {.sa_handler = SIG_DFL};
        (void)sigemptyset(&standard.sa_mask);
        (void)sigaction(signal, &standard, NULL);
        (void)raise(signal);
    }
}

static void handle_bus_error(int signal, siginfo_t *info, void *context)
{
    const int saved = errno;
    /* Only a fault (si_code > 0) has an address; a signal that somebody sent has none. */
    if (info->si_code <= 0 || !patch((uintptr_t)info->si_addr))
        hand_on(signal, info, context);
    errno = saved;
}

/* With the lock held, as uninstall. */
static bool install(void)
{
    struct sigaction action = {.sa_sigaction = handle_bus_error,
                               .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
    (void)sigemptyset(&action.sa_mask);
    /* What was there is known before the first signal can ask for it. */
    if (!process.installed)
        process.installed =
            sigaction(SIGBUS, NULL, &process.before) == 0 && sigaction(SIGBUS, &action, NULL) == 0;
    return process.installed;
}

/* Gives SIGBUS back. A handler that somebody has put over ours may call it yet: then it stays. */
static void uninstall(void)
{
    struct sigaction now;
    if (process.installed && sigaction(SIGBUS, NULL, &now) == 0 &&
        (now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == handle_bus_error)
        process.installed = sigaction(SIGBUS, &process.before, NULL) != 0;
}

/* ---- the watches ------------------------------------------------------------------------- */

/* Gives a free watch, an old one or a new one; NULL: no memory. With the lock held. */
static struct watch *free_watch(void)
{
    struct watch *first = atomic_load(&process.watches);
    for (struct watch *watch = first; watch != NULL; watch = watch->next)
        if (atomic_load(&watch->length) == 0)
            return watch;
    struct watch *watch = memory_zeroed(1, sizeof *watch);
    if (watch == NULL)
        return NULL;
    watch->next = first;
    atomic_store(&process.watches, watch);
    return watch;
}

static void change(struct watch *watch, uintptr_t begin, size_t length)
{
    atomic_fetch_add(&watch->version, 1);
    atomic_store(&watch->begin, begin);
    atomic_store(&watch->length, length);
    atomic_store(&watch->broken, false);
    atomic_fetch_add(&watch->version, 1);
}

static bool begin_watching(struct mapping *mapping)
{
    monitor_lock(&process.monitor);
    mapping->watch = install() ? free_watch() : NULL;
    const bool watched = mapping->watch != NULL;
    if (watched) {
        change(mapping->watch, (uintptr_t)mapping->base, mapping->length);
        process.open++;
    } else if (process.open == 0) {
        uninstall();
    }
    monitor_unlock(&process.monitor);
    return watched;
}

static void end_watching(struct mapping *mapping)
{
    monitor_lock(&process.monitor);
    change(mapping->watch, 0, 0);
    if (--process.open == 0)
        uninstall();
    monitor_unlock(&process.monitor);
}

/* ---- mappings ---------------------------------------------------------------------------- */

static size_t page_size(void)
{
    size_t page = atomic_load(&process.page);
    if (page == 0) {
        const long said = sysconf(_SC_PAGESIZE);
        page = said > 0 ? (size_t)said : 4096;
        atomic_store(&process.page, page);
    }
    return page;
}

/* Reserves addresses: the first is as far from a multiple of HUGE as `from` is, so that the system
 * can map huge pages at once where it keeps the file in such. */
static char *reserve(uint64_t from, size_t length)
{
    const size_t spare = length < HUGE ? 0 : HUGE;
    char *base =
        mmap(NULL, length + spare, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        return NULL;
    const size_t before = spare == 0 ? 0 : (size_t)(from - (uintptr_t)base) % HUGE;
    if (before > 0)
        (void)munmap(base, before);
    if (spare > before)
        (void)munmap(base + before + length, spare - before);
    return base + before;
}

/* Maps whole pages of the file in front of a page of zeros, which is there whatever the file's
 * size: so the padding can be read. */
static bool map(struct mapping *mapping, int descriptor, uint64_t from, size_t length)
{
    mapping->length = length + page_size();
    mapping->base = reserve(from, mapping->length);
    if (mapping->base == NULL)
        return false;
    if (mmap(mapping->base, length, PROT_READ, MAP_SHARED | MAP_FIXED, descriptor, (off_t)from) ==
        mapping->base) {
        (void)madvise(mapping->base, length, MADV_SEQUENTIAL); /* of use to a cold file */
        return true;
    }
    (void)munmap(mapping->base, mapping->length);
    return false;
}

struct mapping *mapping_open(int descriptor, uint64_t start, uint64_t size)
{
    const size_t page = page_size();
    const uint64_t skipped = start % page;
    if (size == 0 || size > (uint64_t)PTRDIFF_MAX - 2 * HUGE - 2 * page)
        return NULL;
    struct mapping *mapping = memory_zeroed(1, sizeof *mapping);
    if (mapping == NULL)
        return NULL;
    const size_t length = ((size_t)(skipped + size) + page - 1) / page * page;
    if (!map(mapping, descriptor, start - skipped, length)) {
        memory_free(mapping);
        return NULL;
    }
    if (!begin_watching(mapping)) {
        (void)munmap(mapping->base, mapping->length);
        memory_free(mapping);
        return NULL;
    }
    mapping->bytes = mapping->base + skipped;
    return mapping;
}

const char *mapping_bytes(const struct mapping *mapping)
{
    return mapping->bytes;
}

void mapping_release(const struct mapping *mapping, uint64_t offset, uint64_t length)
{
    /* A page goes with the stretch that ends in a later one, so that stretches side by side
     * release each page once. Refusal would cost memory, no more. */
    const size_t page = page_size();
    const size_t skipped = (size_t)(mapping->bytes - mapping->base);
    const size_t begin = (skipped + (size_t)offset) / page * page;
    const size_t end = (skipped + (size_t)(offset + length)) / page * page;
    if (end > begin)
        (void)madvise(mapping->base + begin, end - begin, MADV_DONTNEED);
}

bool mapping_is_broken(const struct mapping *mapping)
{
    return atomic_load(&mapping->watch->broken);
}

void mapping_close(struct mapping *mapping)
{
    if (mapping == NULL)
        return;
    /* Watched to the last: nobody else may get these addresses meanwhile. */
    end_watching(mapping);
    (void)munmap(mapping->base, mapping->length);
    memory_free(mapping);
}

/* format/entry.h: the states that workers find together equal those of a serial fold, over rounds
 * of the ring, file borders and failed chunks. */
#include "format/entry.h"

#include "base/memory.h"
#include "sync/executors.h"
#include "unit/unit.h"

#include <sched.h>
#include <stdatomic.h>

enum { CHUNKS = 12000, WORKERS = 4, NEVER = CHUNKS };

struct table {
    struct scan_survey surveys[CHUNKS];
    struct entry_state begins[CHUNKS]; /* of the file that the chunk is in */
    bool first[CHUNKS];
    struct entry_state expected[CHUNKS];
    struct entry_state got[CHUNKS];
    enum sheaf_status status[CHUNKS];
    uint64_t failing; /* the chunk that cannot be surveyed, or NEVER */
};

static struct table table;

/* The serial fold, in its own words. */
static struct entry_state obvious_after(const struct entry_state *before,
                                        const struct scan_survey *survey)
{
    struct entry_state after;
    after.state = (enum scan_state)(survey->map >> (3 * (unsigned)before->state) & 7);
    after.lines = before->lines + survey->lines.count;
    if (before->last_is_cr && survey->lines.first_is_lf)
        after.lines--;
    after.last_is_cr = survey->lines.last_is_cr;
    return after;
}

static void make_table(uint64_t *seed, unsigned files_in_a_thousand)
{
    struct entry_state state = {.state = SCAN_ROW_START};
    struct entry_state begin = state;
    for (uint64_t n = 0; n < CHUNKS; n++) {
        const uint64_t draw = unit_random(seed);
        table.first[n] = n == 0 || draw % 1000 < files_in_a_thousand;
        if (table.first[n]) {
            begin = (struct entry_state){
                .state = SCAN_ROW_START, .lines = draw >> 40, .last_is_cr = (draw >> 20 & 1) != 0};
            state = begin;
        }
        table.begins[n] = begin;
        table.surveys[n] = (struct scan_survey){
            .map = (scan_map)(unit_random(seed) & 0xffffff),
            .lines = {.count = 1 + draw / 1000 % 50,
                      .first_is_lf = (draw >> 30 & 1) != 0,
                      .last_is_cr = (draw >> 31 & 1) != 0},
        };
        table.expected[n] = state;
        state = obvious_after(&state, &table.surveys[n]);
    }
    table.failing = NEVER;
}

/* ---- workers, with the window of base/chunk.h -------------------------------------------- */

struct crowd {
    struct executor *executor;
    struct entry_ring *ring;
    uint64_t seed;
    _Atomic uint64_t next;
    _Atomic uint8_t finished[CHUNKS];
    _Atomic uint64_t prefix;
};

/* Waits until every chunk before the window is finished. */
static void await_window(struct crowd *crowd, uint64_t number)
{
    uint64_t prefix = atomic_load(&crowd->prefix);
    while (prefix + CHUNK_WINDOW < number) {
        if (atomic_load(&crowd->finished[prefix]))
            atomic_compare_exchange_strong(&crowd->prefix, &prefix, prefix + 1);
        else
            sched_yield();
        prefix = atomic_load(&crowd->prefix);
    }
}

static void settle_all(void *argument, unsigned worker)
{
    struct crowd *crowd = argument;
    uint64_t seed = crowd->seed + worker;
    uint64_t number;
    while ((number = atomic_fetch_add(&crowd->next, 1)) < CHUNKS) {
        await_window(crowd, number);
        if (unit_random(&seed) % 16 == 0)
            sched_yield();
        const struct chunk chunk = {.number = number, .first = table.first[number]};
        if (number == table.failing)
            entry_ring_fail(crowd->ring, &chunk);
        else
            table.status[number] =
                entry_ring_settle(crowd->ring, &chunk, &table.surveys[number],
                                  &table.begins[number], &table.got[number], NULL);
        atomic_store(&crowd->finished[number], 1);
    }
}

static void run(const struct executor_ops *ops, uint64_t seed)
{
    static struct crowd crowd;
    crowd.seed = seed;
    atomic_store(&crowd.next, 0);
    atomic_store(&crowd.prefix, 0);
    for (uint64_t n = 0; n < CHUNKS; n++)
        atomic_store(&crowd.finished[n], 0);
    ck_assert_int_eq(ops->open(WORKERS, &crowd.executor, NULL), SHEAF_OK);
    ck_assert_int_eq(entry_ring_open(crowd.executor, &crowd.ring, NULL), SHEAF_OK);
    const struct executor_task task = {.work = settle_all, .argument = &crowd};
    ck_assert_int_eq(ops->run(crowd.executor, &task, NULL), SHEAF_OK);
    entry_ring_close(crowd.ring);
    ops->close(crowd.executor);
}

static void check_chunk(uint64_t n)
{
    const struct entry_state *expected = &table.expected[n];
    const struct entry_state *got = &table.got[n];
    if (table.status[n] != SHEAF_OK || got->state != expected->state ||
        got->lines != expected->lines || got->last_is_cr != expected->last_is_cr)
        ck_abort_msg("chunk %llu: status %d, state %d not %d, %llu lines not %llu",
                     (unsigned long long)n, (int)table.status[n], (int)got->state,
                     (int)expected->state, (unsigned long long)got->lines,
                     (unsigned long long)expected->lines);
}

START_TEST(equals_the_serial_fold)
{
    uint64_t seed = unit_seed("equals_the_serial_fold", 51);
    static const unsigned files[] = {0, 1, 30, 600};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        make_table(&seed, files[i]);
        run(executor_table[_i], seed);
        for (uint64_t n = 0; n < CHUNKS; n++)
            check_chunk(n);
    }
}
END_TEST

/* Chunks before a failed one are whole; those behind it, up to the next file, stop. */
START_TEST(a_failed_chunk_stops_those_behind)
{
    uint64_t seed = unit_seed("a_failed_chunk_stops_those_behind", 52);
    for (int round = 0; round < 6; round++) {
        make_table(&seed, round % 2 == 0 ? 0 : 2);
        table.failing = unit_random(&seed) % CHUNKS;
        run(executor_table[_i], seed);
        uint64_t n = 0;
        for (; n < table.failing; n++)
            check_chunk(n);
        for (n++; n < CHUNKS && !table.first[n]; n++)
            if (table.status[n] != SHEAF_STOPPED)
                ck_abort_msg("chunk %llu did not stop", (unsigned long long)n);
        for (; n < CHUNKS; n++)
            check_chunk(n);
    }
}
END_TEST

/* ---- a worker that comes late ------------------------------------------------------------ */

/* An executor of one thread: whoever waits has all the other chunks settled meanwhile. */
struct patient {
    struct executor base;
    struct entry_ring *ring;
    uint64_t late;
    unsigned waits;
};

static void settle(struct patient *patient, uint64_t number)
{
    const struct chunk chunk = {.number = number, .first = table.first[number]};
    table.status[number] = entry_ring_settle(patient->ring, &chunk, &table.surveys[number],
                                             &table.begins[number], &table.got[number], NULL);
}

static void settle_others(struct executor *executor, _Atomic uint32_t *word, uint32_t expected)
{
    struct patient *patient = (struct patient *)executor;
    (void)word;
    (void)expected;
    if (patient->waits++ > 0)
        ck_abort_msg("chunk %llu waits for a record that is gone",
                     (unsigned long long)patient->late);
    settle(patient, patient->late - 1);
    for (uint64_t n = patient->late + 1; n <= patient->late + CHUNK_WINDOW; n++)
        settle(patient, n);
}

static void wake_nobody(struct executor *executor, _Atomic uint32_t *word)
{
    (void)executor;
    (void)word;
}

/* While a chunk waits for the one before it, all that the window allows are settled; what it needs
 * is still there. */
START_TEST(a_late_worker_finds_its_records)
{
    static const struct executor_ops ops = {.wait_word = settle_others, .wake = wake_nobody};
    uint64_t seed = unit_seed("a_late_worker_finds_its_records", 53);
    make_table(&seed, 0);
    struct patient patient = {.base = {.ops = &ops}};
    ck_assert_int_eq(entry_ring_open(&patient.base, &patient.ring, NULL), SHEAF_OK);
    uint64_t number = 0;
    for (uint64_t late = 1; late + CHUNK_WINDOW < CHUNKS; late += CHUNK_WINDOW + 2) {
        for (; number < late - 1; number++)
            settle(&patient, number);
        patient.late = late;
        patient.waits = 0;
        settle(&patient, late);
        ck_assert_uint_eq(patient.waits, 1);
        number = late + CHUNK_WINDOW + 1;
    }
    for (uint64_t n = 0; n < number; n++)
        check_chunk(n);
    entry_ring_close(patient.ring);
}
END_TEST

START_TEST(memory_failures_are_clean)
{
    const int64_t live = memory_live();
    struct executor *executor;
    struct entry_ring *ring = NULL;
    ck_assert_int_eq(executor_serial.open(1, &executor, NULL), SHEAF_OK);
    memory_fail_at(1);
    ck_assert_int_eq(entry_ring_open(executor, &ring, NULL), SHEAF_SYSTEM);
    ck_assert_ptr_null(ring);
    entry_ring_close(ring);
    executor_serial.close(executor);
    ck_assert_int_eq(memory_live(), live);
}
END_TEST

static Suite *entry_suite(void)
{
    Suite *suite = suite_create("entry");
    TCase *tests = tcase_create("entry");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, equals_the_serial_fold, 0, (int)executor_table_length);
    tcase_add_loop_test(tests, a_failed_chunk_stops_those_behind, 0, (int)executor_table_length);
    tcase_add_test(tests, a_late_worker_finds_its_records);
    tcase_add_test(tests, memory_failures_are_clean);
    suite_add_tcase(suite, tests);
    return suite;
}

UNIT_MAIN(entry_suite)

/*
 * The pool: two workers, one or two threads that hand out tasks, one that ends the pool.
 *
 * code: lib/sync/pool.c lib/sync/pool_queue.c lib/sync/pool_run.c lib/sync/pool_sleepers.c
 * code: lib/sync/task_group.c
 * compile: -O0 -DSAFETY -DCOLLAPSE
 * run: -m100000
 *
 * A thread, `main`, hands out tasks 0 and 1 of the outer group, waits for the group and closes it.
 * Another drains or drops the pool, at any moment or, where it is patient, when all have got what
 * they wanted; then it joins the workers and frees the pool. One of these plans is chosen:
 *  - PRODUCERS: a third thread hands out task 2; the queue has room for one task or two. Task 0
 *    fails.
 *  - TRIES: that thread tries to, and task 1 is left out. Instead, main may give up a wait after task
 *    0, and begin one before it knows that task 2 was handed out.
 *  - NESTS: task 0 hands out tasks 3 and 4 of an inner group, waits for it inside the worker, and
 *    closes it. The queue has room for one task or two. Task 3 fails, and by that task 0.
 *
 * Shown: every call and every worker ends, so no wake-up is lost, neither by who has seen a full
 * queue nor by who has seen an empty one; a task is taken by one thread, and is run, skipped or
 * refused, once; no wait returns before all tasks handed out are accounted for; no task is counted
 * between the zero of a group and the release of its waiters; the failure is kept by then, its token
 * set, and what was not run noted; whoever sleeps is picked once, and wakes by that alone; nothing
 * of a group is touched after its wait and close, nothing of the pool after it is freed; no task is
 * left in the queue.
 *
 * What only the lock guards changes together with a step beside it. The workers' counters are one
 * number here: each grows by one at a time, so that a sum read piece by piece is one that was true
 * at a moment of the reading. A bundle holds two tasks; who holds it, the lock guards. Of the wait
 * group there are the count, the waiters flag, and the step of its own by which who got to zero
 * clears the flag; for the rest it and the park do what their own models show. Left out: limits,
 * deadlines of waits inside, and tasks that a full queue makes run inside a task of the same group
 * (no lock, no step).
 */
#define NOBODY 0
#define WORKER 1 /* the first; processes are numbered as `init` starts them */
#define TASKS 5
#define OUTER 0 /* the groups */
#define INNER 1
#define LINE 3
#define BUNDLE 2

/* Lists of sleepers; HELPERS + the group. */
#define NOWHERE 0
#define IDLE 1
#define ROOM 2
#define HELPERS 3

mtype = {OPEN, DRAINING, DROPPING};
mtype = {NEW, RUNNING, RAN, SKIPPED, REFUSED, BUSY};
mtype = {PRODUCERS, TRIES, NESTS};
mtype = {AWAIT_ROOM, REFUSE, INLINE, QUEUE, ATTACH, REST, LEAVE};

/* The pool. */
byte owner; /* of the lock */
mtype intake = OPEN;
byte capacity;
short wanting_room;
byte handed;
byte started[2];
byte list[5]; /* in which each process is */
bool picked[5];

/* The groups. Each line has two bundles. */
bool ready[2];
byte line[6];
byte taken[4];
byte filled[4];
byte unfinished[2];
byte count[2]; /* of the wait group */
bool flag[2];  /* too: somebody waits, or did so and left */
bool token[2];
bool failed[2];
bool skipped[2];

/* What only the proof knows. */
mtype plan;
byte failing; /* the task that fails */
bool patient;
mtype state[TASKS];
bool told; /* task 2 was counted or refused */
bool closed[2];
bool freed;
byte left; /* threads outside that are done with the pool */
bool exited[2];

#define half (capacity / 2)
#define own() assert(owner == _pid && !freed)
#define touch(g) assert(!closed[g] && !freed)
#define takes(inside) (intake == OPEN || (intake == DRAINING && inside))
#define waiting() (handed - started[0] - started[1])
#define over() (intake != OPEN && waiting() == 0)
#define acquire() owner == NOBODY -> owner = _pid; assert(!freed)

inline release()
{
    atomic { own(); owner = NOBODY };
}

/* --- pool_sleepers.c --- */

#define sleeps(where) (list[1] == where || list[2] == where || list[3] == where || list[4] == where)

/* Any of them: which one is a matter of speed. */
inline pick(where)
{
    if
    :: list[1] == where -> who = 1;
    :: list[2] == where -> who = 2;
    :: list[3] == where -> who = 3;
    :: list[4] == where -> who = 4;
    fi;
    assert(!picked[who]);
    list[who] = NOWHERE;
    picked[who] = true;
    who = 0;
}

inline wake_one(where)
{
    if
    :: sleeps(where) ->
        atomic { own(); pick(where); }; /* @pool_pick */
    :: else;
    fi;
}

/* Never more than two. */
inline wake_all(where)
{
    wake_one(where);
    wake_one(where);
    assert(!sleeps(where));
}

/* In the list, and the lock given up. */
inline sleep()
{
    picked[_pid]; /* @pool_sleep */
    atomic { acquire(); assert(picked[_pid] && list[_pid] == NOWHERE); picked[_pid] = false; }; /* @pool_awake */
}

#define enlist(where) own(); list[_pid] = where; owner = NOBODY

/* --- pool_queue.c --- */

inline offer_room()
{
    atomic { own(); few = (sleeps(ROOM) && waiting() <= half) };
    if :: few -> few = false; wake_all(ROOM); :: else; fi;
}

/* Which bundle a task is taken from, and put into. */
#define has_tasks(g) (taken[2 * g] < filled[2 * g] || taken[2 * g + 1] < filled[2 * g + 1])
#define front(g) (2 * g + (taken[2 * g] == filled[2 * g]))
#define end(g) (2 * g + (filled[2 * g] == BUNDLE))

inline look_at(bundle, upto)
{
    next = taken[bundle];
    if :: next >= upto -> upto = filled[bundle]; :: else; fi;
    some = (next < upto);
}

/* Takes the next task of the frame's bundle, if any: sets got. */
inline take_index(g, bundle, upto, task)
{
    atomic { touch(g); look_at(bundle, upto) };
    do
    :: some ->
        atomic { touch(g); if :: taken[bundle] == next -> taken[bundle]++; got = true; :: else; fi; }; /* @pool_take */
        if
        :: got ->
            atomic {
                some = false;
                assert(next < filled[bundle]);
                task = line[g * LINE + (bundle % 2) * BUNDLE + next];
                next = 0;
            };
        :: else -> atomic { assert(taken[bundle] != next); look_at(bundle, upto) };
        fi;
    :: else -> break;
    od;
    next = 0;
}

inline take(g, bundle, upto, task)
{
    take_index(g, bundle, upto, task);
    if
    :: got ->
        started[_pid - WORKER]++; /* @pool_started */
        atomic { few = wanting_room > 0; seen = started[0] + started[1] };
        if :: few -> atomic { assert(handed >= seen); few = (handed - seen <= half) }; :: else; fi;
        seen = 0;
        if
        :: few ->
            few = false;
            atomic { acquire(); }; /* @pool_offer_room */
            offer_room();
            release();
        :: else;
        fi;
    :: else;
    fi;
}

inline attach(g, bundle, upto, task)
{
    do
    :: atomic { !got && has_tasks(g) -> own(); touch(g); bundle = front(g); upto = 0 };
        take_index(g, bundle, upto, task);
    :: atomic { got || !has_tasks(g) -> break };
    od;
    if
    :: got ->
        started[_pid - WORKER]++; /* @pool_started */
        offer_room();
    :: else;
    fi;
    atomic {
        own();
        touch(g);
        ready[g] = has_tasks(g);
        if :: got -> owner = NOBODY; :: else -> bundle = 0; upto = 0; fi;
    };
}

inline enqueue(g, task)
{
    d_step {
        own();
        touch(g);
        line[g * LINE + filled[2 * g] + filled[2 * g + 1]] = task;
        to = end(g);
        handed++;
        ready[g] = true;
    };
    filled[to]++; /* @pool_enqueue */
    to = 0;
    wake_one(IDLE);
    wake_one(HELPERS + g);
}

/* When the last task is accounted for. One thread at most waits inside for a group. */
inline retire(g)
{
    if
    :: owes ->
        owes = false;
        wake_one(HELPERS + g);
        atomic { touch(g); assert(count[g] > 0); count[g]--; few = (flag[g] && count[g] == 0); }; /* @pool_done */
        if :: few -> atomic { few = false; touch(g); flag[g] = false }; :: else; fi;
    :: else;
    fi;
}

inline detach(g, tasks, shy)
{
    d_step {
        own();
        touch(g);
        ready[g] = has_tasks(g);
        skipped[g] = skipped[g] || shy;
        shy = false;
        assert(unfinished[g] >= tasks);
        unfinished[g] = unfinished[g] - tasks;
        tasks = 0;
        owes = (unfinished[g] == 0);
        few = ready[g];
    };
    if :: few -> few = false; wake_one(HELPERS + g); :: else; fi;
    retire(g);
}

/* --- pool_run.c --- */

inline begin(g, task, shy)
{
    touch(g);
    assert(state[task] == NEW && unfinished[g] > 0);
    if
    :: intake == DROPPING || token[g] -> state[task] = SKIPPED; shy = true;
    :: else -> state[task] = RAN; fails = (task == failing);
    fi;
}

inline fail(g)
{
    atomic { owner == NOBODY; touch(g); failed[g] = true; }; /* @pool_fail */
    atomic { touch(g); token[g] = true; }; /* @pool_cancel */
    fails = false;
}

inline execute(g, task, tasks, shy)
{
    atomic { got = false; begin(g, task, shy); tasks++ };
    if :: fails -> fail(g); :: else; fi;
}

/* --- task_group.c --- */

inline await_room()
{
    wanting_room++; /* @group_want_room */
    do
    :: atomic { waiting() >= capacity && takes(false) -> enlist(ROOM) }; sleep();
    :: atomic { else -> own(); wanting_room--; break };
    od;
}

inline refuse(g, task)
{
    atomic { owner == NOBODY; touch(g); skipped[g] = true; }; /* @group_refuse */
    atomic { state[task] = REFUSED; told = told || task == 2 };
}

/* From the lock on. Leaves doing at INLINE when the new task is to be run here. */
inline hand_out(g, task, inside)
{
    if
    :: unfinished[g] == 1 ->
        atomic { own(); touch(g); assert(count[g] > 0 || !flag[g]); count[g]++; }; /* @group_count */
    :: else;
    fi;
    atomic {
        own();
        told = told || task == 2;
        if :: !inside && waiting() >= capacity -> doing = AWAIT_ROOM; :: else; fi;
    };
    if :: doing == AWAIT_ROOM -> await_room(); :: else; fi;
    atomic {
        own();
        if
        :: !takes(inside) -> doing = REFUSE;
        :: takes(inside) && inside && waiting() >= capacity -> doing = INLINE; owner = NOBODY;
        :: else -> doing = QUEUE;
        fi;
    };
    if
    :: doing == REFUSE ->
        atomic {
            doing = 0;
            own();
            touch(g);
            state[task] = REFUSED;
            skipped[g] = true;
            unfinished[g]--;
            owes = (unfinished[g] == 0);
        };
        retire(g);
        release();
    :: doing == QUEUE -> doing = 0; enqueue(g, task); release();
    :: doing == INLINE;
    fi;
}

inline go(g, task, inside)
{
    if
    :: token[g] -> refuse(g, task);
    :: else ->
        atomic { acquire(); touch(g); unfinished[g]++; }; /* @group_go */
        hand_out(g, task, inside);
        if
        :: doing == INLINE ->
            doing = 0;
            execute(g, task, inner_tasks, inner_shy);
            atomic { acquire(); }; /* @group_detach_inline */
            detach(g, inner_tasks, inner_shy);
            release();
        :: else;
        fi;
    fi;
}

inline try_go(g, task)
{
    if
    :: token[g] -> refuse(g, task);
    :: else ->
        atomic { acquire(); touch(g); }; /* @group_try_go */
        atomic {
            own();
            if
            :: takes(false) && waiting() >= capacity ->
                state[task] = BUSY;
                told = true;
                owner = NOBODY;
            :: else -> unfinished[g]++; doing = QUEUE;
            fi;
        };
        if :: doing == QUEUE -> doing = 0; hand_out(g, task, false); :: else; fi;
    fi;
}

#define begin_wait(g) if :: count[g] > 0 -> flag[g] = true; :: else; fi

inline await(g)
{
    atomic { begin_wait(g); count[g] == 0 && !flag[g]; touch(g); }; /* @group_await */
}

inline outcome(g)
{
    atomic { acquire(); touch(g); }; /* @group_outcome */
}

inline help(g)
{
    atomic { acquire(); touch(g); }; /* @group_help */
    do
    :: atomic { unfinished[g] == 0 -> own(); owner = NOBODY; break };
    :: atomic { unfinished[g] > 0 && !ready[g] -> enlist(HELPERS + g) }; sleep();
    :: atomic { unfinished[g] > 0 && ready[g] -> own(); ready[g] = false };
        attach(g, inner_bundle, inner_upto, inner_task);
        if
        :: got ->
            do
            :: got -> 
                execute(g, inner_task, inner_tasks, inner_shy);
                take(g, inner_bundle, inner_upto, inner_task);
            :: else -> break;
            od;
            atomic { inner_task = 0; inner_bundle = 0; inner_upto = 0 };
            atomic { acquire(); }; /* @group_detach */
            detach(g, inner_tasks, inner_shy);
        :: else;
        fi;
    od;
}

#define ended(task) (state[task] != NEW && state[task] != RUNNING)
#define kept(g, task) (state[task] != RAN || task != failing || (failed[g] && token[g]))
#define noted(g, task) (state[task] == RAN || state[task] == BUSY || skipped[g])
#define check_outcome(g, task) assert(ended(task) && kept(g, task) && noted(g, task))

/* What task 0 does in the nested plan. */
inline nest()
{
    go(INNER, 3, true);
    go(INNER, 4, true);
    help(INNER);
    outcome(INNER);
    d_step {
        own();
        owner = NOBODY;
        assert(unfinished[INNER] == 0 && count[INNER] == 0);
        check_outcome(INNER, 3);
        check_outcome(INNER, 4);
        closed[INNER] = true;
        fails = fails || failed[INNER];
        state[0] = RAN;
    };
}

/* --- The processes --- */

inline run_outer()
{
    atomic {
        got = false;
        begin(g, task, shy);
        tasks++;
        if
        :: plan == NESTS && task == 0 && state[0] == RAN -> state[0] = RUNNING; nests = true;
        :: else;
        fi;
    };
    if :: nests -> nests = false; nest(); :: else; fi;
    if :: fails -> fail(g); :: else; fi;
}

/* What to do next: in one step, since all that it looks at is guarded by the lock. */
inline look_around()
{
    atomic {
        own();
        if
        :: ready[0] -> g = 0; doing = ATTACH; ready[0] = false;
        :: ready[1] -> g = 1; doing = ATTACH; ready[1] = false;
        :: else ->
            if
            :: over() -> doing = LEAVE;
            :: else -> doing = REST; owner = NOBODY;
            fi;
        fi;
    };
}

proctype worker()
{
    byte g, bundle, upto, task, tasks, inner_bundle, inner_upto, inner_task, inner_tasks, next, to, seen, who;
    bool got, some, few, owes, shy, inner_shy, fails, nests;
    mtype doing;

    atomic { acquire(); }; /* @pool_begin */
    do
    :: look_around();
        if
        :: doing == ATTACH ->
            doing = 0;
            attach(g, bundle, upto, task);
            if
            :: got ->
                do
                :: got ->
                    run_outer();
                    if
                    :: plan == NESTS; /* other groups are ready */
                    :: true -> take(g, bundle, upto, task);
                    fi;
                :: else -> break;
                od;
                atomic { task = 0; bundle = 0; upto = 0 };
                atomic { acquire(); }; /* @pool_detach */
                detach(g, tasks, shy);
            :: else;
            fi;
            g = 0;
        :: doing == REST ->
            doing = 0;
            atomic { acquire(); }; /* @pool_idle */
            if
            :: atomic { !ready[0] && !ready[1] && !over() -> enlist(IDLE) }; sleep();
            :: else;
            fi;
        :: doing == LEAVE -> doing = 0; break;
        fi;
    od;
    wake_all(IDLE);
    atomic { own(); exited[_pid - WORKER] = true; owner = NOBODY };
}

proctype main()
{
    byte inner_tasks, to, who;
    bool owes, inner_shy, few, got, fails, last;
    mtype doing;

    go(OUTER, 0, false);
    if
    :: plan != TRIES -> go(OUTER, 1, false);
    :: else ->
        state[1] = BUSY;
        if
        :: atomic { begin_wait(OUTER) };
        :: true;
        fi;
    fi;
    do
    :: atomic { told || plan == TRIES -> last = told };
        await(OUTER);
        outcome(OUTER);
        release();
        if :: last -> break; :: else; fi;
    od;
    atomic { acquire(); touch(OUTER); }; /* @group_failed */
    d_step {
        own();
        owner = NOBODY;
        assert(unfinished[OUTER] == 0);
        check_outcome(OUTER, 0);
        check_outcome(OUTER, 1);
        if :: plan != NESTS -> check_outcome(OUTER, 2); :: else; fi;
        closed[OUTER] = true;
        left++;
    };
}

proctype producer()
{
    byte inner_tasks, to, who;
    bool owes, inner_shy, few, got, fails;
    mtype doing;

    if
    :: plan == TRIES -> try_go(OUTER, 2);
    :: plan == PRODUCERS -> go(OUTER, 2, false);
    fi;
    left++;
}

proctype closer()
{
    byte who;

    (!patient || left == 2);
    atomic { acquire(); if :: intake = DRAINING; :: intake = DROPPING; fi; }; /* @pool_end */
    wake_all(IDLE);
    wake_all(ROOM);
    release();
    for (who : 0 .. 1) {
        exited[who]; /* @pool_join */
    }
    (left == 2);
    d_step { assert(waiting() == 0 && owner == NOBODY); freed = true };
}

init
{
    byte i;

    atomic {
        for (i : 0 .. 4) { state[i] = NEW; }
        if :: plan = TRIES; :: plan = NESTS; :: plan = PRODUCERS; fi;
        if :: plan != TRIES -> patient = true; :: true; fi;
        if :: capacity = 1; :: plan != TRIES -> capacity = 2; fi;
        failing = (plan == NESTS -> 3 : 0);
        run worker();
        run worker();
        run main();
        if
        :: plan == NESTS -> told = true; left = 1;
        :: else -> run producer();
        fi;
        run closer();
    }
}

/*
 * The resource pool: three borrowers, one or two slots, one closer.
 *
 * code: lib/sync/resource_pool.c
 * compile: -O2 -DSAFETY
 * run: -m100000
 *
 * Borrower 0 may be stubborn: it keeps its resource until the others have come back from the pool.
 * Borrower 1 invalidates what it got. Borrower 2 may lose its patience while it waits. Opening may
 * fail for each. The closer begins at any moment, or, where nobody is stubborn, may be patient and
 * begin only when all have come back; its first wait may end by its deadline.
 *
 * Shown: no two have the same slot; a resource is closed once, by whoever invalidates it or after
 * the last return; no borrow succeeds once close has begun; every borrow ends, also when close has
 * begun while a stubborn borrower keeps the only resource; close ends; nothing of the pool is
 * touched after it is freed; nobody waits for a permit that was lost.
 *
 * What the lock guards is one atomic step: nobody waits while holding it. The channel and the wait
 * group do what their own models show.
 */
#define BORROWERS 3
#define SLOTS 2

mtype = {EMPTY, IDLE, OPENING, LENT, CLOSING};

/* The pool. */
mtype state[SLOTS];
byte capacity;
byte permits;  /* in the channel */
bool refusing; /* the channel is closed */
bool closing;
byte count;    /* of the wait group */

/* What only the proof knows. */
bool stubborn;
bool patient;
bool began;         /* close has begun */
bool freed;
bool opened[SLOTS]; /* there is a resource */
bool used[SLOTS];   /* a borrower works with it */
bool closed;        /* close has returned */
byte back;          /* borrowers that have come back */

#define touch() assert(!freed)

/* The program's function, which runs without the lock. */
inline close_resource(slot, expected)
{
    atomic { assert(state[slot] == expected && opened[slot] && !used[slot]); opened[slot] = false };
}

inline use_resource(slot)
{
    atomic { assert(state[slot] == LENT && opened[slot] && !used[slot]); used[slot] = true };
    (me != 0 || !stubborn || back == BORROWERS - 1);
    used[slot] = false;
}

inline choose_slot()
{
    if
    :: state[0] == IDLE -> mine = 0;
    :: state[0] != IDLE && capacity == 2 && state[1] == IDLE -> mine = 1;
    :: else ->
        if
        :: state[0] == EMPTY -> mine = 0;
        :: else -> assert(capacity == 2 && state[1] == EMPTY); mine = 1;
        fi;
    fi;
    opens = (state[mine] == EMPTY);
    state[mine] = (opens -> OPENING : LENT);
}

inline fill_slot()
{
    assert(state[mine] == OPENING);
    if
    :: !fails && !closing -> assert(!began); state[mine] = LENT;
    :: !fails && closing -> state[mine] = IDLE; refused = true;
    :: fails -> state[mine] = EMPTY; refused = true;
    fi;
}

proctype borrower(byte me)
{
    bool refused = false;
    bool opens = false;
    bool fails = false;
    byte mine = SLOTS;

    atomic { touch(); if :: closing -> refused = true; :: else -> count++; fi; }; /* @res_enter */
    if :: refused -> goto out; :: else; fi;

    atomic { (permits > 0 || refusing || me == 2); touch(); if :: permits > 0 -> permits--; :: else -> refused = true; fi; }; /* @res_await */
    if :: refused -> goto leave; :: else; fi;

    atomic { touch(); if :: closing -> refused = true; :: else -> assert(!began); choose_slot(); fi; }; /* @res_take */
    if :: refused -> goto give_back; :: else; fi;
    assert(mine < SLOTS);
    if
    :: opens ->
        if
        :: atomic { assert(!opened[mine]); opened[mine] = true };
        :: fails = true;
        fi;
        atomic { touch(); fill_slot(); }; /* @res_fill */
        if :: refused || fails -> goto give_back; :: else; fi;
    :: else;
    fi;

    use_resource(mine);
    if
    :: me != 1 ->
        atomic { touch(); assert(state[mine] == LENT); state[mine] = IDLE; }; /* @res_return */
    :: else ->
        atomic { touch(); assert(state[mine] == LENT); state[mine] = CLOSING; }; /* @res_spoil */
        close_resource(mine, CLOSING);
        atomic { touch(); state[mine] = EMPTY; }; /* @res_empty */
    fi;

give_back:
    atomic { touch(); if :: refusing; :: else -> permits++; assert(permits <= capacity); fi; }; /* @res_offer */
leave:
    atomic { touch(); assert(count > 0); count--; }; /* @res_leave */
out:
    back++;
}

proctype closer()
{
    bool late;
    bool was_late = false;
    byte i;

    (!patient || back == BORROWERS);
again:
    late = false;
    atomic { touch(); closing = true; }; /* @res_close */
    began = true;
    atomic { touch(); refusing = true; }; /* @res_refuse */
    atomic { (count == 0 || !was_late); touch(); if :: count == 0; :: !was_late -> was_late = true; late = true; fi; }; /* @res_wait */
    if :: late -> goto again; :: else; fi;
    for (i : 0 .. SLOTS - 1) {
        if
        :: state[i] == IDLE -> close_resource(i, IDLE); state[i] = EMPTY;
        :: else -> assert(state[i] == EMPTY);
        fi;
        assert(!opened[i]);
    }
    closed = true;
    (back == BORROWERS); /* the program's duty: nobody is inside a call when the pool is freed */
    freed = true;
}

init
{
    atomic {
        select(capacity : 1 .. SLOTS);
        if :: stubborn = true; :: patient = true; :: true; fi;
        permits = capacity;
        state[0] = EMPTY;
        state[1] = EMPTY;
        run borrower(0);
        run borrower(1);
        run borrower(2);
        run closer();
    }
}

/*
 * The channel: two senders, two receivers, one or two slots, somebody who cancels, a clock.
 *
 * code: lib/sync/channel.c
 * compile: -O2 -DSAFETY
 * run: -m100000
 *
 * One of these plans is chosen:
 *  - CLOSES: sender 0 closes the channel after its item, while sender 1 may still send; receivers
 *    go on until the end. Once with two senders, once with two receivers.
 *  - BATCHES: one sender puts two items by one call, then closes; one receiver takes up to two.
 *  - CANCELS: one sender, one receiver; the channel is cancelled at any moment.
 *  - LEAVES_ROOM: two senders put one item each, two receivers take one each; nobody closes.
 *  - LEAVES_ITEMS: the same, but the channel was full at the start, and is so at the end.
 *  - HURRIES: the deadline of a sender, or of a receiver, may pass in its sleep; nobody closes.
 *
 * Shown: an item is received once, whole, and after those that its sender sent before; no place is
 * taken after the close; who is told that the channel is at its end can miss no item; every call
 * ends, so no wake-up is lost; a sleeper that wakes had a reason to look again, and a failed step
 * is tried again only when its word has changed.
 *
 * Each pass of the caller's loop is one step of the code; `phase` says which. Position p belongs to
 * slot p % capacity. For the model's small numbers the stamps are 2p while its sender may fill it,
 * 2p + 1 while its receiver may empty it. The attempts before the first sleep are one here.
 */
#define SENDERS 0
#define RECEIVERS 1
#define CLOSED 64 /* in next[SENDERS] */
#define NONE 255
#define CALLERS 4 /* number 2 * side + 0 or 1 */

mtype = {CLOSES, BATCHES, CANCELS, LEAVES_ROOM, LEAVES_ITEMS, HURRIES};
mtype = {OK, BUSY, STOPPED, END, TIMEOUT};
mtype = {AWAKE, ASLEEP, WOKEN, EXPIRED};
mtype = {NEXT, STAMP, TAIL, CLAIM, HAND_OVER, SLEEPERS, CLEAR, WAKE_ONE, REGISTER, REASON, SLEEP,
         CLOSE, EPOCH, WAKE_ALL, DONE};

/* The channel. */
byte capacity;
byte next[2];
byte word[2]; /* the flag, the epoch above it */
byte stamp[2];
byte item[2];
bool reason; /* of the token */

/* What the kernel knows of the callers. */
mtype sleep[CALLERS];

/* What only the proof knows. */
mtype plan;
bool closed;
bool owned[2];    /* by who has claimed it, and copies */
bool received[5]; /* items are 1, 2 of sender 0 and 3, 4 of sender 1 */
byte ended;       /* callers */

#define wake_if_asleep(who) sleep[who] = (sleep[who] == ASLEEP -> WOKEN : sleep[who])

/* The call begins, or begins anew after it has set the flag. */
inline start_look()
{
    pos = 0;
    past = 0;
    before = NONE;
    phase = NEXT
}

/* The next call, or what comes after the last. */
inline return_result()
{
    assert(result != STOPPED || closed || reason);
    assert(result != TIMEOUT || sleep[me] == EXPIRED);
    slow = false;
    leaving = false;
    status = OK;
    pos = 0;
    past = 0;
    to = 0;
    sleep[me] = AWAKE;
    if
    :: result == OK && count < quota -> start_look()
    :: (result != OK || count == quota) && me == 0 && (plan == CLOSES || plan == BATCHES) -> phase = CLOSE
    :: else -> phase = DONE; before = NONE
    fi;
    result = OK
}

/* An attempt is over: who had set the flag looks whether it owes somebody a wake-up. */
inline return_or_leave()
{
    if
    :: slow -> leaving = true; status = result; start_look()
    :: else -> return_result()
    fi
}

inline use_look()
{
    if
    :: leaving && result != BUSY -> result = OK; pos = 0; past = 0; to = side; phase = SLEEPERS
    :: leaving && result == BUSY -> result = status; return_result()
    :: !leaving && result == OK -> phase = CLAIM
    :: !leaving && result == BUSY && !slow -> phase = REGISTER
    :: !leaving && result == BUSY && slow && sleep[me] != EXPIRED -> phase = SLEEP
    :: !leaving && result == BUSY && slow && sleep[me] == EXPIRED -> result = TIMEOUT; return_or_leave()
    :: !leaving && (result == STOPPED || result == END) -> return_or_leave()
    fi
}

/* Senders' items are numbered from `sent` on: LEAVES_ITEMS begins with a full channel. */
#define sent (plan == LEAVES_ITEMS && me < 2 -> 1 : 0)

inline copy_item()
{
    assert(owned[pos % capacity]);
    owned[pos % capacity] = false;
    if
    :: side == SENDERS -> item[pos % capacity] = 2 * me + 1 + count + sent
    :: else ->
        got = item[pos % capacity];
        assert(got != 0 && !received[got] && got > latest[(got - 1) / 2]);
        received[got] = true;
        latest[(got - 1) / 2] = got;
        item[pos % capacity] = 0;
        got = 0
    fi;
    count++
}

inline end_wake_one()
{
    current = 0;
    if
    :: leaving -> result = status; return_result()
    :: else -> result = OK; return_or_leave()
    fi
}

proctype caller(byte me; byte most; byte quota)
{
    byte side = me / 2;
    byte count;     /* items sent or received */
    byte latest[2]; /* of each sender */
    byte pos, past, before = NONE, seen, current, old, mine, got, to;
    bool slow, leaving, claimed;
    mtype result = OK, status = OK, phase = NEXT;

    do
    :: atomic { phase == NEXT ->
        pos = next[side]; /* @ch_next */
        assert(pos != before);
        past = pos;
        if
        :: pos & CLOSED -> result = STOPPED; use_look()
        :: else -> phase = STAMP
        fi }
    :: atomic { phase == STAMP ->
        seen = stamp[past % capacity]; /* @ch_stamp */
        if
        :: seen == 2 * past + side && past + 1 - pos < most -> past++
        :: seen == 2 * past + side && past + 1 - pos == most -> past++; result = OK; use_look()
        :: seen != 2 * past + side && past > pos -> result = OK; use_look()
        :: seen > 2 * past + side && past == pos -> before = pos; phase = NEXT
        :: seen < 2 * past + side && past == pos && side == SENDERS -> result = BUSY; use_look()
        :: seen < 2 * past + side && past == pos && side == RECEIVERS -> phase = TAIL
        fi;
        seen = 0 }
    :: atomic { phase == TAIL ->
        seen = next[SENDERS]; /* @ch_tail */
        result = (seen == (pos | CLOSED) -> END : BUSY);
        assert(result == BUSY || (closed && next[SENDERS] == (next[RECEIVERS] | CLOSED)));
        seen = 0;
        use_look() }
    :: atomic { phase == CLAIM ->
        d_step { claimed = (next[side] == pos); next[side] = (claimed -> past : next[side]) }; /* @ch_claim */
        if
        :: claimed ->
            assert(side == RECEIVERS || !closed);
            assert(!owned[pos % capacity] && !owned[(past - 1) % capacity]);
            owned[pos % capacity] = true;
            owned[(past - 1) % capacity] = true;
            phase = HAND_OVER
        :: else -> before = pos; phase = NEXT
        fi;
        claimed = false }
    :: atomic { phase == HAND_OVER ->
        copy_item();
        stamp[pos % capacity] = (side == SENDERS -> 2 * pos + 1 : 2 * (pos + capacity)); /* @ch_hand_over */
        pos++;
        if
        :: pos == past -> pos = 0; past = 0; to = 1 - side; phase = SLEEPERS
        :: else
        fi }
    :: atomic { phase == SLEEPERS ->
        current = word[to]; /* @ch_sleepers */
        if
        :: current & 1 -> phase = CLEAR
        :: else -> end_wake_one()
        fi }
    :: atomic { phase == CLEAR ->
        old = current;
        d_step { claimed = (word[to] == current); word[to] = (claimed -> current + 1 : word[to]); current = word[to] }; /* @ch_clear */
        assert(current != old);
        if
        :: claimed -> phase = WAKE_ONE
        :: !claimed && !(current & 1) -> end_wake_one()
        :: !claimed && (current & 1)
        fi;
        claimed = false;
        old = 0 }
    :: atomic { phase == WAKE_ONE ->
        atomic { if :: sleep[2 * to] == ASLEEP -> sleep[2 * to] = WOKEN :: sleep[2 * to + 1] == ASLEEP -> sleep[2 * to + 1] = WOKEN :: else fi }; /* @ch_wake_one */
        end_wake_one() }
    :: atomic { phase == REGISTER ->
        d_step { mine = word[side] | 1; word[side] = mine }; /* @ch_register */
        slow = true;
        if
        :: plan == CANCELS -> phase = REASON
        :: else -> start_look() /* the token is never set */
        fi }
    :: atomic { phase == REASON ->
        claimed = reason; /* @ch_reason */
        if
        :: claimed -> result = STOPPED; return_or_leave()
        :: else -> start_look()
        fi;
        claimed = false }
    :: atomic { phase == SLEEP ->
        sleep[me] = AWAKE;
        pos = 0;
        past = 0;
        atomic { if :: word[side] == mine -> sleep[me] = ASLEEP; sleep[me] != ASLEEP :: else fi }; /* @ch_sleep */
        assert(word[side] != mine || sleep[me] != AWAKE);
        mine = 0;
        phase = REGISTER }
    :: atomic { phase == CLOSE ->
        d_step { next[SENDERS] = next[SENDERS] | CLOSED; closed = true }; /* @ch_close */
        to = SENDERS;
        phase = EPOCH }
    :: atomic { phase == EPOCH ->
        word[to] = word[to] + 2; /* @ch_next_epoch */
        phase = WAKE_ALL }
    :: atomic { phase == WAKE_ALL ->
        d_step { wake_if_asleep(2 * to); wake_if_asleep(2 * to + 1) }; /* @ch_wake_all */
        to++;
        phase = (to <= RECEIVERS -> EPOCH : DONE) }
    :: atomic { phase == DONE ->
        ended++;
        assert(ended < CALLERS || !closed || next[SENDERS] == (next[RECEIVERS] | CLOSED));
        break }
    od
}

/* Sets the token, whose watch wakes everybody as a close does. */
proctype canceller()
{
    reason = true;
    d_step { word[SENDERS] = word[SENDERS] + 2; wake_if_asleep(0); wake_if_asleep(1) };
    d_step { word[RECEIVERS] = word[RECEIVERS] + 2; wake_if_asleep(2); wake_if_asleep(3) }
}

proctype clock(byte hasty)
{
end:
    atomic {
        sleep[hasty] == ASLEEP;
        sleep[hasty] = EXPIRED
    }
}

inline start(number, size, items)
{
    sleep[number] = AWAKE;
    if
    :: items > 0 -> run caller(number, size, items)
    :: else -> ended++
    fi
}

init
{
    atomic {
        byte most = 1, first = 1, second = 1, third = 1, fourth = 1; /* items for each caller */
        if
        :: capacity = 1
        :: capacity = 2
        fi;
        if
        :: plan = BATCHES; most = 2; first = 2; second = 0; third = 3; fourth = 0
        :: plan = CANCELS; first = 2; second = 0; third = 3; fourth = 0
        :: capacity == 1 -> plan = HURRIES; fourth = 0; run clock(0)
        :: plan = CLOSES; third = 2; fourth = 0
        :: plan = CLOSES; second = 0; third = 2; fourth = 2
        :: capacity == 1 -> plan = HURRIES; first = 2; second = 0; run clock(2)
        :: capacity == 2 -> plan = LEAVES_ROOM
        :: capacity == 2 -> plan = LEAVES_ITEMS
        fi;
        stamp[1] = 2;
        if
        :: plan == LEAVES_ITEMS -> stamp[0] = 1; stamp[1] = 3; next[SENDERS] = 2; item[0] = 1; item[1] = 3
        :: plan == CANCELS -> run canceller()
        :: else
        fi;
        start(0, most, first);
        start(1, 1, second);
        start(2, most, third);
        start(3, 1, fourth)
    }
}

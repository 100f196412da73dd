/*
 * The way of items from other threads to a channel, as src/channel/inlet.c
 * builds it: some producers, a bounded ring under a mutex, one piece of mail
 * that is posted to the loop when there is something new, and a second ring
 * that the loop takes in exchange for the first. What posting mail is, and how
 * it wakes a loop, port.pml shows; here what is posted arrives.
 *
 * Each producer sends its items, blocked while there is no room, and lets go.
 * The consumer asks for one item after the other, and may close early. The
 * checker tries every interleaving.
 *
 * What must hold: no more is inside than there is room for; each item is
 * delivered or released, once, and those of a producer in their order; the
 * mail is in one place at a time; the end comes behind all items, and the loop
 * hears of it; nobody stays blocked, or asks for ever (an invalid end state);
 * in the end the memory has been freed, once.
 *
 * Each macro that is named in #ifdef plants a fault, which must be found.
 */
#ifndef PRODUCERS
#define PRODUCERS 2
#endif
#ifndef ITEMS /* of each producer */
#define ITEMS 2
#endif
#ifndef ROOM
#define ROOM 1
#endif
#define ALL (PRODUCERS * ITEMS)

bool mutex;
chan sent = [ROOM] of { byte };
chan taken = [ROOM] of { byte }; /* the loop's thread only */
byte blocked;  /* senders that wait for the condition */
byte signaled; /* of these, those that have been woken */
bool called;   /* the mail is the loop's, or on its way */
bool ended;
bool closed;
byte users = PRODUCERS;
byte refs = 2; /* of the users together, and of the channel */

bool posted; /* the mail is in the loop's port */

/* The loop's thread only. */
bool asks, held, stopped, finished;

/* What the checker watches. */
bool live = true;
bool disposed[ALL];
byte next[PRODUCERS]; /* to be delivered */
byte delivered;
bool early;

inline lock() {
  atomic { !mutex -> mutex = true; assert(live) }
}

inline unlock() {
  assert(live && mutex);
  mutex = false
}

inline dispose(one) {
  assert(!disposed[one]);
  disposed[one] = true
}

inline unref() {
  d_step {
    assert(live && refs > 0);
    refs--;
    if
    :: refs == 0 -> assert(!mutex && !posted && !held); live = false
    :: else
    fi
  }
}

/* Under the mutex. */
inline call() {
  d_step {
    calls = !called;
    called = true;
#ifndef MAIL_NOT_COUNTED
    refs = refs + (calls -> 1 : 0)
#endif
  }
}

inline post() {
  if
  :: calls -> d_step { assert(!posted && !held); posted = true }
  :: else
  fi
}

/* Lets go of the mutex and has it back when it was woken, as uv_cond_wait(). */
inline wait() {
  d_step { blocked++; mutex = false };
  atomic { signaled > 0 && !mutex -> signaled--; blocked--; mutex = true }
}

inline wake_all() {
  d_step { signaled = blocked }
}

proctype producer(byte me) {
  byte i;
  bool calls;

  do
  :: i < ITEMS ->
#ifdef ROOM_TEST_OUTSIDE
    len(sent) < ROOM || closed;
#endif
    lock();
#ifndef ROOM_TEST_OUTSIDE
    do
    :: !closed && len(sent) == ROOM -> wait()
    :: else -> break
    od;
#endif
    calls = false;
    if
    :: closed -> d_step { dispose(me * ITEMS + i) }
    :: else ->
      assert(len(sent) < ROOM);
      sent!(me * ITEMS + i);
      call()
    fi;
    unlock();
    post();
    i++
  :: else -> break
  od;
  atomic {
    users--;
    if
    :: users == 0 -> skip
    :: else -> goto gone
    fi
  };
  lock();
  ended = true;
  calls = false;
  if
#ifndef NO_CALL_AT_THE_END
  :: !closed -> call()
#endif
  :: else
  fi;
  unlock();
  post();
  unref();
gone:
  skip
}

inline release(ring) {
  do
  :: len(ring) > 0 -> ring?v; d_step { dispose(v) }
  :: else -> break
  od
}

/* inlet_stop() */
inline stop() {
  asks = false;
  stopped = true;
  lock();
  closed = true;
  unlock();
#ifndef STOP_WAKES_NOBODY
  wake_all();
#endif
  if
  :: held -> held = false; unref()
  :: else
  fi;
  release(taken);
  release(sent);
  unref()
}

/* inlet_look() */
inline look() {
  lock();
  end = ended;
#ifdef END_BEFORE_ITEMS
  some = len(sent) > 0 && !end;
#else
  some = len(sent) > 0;
#endif
  room = blocked > 0;
#ifdef NEWS_OUTSIDE
  unlock();
  lock();
#endif
  if
  :: !some ->
#ifndef CALLED_FOR_EVER
    called = false
#endif
  :: some && asks ->
    do
    :: len(sent) > 0 -> sent?v; taken!v
    :: else -> break
    od
  :: else
  fi;
  unlock();
#ifndef ROOM_WAKES_NOBODY
  if
  :: room -> wake_all()
  :: else
  fi
#endif
}

inline hand_over() {
  if
  :: asks ->
    taken?v;
    d_step {
      dispose(v);
      assert(v % ITEMS == next[v / ITEMS]); /* in order */
      next[v / ITEMS]++;
      delivered++;
      asks = false
    }
  :: else
  fi
}

/* inlet_deliver(), and once it is held, what comes with the next question. */
inline deliver() {
  some = false;
  end = false;
  if
  :: stopped -> unref()
  :: !stopped ->
    if
    :: len(taken) > 0 -> some = true
    :: else -> look()
    fi;
    if
    :: some -> hand_over(); held = true
    :: else ->
      assert(!end || delivered == ALL);
      finished = end;
      unref()
    fi
  fi
}

proctype loop() {
  byte v;
  bool some, end, room;

  if
  :: early = true
  :: skip
  fi;
  do
  :: !stopped && (early || finished) -> stop()
  :: !stopped && !asks -> asks = true
  :: d_step { posted || (held && asks) -> posted = false; held = false };
    deliver()
  :: stopped && _nr_pr == 2 && !posted -> break
  od
}

init {
  byte n;
  atomic {
    run loop();
    for (n : 0 .. PRODUCERS - 1) {
      run producer(n)
    }
  };
  _nr_pr == 1 ->
  assert(!live && !mutex);
  assert(early || delivered == ALL);
  for (n : 0 .. ALL - 1) {
    assert(disposed[n])
  }
}

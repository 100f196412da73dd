/* SPDX-License-Identifier: MIT */
/*
 * The way of items from other threads to a channel, as src/flow/sender.c and
 * src/flow/sender_loop.c build it, but for avow_sender_send(): some producers,
 * a bounded ring under a mutex, one piece of mail that is posted to the loop
 * when there is something new, and a second ring that the loop takes in
 * exchange for the first. What posting mail is, and how it wakes a loop,
 * port.pml shows; here what is posted arrives.
 *
 * Each producer sends its items, blocked while there is no room, and lets go.
 * The consumer asks for one item after the other, may take one without waiting
 * for it, and may close early, also where an item has just been delivered.
 * Items come in a row while it asks; what came meanwhile the loop may leave to
 * its next turn, and does where a producer has the mutex. The checker tries
 * every interleaving.
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
bool asks, held, due, rests, stopped, finished;

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
    :: refs == 0 -> assert(!mutex && !posted && !held && !due); live = false
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
  :: calls -> d_step { assert(!posted && !held && !due); posted = true }
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

/* sender_stop(), while the mail is elsewhere */
inline stop_alone() {
  asks = false;
  stopped = true;
  lock();
  closed = true;
  unlock();
#ifndef STOP_WAKES_NOBODY
  wake_all();
#endif
  release(taken);
  release(sent);
  unref()
}

inline stop() {
  if
  :: held -> held = false; unref()
  :: else
  fi;
  stop_alone()
}

inline exchange() {
  do
  :: len(sent) > 0 -> sent?v; taken!v
  :: else -> break
  od;
  room = blocked > 0;
  rests = false
}

/* The mutex has been let go of. */
inline tell_of_room() {
  skip;
#ifndef ROOM_WAKES_NOBODY
  if
  :: room -> wake_all()
  :: else
  fi
#endif
}

/* With the mutex: look_and_unlock() */
inline look_inside() {
  end = ended;
#ifdef END_BEFORE_ITEMS
  some = len(sent) > 0 && !end;
#else
  some = len(sent) > 0;
#endif
#ifdef NEWS_OUTSIDE
  unlock();
  lock();
#endif
  if
  :: !some ->
#ifndef CALLED_FOR_EVER
    called = false
#endif
  :: some && asks && rests && len(sent) < ROOM -> later = true
  :: some && asks && (!rests || len(sent) == ROOM) -> exchange()
  :: else
  fi;
  unlock();
  tell_of_room()
}

/* sender_look() */
inline look() {
  if
  :: !rests -> lock()
  :: rests ->
    atomic {
      if
      :: !mutex -> mutex = true
      :: mutex -> later = true
      fi
    }
  fi;
  if
  :: !later -> look_inside()
#ifdef MUTEX_OF_OTHERS_IS_NO_NEWS
  :: later -> later = false
#else
  :: later
#endif
  fi
}

inline take() {
  taken?v;
  d_step {
    dispose(v);
    assert(v % ITEMS == next[v / ITEMS]); /* in order */
    next[v / ITEMS]++;
    delivered++
  }
}

/* What the program's handler does: more is asked for, or it is closed. */
inline handle() {
  if
  :: early -> stop_alone()
  :: asks = true
  :: skip
  fi
}

/* hand_over_row() */
inline hand_over() {
  do
  :: !stopped && asks && len(taken) > 0 -> take(); asks = false; handle()
  :: else -> break
  od
}

/* sender_deliver(), and once it is held, what comes with the next question. */
inline deliver() {
  d_step { some = false; end = false; later = false; room = false };
  if
  :: stopped -> unref()
  :: !stopped ->
    if
    :: len(taken) > 0 -> some = true
    :: else -> look()
    fi;
    if
    :: later -> rests = false; due = true
    :: some && !later ->
      hand_over();
      if
      :: stopped -> unref()
      :: !stopped && asks -> rests = true; due = true
      :: else -> rests = false; held = true
      fi
    :: else ->
      assert(!end || delivered == ALL);
      rests = false;
      finished = end;
      unref()
    fi
  fi
}

/* sender_answer() */
inline answer() {
  room = false;
  if
  :: len(taken) == 0 -> lock(); exchange(); unlock(); tell_of_room()
  :: else
  fi;
  if
  :: len(taken) > 0 -> take()
  :: else
  fi
}

proctype loop() {
  byte v;
  bool some, end, later, room;

  if
  :: early = true
  :: skip
  fi;
  do
  :: !stopped && (early || finished) -> stop()
  :: !stopped && !asks -> asks = true
  :: !stopped && !asks && len(sent) + len(taken) > 0 -> answer()
  :: d_step { posted || due || (held && asks) ->
      posted = false; held = false; due = false };
    deliver()
  :: stopped && _nr_pr == 2 && !posted && !due -> break
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

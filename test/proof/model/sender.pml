/* SPDX-License-Identifier: MIT */
/*
 * A model of src/flow/sender.c and src/flow/sender_loop.c without
 * avow_sender_send(). These pass items from other threads to a channel. Some
 * producers share a bounded ring under a mutex. They post a single piece of
 * mail to the loop when there are new items. The loop exchanges the ring for a
 * second one. port.pml models how mail wakes a loop; in this model, posted mail
 * arrives.
 *
 * Each producer sends its items, waits while the ring is full, and then
 * releases its sender. The consumer receives one item after the other, may take
 * an item without waiting, and may close early, also in the handler of an item.
 * While it receives, items are delivered in a row. The loop may leave newer
 * items to its next iteration, and does so if a producer has the mutex. Spin
 * tries each interleaving.
 *
 * Invariants: The ring never exceeds its capacity. Each item is delivered or
 * released exactly once, and the items of a producer stay in order. The mail is
 * in one place at a time. The end follows all items and reaches the loop. No
 * producer and no receive waits forever, which would be an invalid end state.
 * At the end, the memory was freed exactly once.
 *
 * Each macro in an #ifdef plants a fault, which Spin must find.
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
chan taken = [ROOM] of { byte }; /* used only on the loop's thread */
byte blocked;  /* senders that wait for the condition */
byte signaled; /* number of them that were woken */
bool called;   /* the loop has the mail, or will get it */
bool ended;
bool closed;
byte users = PRODUCERS;
byte refs = 2; /* one of all users, and one of the channel */

bool posted; /* the mail is in the loop's port */

/* The loop's thread only. */
bool asks, held, due, rests, stopped, finished;

/* What the checker watches. */
bool live = true;
bool disposed[ALL];
byte next[PRODUCERS]; /* item to be delivered next */
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

/* Requires the mutex. */
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

/* Unlocks the mutex until it is woken, as uv_cond_wait() does. */
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

/* sender_stop() while the loop does not have the mail */
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

/* Runs after the mutex was unlocked. */
inline tell_of_room() {
  skip;
#ifndef ROOM_WAKES_NOBODY
  if
  :: room -> wake_all()
  :: else
  fi
#endif
}

/* look_and_unlock(), which requires the mutex */
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

/* A handler of the program: it receives again, or it closes. */
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

/* sender_deliver(), and its continuation at the next receive */
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

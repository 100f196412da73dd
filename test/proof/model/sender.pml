/* SPDX-License-Identifier: MIT */
/*
 * A model of src/flow/sender.c, sender_ring.c and sender_loop.c without
 * avow_sender_send() and avow_sender_replace(). These pass items from other
 * threads to a channel. Some producers share a bounded ring. They claim a place
 * in one step and write the item in a later one. They post a single piece of
 * mail to the loop when the ring was idle. The loop moves the items to a second
 * ring. port.pml models how mail wakes a loop; in this model, posted mail
 * arrives.
 *
 * Each producer sends its items, waits under the mutex while the ring is full,
 * and then releases its sender. The consumer receives one item after the other, may take
 * an item without waiting, and may close early, also in the handler of an item.
 * While it receives, items are delivered in a row. The loop may leave newer
 * items to its next iteration, and does so if none is written yet. Spin tries
 * each interleaving.
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
byte places[ROOM]; /* an item plus 1; 0: not full */
byte first, last;  /* positions of the items that are claimed */
bool idle = true;  /* the producer that claims the next place posts the mail */
chan taken = [ROOM] of { byte }; /* used only on the loop's thread */
byte blocked;  /* senders that wait for the condition */
byte signaled; /* number of them that were woken */
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
byte left;            /* position while the memory is freed */
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
    :: refs == 0 ->
      assert(!mutex && !posted && !held && !due);
      for (left : first .. last) { /* sender_free() */
        if
        :: left < last -> dispose(places[left % ROOM] - 1)
        :: else
        fi
      }
      live = false
    :: else
    fi
  }
}

/* Clears the flag IDLE. */
inline wake_ring() {
  d_step { calls = idle; idle = false }
}

/* One compare-and-swap. */
inline claim() {
  d_step {
    assert(live && last - first < ROOM);
    at = last;
    last++;
    calls = idle;
    idle = false
  }
}

inline write(one) {
  d_step {
    assert(live && places[at % ROOM] == 0);
    places[at % ROOM] = one + 1
  }
}

inline post() {
  if
  :: calls ->
#ifndef MAIL_NOT_COUNTED
    refs++;
#endif
    d_step { assert(!posted && !held && !due); posted = true }
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
  byte i, at;
  bool calls, done;

  do
  :: i < ITEMS ->
    calls = false;
    done = false;
#ifdef CLAIM_IN_TWO_STEPS
    last - first < ROOM || closed;
    if
    :: !closed -> claim(); done = true
    :: closed
    fi;
#else
    atomic {
      if
      :: !closed && last - first < ROOM -> claim(); done = true
      :: true /* `first` is out of date, the ring is full, or it is locked */
      fi
    }
#endif
    if
    :: done
    :: !done ->
      lock();
      do
      :: !closed && last - first == ROOM -> wait()
      :: atomic { !closed && last - first < ROOM ->
          claim(); done = true; break }
      :: closed -> break
      od;
      unlock()
    fi;
    if
    :: done -> write(me * ITEMS + i)
    :: !done -> d_step { dispose(me * ITEMS + i) }
    fi;
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
  :: !closed -> wake_ring()
#endif
  :: else
  fi;
  unlock();
  post();
  unref();
gone:
  skip
}

inline release_all() {
  do
  :: len(taken) > 0 -> taken?v; d_step { dispose(v) }
  :: else -> break
  od;
  do
  :: d_step { places[first % ROOM] != 0 ->
      dispose(places[first % ROOM] - 1); places[first % ROOM] = 0 };
    first++
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
  release_all();
  unref()
}

inline stop() {
  if
  :: held -> held = false; unref()
  :: else
  fi;
  stop_alone()
}

inline move() {
  at = first;
  do
  :: len(taken) < ROOM && places[at % ROOM] != 0 ->
    d_step { taken!places[at % ROOM] - 1; places[at % ROOM] = 0; at++ }
  :: else -> break
  od;
  first = at;
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

/* sender_look() */
inline look() {
  lock();
#ifdef NEWS_OUTSIDE
  some = last != first;
  unlock();
  lock();
  if
  :: !some -> idle = true
  :: else
  fi;
#else
  atomic { /* avow__sender_ring_rest() */
#ifdef CLAIMED_IS_NO_NEWS
    some = places[first % ROOM] != 0;
#else
    some = last != first;
#endif
#ifdef END_BEFORE_ITEMS
    some = some && !ended;
#endif
#ifndef NEVER_IDLE
    if
    :: !some -> idle = true
    :: else
    fi
#endif
  };
#endif
  end = ended && !some;
  if
  :: some && asks && rests && last - first < ROOM -> later = true
  :: some && asks && (!rests || last - first == ROOM) ->
    move();
    later = len(taken) == 0
  :: else
  fi;
  unlock();
  tell_of_room()
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
  :: len(taken) == 0 -> lock(); move(); unlock(); tell_of_room()
  :: else
  fi;
  if
  :: len(taken) > 0 -> take()
  :: else
  fi
}

proctype loop() {
  byte v, at;
  bool some, end, later, room;

  if
  :: early = true
  :: skip
  fi;
  do
  :: !stopped && (early || finished) -> stop()
  :: !stopped && !asks -> asks = true
  :: !stopped && !asks && last - first + len(taken) > 0 -> answer()
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

/* SPDX-License-Identifier: MIT */
/*
 * A model of src/engine/port.c and remote.c, which pass values from other
 * threads to a loop: one loop, some producers, and a port between them. The
 * loop makes remotes, all of one batch, hands them out, and receives their
 * values. It closes after all values have arrived, or earlier, while producers
 * still send. Spin tries each interleaving.
 *
 * Invariants: Each value is delivered or released exactly once. If the loop
 * waits for all values, all are delivered. A lost wakeup would leave the loop
 * waiting, which is an invalid end state. No block is used after it was freed.
 * No function of libuv gets the handle after it was closed. At the end,
 * everything was freed exactly once.
 *
 * Promela's memory is sequentially consistent, but the load of `pending` in
 * uv_async_send() is relaxed. Therefore a producer may still read a 1 that the
 * loop has cleared. It cannot if it found the stack empty, because it then
 * acquires the exchange that the loop did after clearing. An old 0 does no
 * harm, because an exchange follows.
 *
 * Each macro in an #ifdef plants a fault, which Spin must find.
 */
#ifndef PRODUCERS
#define PRODUCERS 2
#endif
#ifndef ROUNDS /* number of remotes of each producer */
#define ROUNDS 2
#endif
#define VALUES (PRODUCERS * ROUNDS) /* also the number of blocks */
#define NOBODY VALUES               /* in place of a remote, after closing */

mtype = { NEVER, HELD, QUEUED, SPARE }; /* states of a remote's block */

/* libuv's handle, and the file descriptor that wakes the poll. */
bool handle_open = true;
bool pending;
bool readable;
bool stale[PRODUCERS]; /* may still read the 1 that the loop cleared */
bool unpublished;      /* the loop has not taken the mark since then */

/* The port. */
bool port_live = true;
bool mutex;
bool closed;
bool mark; /* at the bottom of the stack: the loop will look again */
byte refs = 1; /* of the context; after closing, also of the batch */
chan queue = [VALUES] of { byte, byte }; /* remotes and their values */

/* The batch, which its remotes own after closing. */
bool batch_live = true;
byte owners;

/* Used only on the loop's thread. */
byte waiting;
bool overdue;
chan spare = [VALUES] of { byte };

/* Variables of the checks. */
mtype block[VALUES] = NEVER;
bool disposed[VALUES];
byte delivered;
bool early; /* the loop does not wait for pending remotes */

chan hands = [VALUES] of { byte }; /* how the program passes remotes on */

inline lock() {
  atomic {
    !mutex ->
    mutex = true;
    assert(port_live)
  }
}

inline unlock() {
  assert(port_live && mutex);
  mutex = false
}

inline dispose(v) {
  assert(!disposed[v]);
  disposed[v] = true
}

inline free_batch() {
  assert(batch_live);
  batch_live = false
}

inline port_unref(last) {
  d_step {
    assert(port_live && refs > 0);
    refs--;
    last = (refs == 0)
  };
  if
  :: last ->
    d_step {
      assert(port_live && !mutex); /* otherwise it is destroyed while held */
      port_live = false
    }
  :: else
  fi
}

/* remote_forget() */
inline forget(r, v, last) {
  dispose(v);
#ifdef COUNT_NOT_ATOMIC
  last = owners;
  d_step { owners = last - 1; last = (last == 1) };
#else
  d_step {
    assert(batch_live && owners > 0);
    owners--;
    last = (owners == 0)
  };
#endif
}

inline forget_at_producer() {
  forget(r, v, found);
  if
  :: found -> free_batch(); port_unref(found)
  :: else
  fi
}

inline async_send() {
  assert(handle_open);
  if
  :: pending
  :: stale[me]
  :: !pending ->
    d_step {
      found = pending;
      pending = true;
      stale[me] = false
    };
    if
    :: !found ->
      assert(handle_open);
      readable = true
    :: else
    fi
  fi
}

/* One exchange. If the stack was empty, it acquires the writes of the loop
   before the loop took the mark. */
inline push() {
#ifndef EMPTY_TEST_OUTSIDE
  was_empty = (len(queue) == 0 && !mark);
#endif
#ifndef RELAXED
  stale[me] = stale[me] && (unpublished || !was_empty);
#endif
  block[r] = QUEUED;
  queue!r, v
}

inline post_under_mutex() {
#ifdef EMPTY_TEST_OUTSIDE
  was_empty = (len(queue) == 0 && !mark);
#endif
#ifndef EMPTY_WITHOUT_MUTEX
  lock();
#endif
  d_step {
    assert(port_live);
    refused = closed;
    if
    :: !refused -> push()
    :: else
    fi
  };
#ifdef FORGET_BEFORE_UNLOCK
  if
  :: refused -> forget_at_producer()
  :: else
  fi;
#endif
#ifndef SEND_OUTSIDE
  if
  :: !refused && was_empty -> async_send()
  :: else
  fi;
#endif
#ifndef EMPTY_WITHOUT_MUTEX
  unlock();
#endif
#ifdef SEND_OUTSIDE
  if
  :: !refused && was_empty -> async_send()
  :: else
  fi;
#endif
#ifndef FORGET_BEFORE_UNLOCK
  if
  :: refused -> forget_at_producer()
  :: else
  fi
#endif
}

inline resolve() {
  assert(batch_live && port_live && block[r] == HELD);
  if
  :: d_step {
       !closed && (len(queue) > 0 || mark) ->
       push();
       was_empty = false
     }
  :: true -> post_under_mutex()
  fi
}

proctype producer(byte me) {
  byte r, v = me * ROUNDS, found;
  bool was_empty, refused;

  do
  :: v < (me + 1) * ROUNDS ->
    hands?r;
    if
    :: r == NOBODY -> d_step { dispose(v) }
    :: else -> resolve()
    fi;
    v++
  :: else -> break
  od
}

/* One exchange. */
inline take_queue() {
  do
  :: len(queue) > 0 -> queue?r, v; mine!r, v
  :: else -> break
  od
}

inline deliver() {
  d_step {
    assert(block[r] == QUEUED);
    dispose(v);
    delivered++;
    waiting--;
    block[r] = SPARE;
    spare!r
  }
}

inline deliver_all() {
  d_step { take_queue(); mark = true };
  do
  :: mine?r, v -> deliver()
  :: empty(mine) -> break
  od;
  skip; /* Promela allows no jump to a d_step */
#ifdef MARK_TAKEN_BLINDLY
  d_step { mark = false; unpublished = false }
#else
  d_step {
    overdue = (len(queue) > 0);
    mark = overdue;
    unpublished = unpublished && overdue
  }
#endif
}

/* uv__io_poll() with a readable descriptor, and on_async(). */
inline on_async() {
  readable = false;
  d_step {
    last = pending;
    pending = false;
    for (i : 0 .. PRODUCERS - 1) {
      stale[i] = stale[i] || last
    };
    unpublished = unpublished || last
  };
  if
  :: last -> deliver_all()
  :: else
  fi
}

inline remote_new() {
  d_step {
    if
    :: len(spare) > 0 -> spare?r
    :: else -> r = made; made++
    fi;
    assert(port_live && (block[r] == NEVER || block[r] == SPARE));
    block[r] = HELD;
    waiting++
  };
  hands!r
}

/* From now on, the remotes own the batch. */
inline remotes_close() {
  d_step {
    for (i : 0 .. VALUES - 1) {
      if
      :: block[i] == HELD || block[i] == QUEUED -> owners++
      :: else
      fi
    };
    if
    :: owners == 0 -> free_batch()
    :: else
#ifndef NOT_COUNTED
      -> refs++
#endif
    fi
  }
}

inline port_close() {
#ifndef COUNT_LATER
  remotes_close();
#endif
#ifndef CLOSE_WITHOUT_MUTEX
  lock();
#endif
  d_step {
    closed = true;
#ifndef KEEP_QUEUE
    take_queue()
#endif
  };
  handle_open = false;
#ifndef CLOSE_WITHOUT_MUTEX
  unlock();
#endif
#ifdef COUNT_LATER
  remotes_close();
#endif
  do
  :: mine?r, v ->
    forget(r, v, last);
    if
    :: last ->
      free_batch();
      d_step { assert(refs > 1); refs-- } /* the context has a reference */
    :: else
    fi
  :: empty(mine) -> break
  od
}

inline port_free() {
#ifdef FREE_EARLY
  d_step { assert(port_live); port_live = false }
#else
  port_unref(last)
#endif
}

proctype loop() {
  chan mine = [VALUES] of { byte, byte };
  byte left = VALUES, made, i, r, v, last;

#ifndef PATIENT
  if
  :: early = true
  :: skip
  fi;
#endif
  do
  :: left > 0 -> remote_new(); left--
  :: readable -> on_async()
  :: overdue -> deliver_all()
  :: early -> break
  :: left == 0 && waiting == 0 -> break
  od;
  port_close();
  port_free();
  do
  :: left > 0 -> hands!NOBODY; left--
  :: else -> break
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
  assert(!port_live && !batch_live && !mutex);
  assert(early || delivered == VALUES);
  for (n : 0 .. VALUES - 1) {
    assert(disposed[n])
  }
}

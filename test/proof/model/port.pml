/* SPDX-License-Identifier: MIT */
/*
 * The way of values from other threads to a loop, as src/engine/port.c and
 * remote.c build it: one loop, some producers, a port between them. The loop
 * makes remotes, all of one batch, and hands them out, takes what arrives, and
 * closes: once all has arrived, or earlier, under fire. The checker tries every
 * interleaving.
 *
 * What must hold: each value is delivered or released, once; all are delivered
 * if the loop waits for them (a lost wake-up leaves it waiting for ever, which
 * is an invalid end state); no block is used after it was freed; libuv's handle
 * is not touched once it closes; in the end everything has been freed, once.
 *
 * Promela's memory is sequentially consistent, libuv's early return is not: the
 * load of `pending` in uv_async_send() is relaxed. So a producer may read there
 * what the loop has cleared since, unless it has found nothing on the stack, by
 * the loop's exchange thereafter, which it acquires. (Reading a 0 that is too
 * old does no harm: an exchange follows.)
 *
 * Each macro that is named in #ifdef plants a fault, which must be found.
 */
#ifndef PRODUCERS
#define PRODUCERS 2
#endif
#ifndef ROUNDS /* remotes that each producer gets, one after the other */
#define ROUNDS 2
#endif
#define VALUES (PRODUCERS * ROUNDS) /* as many blocks, too */
#define NOBODY VALUES               /* the remote of a loop that is closed */

mtype = { NEVER, HELD, QUEUED, SPARE }; /* states of a remote's block */

/* libuv's: a handle, and the file descriptor that wakes the poll. */
bool handle_open = true;
bool pending;
bool readable;
bool stale[PRODUCERS]; /* may still see the 1 that the loop cleared */
bool unpublished;      /* the loop has not taken the mark since */

/* The port. */
bool port_live = true;
bool mutex;
bool closed;
bool mark; /* below all on the stack: the loop will look again */
byte refs = 1; /* the context's; once closed, the batch's, too */
chan queue = [VALUES] of { byte, byte }; /* remotes and their values */

/* The batch; once closed, its remotes'. */
bool batch_live = true;
byte owners;

/* The loop's thread only. */
byte waiting;
bool overdue;
chan spare = [VALUES] of { byte };

/* What the checker watches. */
mtype block[VALUES] = NEVER;
bool disposed[VALUES];
byte delivered;
bool early; /* the loop does not wait for what is outstanding */

chan hands = [VALUES] of { byte }; /* the program's own hand-over */

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
      assert(port_live && !mutex); /* or it would be destroyed while held */
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

/* One exchange. Where nothing was there that acquires what the loop did before
   it took the mark. */
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

/* What uv__io_poll() does with a readable descriptor, and on_async(). */
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

/* The batch is its remotes' from now on. */
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
      d_step { assert(refs > 1); refs-- } /* the context has one */
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

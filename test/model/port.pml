/*
 * The way of values from other threads to a loop, as src/engine/remote.c builds it:
 * one loop, some producers, a port between them. The loop makes remotes and
 * hands them out, takes what arrives, and closes: once all has arrived, or
 * earlier, under fire. The checker tries every interleaving.
 *
 * What must hold: each value is delivered or released, once; all are delivered
 * if the loop waits for them (a lost wake-up leaves it waiting for ever, which
 * is an invalid end state); no block is used after it was freed; libuv's handle
 * is not touched once it closes; in the end everything has been freed, once.
 *
 * Promela's memory is sequentially consistent, libuv's early return is not: the
 * load of `pending` in uv_async_send() is relaxed. So a producer may read there
 * what the loop has cleared since, unless it has taken the mutex after the loop
 * released it. (Reading a 0 that is too old does no harm: an exchange follows.)
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

mtype = { NEVER, HELD, QUEUED, SPARE, FREED }; /* states of a remote's block */

/* libuv's: a handle, and the file descriptor that wakes the poll. */
bool handle_open = true;
bool pending;
bool readable;
bool stale[PRODUCERS]; /* may still see the 1 that the loop cleared */
bool unpublished;      /* the loop has not released the mutex since */

/* The port. */
bool port_live = true;
bool mutex;
bool closed;
byte refs = 1; /* the context's; once closed, the remotes', too */
chan queue = [VALUES] of { byte, byte }; /* remotes and their values */

/* The loop's thread only. */
bool outstanding[VALUES];
byte waiting;
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

inline free_block(r) {
  assert(block[r] != FREED && block[r] != NEVER);
  block[r] = FREED
}

inline count_down(last) {
#ifdef COUNT_NOT_ATOMIC
  assert(port_live && refs > 0);
  last = refs;
  d_step { refs = last - 1; last = (last == 1) };
#else
  d_step {
    assert(port_live && refs > 0);
    refs--;
    last = (refs == 0)
  };
#endif
}

inline port_unref(last) {
  count_down(last);
  if
  :: last ->
    d_step {
      assert(port_live && !mutex); /* or it would be destroyed while held */
      port_live = false
    }
  :: else
  fi
}

inline release(r, v) {
  d_step { dispose(v); free_block(r) }
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

inline push() {
  d_step {
#ifndef EMPTY_TEST_OUTSIDE
    was_empty = (len(queue) == 0);
#endif
    block[r] = QUEUED;
    queue!r, v
  }
}

inline resolve() {
  assert(block[r] == HELD); /* its port is read */
#ifdef EMPTY_TEST_OUTSIDE
  was_empty = (len(queue) == 0);
#endif
#ifndef LOCK_FREE
  lock();
  d_step { stale[me] = stale[me] && unpublished };
#endif
  refused = closed;
  if
  :: !refused ->
    push();
#ifndef SEND_OUTSIDE
    if
    :: was_empty -> async_send()
    :: else
    fi
#endif
  :: else
#ifdef FORGET_BEFORE_UNLOCK
    -> release(r, v); port_unref(found)
#endif
  fi;
#ifndef LOCK_FREE
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
  :: refused -> release(r, v); port_unref(found)
  :: else
  fi
#endif
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

inline take_queue() {
  d_step {
    do
    :: len(queue) > 0 -> queue?r, v; mine!r, v
#ifdef TAKE_ONE
      ; break
#endif
    :: else -> break
    od
  }
}

inline deliver() {
  d_step {
    assert(outstanding[r] && block[r] == QUEUED);
    outstanding[r] = false;
    dispose(v);
    delivered++;
    waiting--;
    block[r] = SPARE;
    spare!r
  }
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
  :: last ->
#ifndef LOCK_FREE
    lock();
#endif
    take_queue();
#ifndef LOCK_FREE
    d_step { unpublished = false };
    unlock();
#endif
    do
    :: mine?r, v -> deliver()
    :: empty(mine) -> break
    od
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
    outstanding[r] = true;
    waiting++
  };
  hands!r
}

inline detach_outstanding() {
  d_step {
    for (i : 0 .. VALUES - 1) {
      if
      :: outstanding[i] ->
        assert(block[i] != FREED);
        outstanding[i] = false;
#if defined(COUNT_LATER)
        uncounted++
#elif !defined(NOT_COUNTED)
        refs++
#endif
      :: else
      fi
    }
  }
}

inline port_close() {
#ifndef CLOSE_WITHOUT_MUTEX
  lock();
#endif
  closed = true;
#ifndef KEEP_QUEUE
  take_queue();
#endif
#ifndef DETACH_OUTSIDE
  detach_outstanding();
#endif
  handle_open = false;
#ifndef CLOSE_WITHOUT_MUTEX
  unlock();
#endif
#ifdef DETACH_OUTSIDE
  detach_outstanding();
#endif
#ifdef COUNT_LATER
  refs = refs + uncounted;
#endif
  do
  :: mine?r, v ->
    release(r, v);
    count_down(last);
    assert(!last) /* the context has one */
  :: empty(mine) -> break
  od
}

inline port_free() {
  d_step {
    do
    :: len(spare) > 0 -> spare?r; free_block(r)
    :: else -> break
    od
  };
#ifdef FREE_EARLY
  d_step { assert(port_live); port_live = false }
#else
  port_unref(last)
#endif
}

proctype loop() {
  chan mine = [VALUES] of { byte, byte };
  byte left = VALUES, made, i, r, v, last, uncounted;

#ifndef PATIENT
  if
  :: early = true
  :: skip
  fi;
#endif
  do
  :: left > 0 -> remote_new(); left--
  :: readable -> on_async()
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
  assert(!port_live && !mutex);
  assert(early || delivered == VALUES);
  for (n : 0 .. VALUES - 1) {
    assert(disposed[n]);
    assert(block[n] == NEVER || block[n] == FREED)
  }
}

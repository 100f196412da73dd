/* SPDX-License-Identifier: MIT */
/*
 * Mutexes and read-write locks. A free lock is taken at once. A lock that
 * another thread of the process holds is waited for, in real time and with a
 * limit. A thread that would wait for itself fails at once, so its locks are
 * recorded.
 *
 * A lock that a run has left locked is never released. The next run takes it as
 * if it were free. By then its memory may hold anything, so it is not touched.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "sim/event_log.h"
#include "sim/run.h"
#include "sim/uv_locks.h"

SIM_ANCHOR(locks)

/* The number of locks that are recorded at a time. Any others are waited for
   with the limit. */
enum { HELD = 64, NAP_NS = 1000 * 1000, NAPS_A_MS = 1 };

typedef struct {
  const void *lock;
  bool left; /* by a run that has ended */
} hold_t;

static _Thread_local struct {
  hold_t holds[HELD];
  size_t n;
} own;

unsigned sim_locks_patience_ms = 10 * 1000;

static hold_t *find_hold(const void *lock, bool left) {
  for (size_t i = own.n; i > 0; i--)
    if (own.holds[i - 1].lock == lock && own.holds[i - 1].left == left)
      return &own.holds[i - 1];
  return NULL;
}

static void forget(hold_t *hold) {
  *hold = own.holds[--own.n];
}

static void remember(const void *lock) {
  if (sim_is_on() && own.n < HELD)
    own.holds[own.n++] = (hold_t){ .lock = lock };
}

void sim_locks_end(bool whole) {
  if (own.n == HELD) /* when full, some of these may no longer be locks */
    own.n = 0;
  for (size_t i = 0; i < own.n; i++) {
    if (whole && !own.holds[i].left)
      sim_fail("a mutex or lock was left locked");
    own.holds[i].left = true;
  }
}

/* A way to take a lock, and the function's name. Several readers may share a
   lock. */
typedef struct {
  const char *function;
  bool shared;
  int (*try)(void *lock);
  int (*take)(void *lock);
} verb_t;

/* A lock that was taken as free is a new lock at the address of one that a run
   has left. */
static void get(const verb_t *verb, const void *lock) {
  hold_t *hold = NULL;
  while (!verb->shared && (hold = find_hold(lock, true)) != NULL)
    forget(hold);
  remember(lock);
}

/* Returns false if another holder has the lock. Errors abort, as in libuv. */
static bool is_had(const verb_t *verb, void *lock) {
  const int err = verb->try(lock);
  hold_t *left = find_hold(lock, true);
  if (err == 0)
    get(verb, lock);
  else if (err == EBUSY && left != NULL && find_hold(lock, false) == NULL)
    left->left = false;
  else if (err == EBUSY || err == EAGAIN)
    return false;
  else
    abort();
  return true;
}

static bool comes_free(const verb_t *verb, void *lock) {
  const struct timespec nap = { .tv_nsec = NAP_NS };
  for (unsigned ms = 0; ms < sim_locks_patience_ms; ms += NAPS_A_MS) {
    (void) nanosleep(&nap, NULL);
    if (is_had(verb, lock))
      return true;
  }
  return false;
}

static void take(const verb_t *verb, void *lock) {
  if (is_had(verb, lock))
    return;
  if (!sim_is_on()) {
    if (verb->take(lock) != 0)
      abort();
  } else if (find_hold(lock, false) != NULL) {
    sim_run_hangs(verb->function,
                  "waits for a lock that the program holds itself");
  } else if (!comes_free(verb, lock)) {
    sim_run_hangs(verb->function, "waits for a lock that is never released");
  }
}

static void release(int err, const void *lock) {
  if (err != 0)
    abort();
  hold_t *hold = find_hold(lock, false);
  if (hold != NULL)
    forget(hold);
}

#define VERB(name, kind, shared, try_it, take_it) \
  static int try_##name(void *lock) {             \
    return try_it((kind *) lock);                 \
  }                                               \
  static int take_##name(void *lock) {            \
    return take_it((kind *) lock);                \
  }                                               \
  static const verb_t name = { "uv_" #name, shared, try_##name, take_##name };

VERB(mutex_lock, uv_mutex_t, false, pthread_mutex_trylock, pthread_mutex_lock)
VERB(rwlock_rdlock, uv_rwlock_t, true, pthread_rwlock_tryrdlock,
     pthread_rwlock_rdlock)
VERB(rwlock_wrlock, uv_rwlock_t, false, pthread_rwlock_trywrlock,
     pthread_rwlock_wrlock)

void uv_mutex_lock(uv_mutex_t *mutex) {
  take(&mutex_lock, mutex);
}

int uv_mutex_trylock(uv_mutex_t *mutex) {
  return is_had(&mutex_lock, mutex) ? 0 : UV_EBUSY;
}

void uv_mutex_unlock(uv_mutex_t *mutex) {
  release(pthread_mutex_unlock(mutex), mutex);
}

void uv_mutex_destroy(uv_mutex_t *mutex) {
  release(pthread_mutex_destroy(mutex), mutex);
}

void uv_rwlock_rdlock(uv_rwlock_t *lock) {
  take(&rwlock_rdlock, lock);
}

int uv_rwlock_tryrdlock(uv_rwlock_t *lock) {
  return is_had(&rwlock_rdlock, lock) ? 0 : UV_EBUSY;
}

void uv_rwlock_rdunlock(uv_rwlock_t *lock) {
  release(pthread_rwlock_unlock(lock), lock);
}

void uv_rwlock_wrlock(uv_rwlock_t *lock) {
  take(&rwlock_wrlock, lock);
}

int uv_rwlock_trywrlock(uv_rwlock_t *lock) {
  return is_had(&rwlock_wrlock, lock) ? 0 : UV_EBUSY;
}

void uv_rwlock_wrunlock(uv_rwlock_t *lock) {
  release(pthread_rwlock_unlock(lock), lock);
}

void uv_rwlock_destroy(uv_rwlock_t *lock) {
  release(pthread_rwlock_destroy(lock), lock);
}

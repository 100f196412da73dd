/* SPDX-License-Identifier: MIT */
/*
 * Stalls a program at random, as a busy machine does. Each stall is before the
 * program reads the clock, so that it acts late, or after it, so that it acts
 * on an old time. Most stalls take up to 20 ms. One in 20 takes up to $STALL_MS
 * (300). A test must pass nevertheless. test/proof/steady.sh loads this library
 * in front of libc:
 *
 *   LD_PRELOAD=./libstalling.so build/test/test_engine sleep
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* One call in ONE_IN stalls, and one stall in LONG_IN is long. All stalls
   of a process together take about ALL_MS. */
enum { ONE_IN = 14, LONG_IN = 20, ALL_MS = 3000, SHORT_MS = 20, LONG_MS = 300 };
enum { US = 1000 /* ns */ };

typedef int (*look_fn)(clockid_t id, struct timespec *out);

static look_fn look;
static atomic_long left_us = (long) ALL_MS * 1000;
static unsigned long_ms = LONG_MS;

/* xorshift64. The seed differs between threads and between runs. */
static uint64_t random_number(void) {
  static _Thread_local uint64_t number;
  if (number == 0) {
    struct timespec now;
    (void) look(CLOCK_REALTIME, &now);
    number = (uint64_t) now.tv_nsec ^ (uint64_t) getpid() << 32 ^
             (uint64_t) (uintptr_t) &number;
  }
  number ^= number << 13;
  number ^= number >> 7;
  number ^= number << 17;
  return number;
}

static unsigned random_below(unsigned limit) {
  return (unsigned) (random_number() % limit);
}

static void stall(void) {
  if (atomic_load(&left_us) <= 0)
    return;
  const unsigned longest = random_below(LONG_IN) == 0 ? long_ms : SHORT_MS;
  const long us = (long) random_below(longest * 1000);
  (void) atomic_fetch_sub(&left_us, us); /* the result may be negative */
  const struct timespec time = { .tv_sec = us / 1000000,
                                 .tv_nsec = us % 1000000 * US };
  const int saved = errno;
  (void) nanosleep(&time, NULL); /* a signal may end it */
  errno = saved;
}

static void may_stall(clockid_t id) {
  if (id != CLOCK_REALTIME && random_below(ONE_IN) == 0)
    stall();
}

__attribute__((constructor)) static void find_libc(void) {
  const char *ms = getenv("STALL_MS");
  if (ms != NULL && atoi(ms) > 0)
    long_ms = (unsigned) atoi(ms);
  *(void **) &look = dlsym(RTLD_NEXT, "clock_gettime");
}

int clock_gettime(clockid_t id, struct timespec *out) {
  if (look == NULL)
    find_libc();
  may_stall(id);
  const int err = look(id, out);
  may_stall(id);
  return err;
}

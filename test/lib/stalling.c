/* SPDX-License-Identifier: MIT */
/*
 * Stalls a program, as a machine does that has other work: for up to 20 ms, at
 * random, before it sees what time it is. What a test asserts must be so
 * nevertheless. To be loaded in front of libc:
 *
 *   LD_PRELOAD=./libstalling.so build/test/test_engine sleep
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

/* One look in seven, until so many stalls have taken some two seconds. */
enum { ONE_IN = 7, STALLS = 200, MS = 1000000, LONGEST = 20 * MS };

typedef int (*look_fn)(clockid_t id, struct timespec *out);

static look_fn look;
static atomic_int stalls;

/* Each thread has numbers of its own, by xorshift64, and others each time. */
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

static void stall(void) {
  const long ns = (long) (random_number() % LONGEST);
  const struct timespec time = { .tv_nsec = ns };
  (void) nanosleep(&time, NULL); /* a signal may end it */
}

__attribute__((constructor)) static void find_libc(void) {
  *(void **) &look = dlsym(RTLD_NEXT, "clock_gettime");
}

int clock_gettime(clockid_t id, struct timespec *out) {
  if (look == NULL)
    find_libc();
  if (id != CLOCK_REALTIME && random_number() % ONE_IN == 0 &&
      atomic_fetch_add(&stalls, 1) < STALLS)
    stall();
  return look(id, out);
}

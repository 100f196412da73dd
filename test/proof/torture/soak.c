/* SPDX-License-Identifier: MIT */
/*
 * A long run: 10,000,000 settlements, or the given number, of mixed kinds. They
 * include races, timeouts and untils that all wait for one promise which
 * outlives them. The run fails unless memory stays as it was after the first
 * hundredth.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "avow/all.h"
#include "memory.h"

enum { MANY = 10000000, PARTS = 100, INPUTS = 4, LIMIT = 1000000 };

/* Bytes that the system may add on its own. */
#define SLACK (1 << 20)

/* Tools that watch memory keep freed blocks for a while. */
#if defined(__SANITIZE_ADDRESS__)
#  define WATCHED 1
#elif defined(__has_feature)
#  if __has_feature(address_sanitizer)
#    define WATCHED 1
#  endif
#endif
#ifndef WATCHED
#  define WATCHED 0
#endif

typedef struct kind_s {
  void (*run)(void);
  unsigned settlements;
} kind_t;

static uv_loop_t loop;
static avow_promise_t *forever;
static avow_deferred_t *forever_deferred;

static avow_promise_t *pending(avow_deferred_t **out) {
  return avow_promise_new(&loop, out);
}

static void finish(avow_promise_t *p, int64_t expected) {
  const avow_value_t v = avow_run(p);
  CHECK(avow_to_int(&v) == expected);
}

static avow_value_t add_one(const avow_value_t *arg, void *data) {
  return avow_int(avow_to_int(arg) + 1);
}

static avow_value_t follow_one(const avow_value_t *arg, void *data) {
  return avow_follow(avow_promise_resolve(&loop, avow_int(1)));
}

static void chain(void) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_then(pending(&d), add_one, NULL, NULL);
  p = avow_then(p, add_one, NULL, NULL);
  CHECK(avow_resolve(d, avow_int(1)));
  finish(p, 3);
}

static void adopt(void) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_then(pending(&d), follow_one, NULL, NULL);
  CHECK(avow_resolve(d, avow_none()));
  finish(p, 1);
}

static void all(void) {
  avow_deferred_t *ds[INPUTS];
  avow_promise_t *ps[INPUTS];
  for (int i = 0; i < INPUTS; i++)
    ps[i] = pending(&ds[i]);
  avow_promise_t *p = avow_all(&loop, ps, INPUTS);
  for (int i = 0; i < INPUTS; i++)
    CHECK(avow_resolve(ds[i], avow_int(i)));
  const avow_value_t v = avow_run(p);
  CHECK(avow_list_len(&v) == INPUTS);
  avow_value_unref(v);
}

static void race(void) {
  avow_deferred_t *d;
  avow_promise_t *const ps[] = { avow_ref(forever), pending(&d) };
  avow_promise_t *p = avow_race(&loop, ps, 2);
  CHECK(avow_resolve(d, avow_int(2)));
  finish(p, 2);
}

static void timeout(void) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_timeout(pending(&d), LIMIT);
  CHECK(avow_resolve(d, avow_int(3)));
  finish(p, 3);
}

static void fail(avow_promise_t *p, int code) {
  const avow_value_t v = avow_run(p);
  CHECK(avow_error_code(&v) == code);
  avow_value_unref(v);
}

static void limit(void) {
  avow_promise_t *p = avow_timeout(avow_ref(forever), LIMIT);
  avow_cancel(p);
  fail(p, UV_ECANCELED);
}

static void expire(void) {
  fail(avow_timeout(avow_ref(forever), 0), UV_ETIMEDOUT);
}

static void until(void) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_until(pending(&d), forever);
  CHECK(avow_resolve(d, avow_int(4)));
  finish(p, 4);
}

static void give_up(void) {
  avow_promise_t *p = avow_timeout(avow_ref(forever), LIMIT);
  p = avow_until(avow_then(p, add_one, NULL, NULL), forever);
  avow_cancel(p);
  fail(p, UV_ECANCELED);
}

/* The weights. Each kind that uses the long-lived promise occurs at least a
   million times in ten million settlements. */
static const kind_t kinds[] = {
  { chain, 3 }, { race, 2 },    { limit, 2 },  { until, 2 }, { adopt, 3 },
  { race, 2 },  { limit, 2 },   { until, 2 },  { all, 5 },   { race, 2 },
  { until, 2 }, { limit, 2 },   { race, 2 },   { limit, 2 }, { give_up, 3 },
  { until, 2 }, { timeout, 2 }, { expire, 2 }, { race, 2 },
};

enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static uint64_t run_some(uint64_t wanted) {
  uint64_t done = 0;
  while (done < wanted) {
    for (int i = 0; i < KINDS; i++) {
      kinds[i].run();
      done += kinds[i].settlements;
    }
  }
  return done;
}

static long resident(void) {
  long size = 0, pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL) /* the system lacks it */
    return 0;
  CHECK(fscanf(file, "%ld %ld", &size, &pages) == 2);
  (void) fclose(file); /* it was only read */
  return pages * sysconf(_SC_PAGESIZE);
}

static bool is_flat(long live, long bytes) {
  const long live_now = memory_live(), bytes_now = resident();
  if (live_now == live && (WATCHED || bytes_now <= bytes + SLACK))
    return true;
  printf("%ld allocations became %ld, %ld resident bytes %ld\n", live, live_now,
         bytes, bytes_now);
  return false;
}

static bool soak(uint64_t wanted) {
  uint64_t done = run_some(wanted / PARTS);
  const long live = memory_live(), bytes = resident();
  const bool on_terminal = isatty(STDOUT_FILENO) != 0;
  bool flat = true;
  while (flat && done < wanted) {
    done += run_some(wanted / PARTS);
    flat = is_flat(live, bytes);
    if (on_terminal)
      printf("\r%" PRIu64 " of %" PRIu64, done, wanted);
    (void) fflush(stdout); /* a line of progress may be lost */
  }
  printf("%s%" PRIu64 " settlements, %ld allocations, %ld KiB resident\n",
         on_terminal ? "\r" : "", done, memory_live(), resident() / 1024);
  return flat;
}

int main(int argc, char **argv) {
  const uint64_t wanted = argc > 1 ? strtoull(argv[1], NULL, 10) : MANY;
  memory_init();
  CHECK(uv_loop_init(&loop) == 0);
  CHECK(avow_loop_init(&loop, &(avow_options_t){ .slow_us = UINT_MAX }) == 0);
  forever = pending(&forever_deferred);
  const bool flat = soak(wanted);
  avow_unref(forever);
  avow_deferred_drop(forever_deferred);
  CHECK(avow_loop_close(&loop) == 0);
  CHECK(uv_loop_close(&loop) == 0);
  CHECK(memory_live() == 0);
  return flat ? 0 : 1;
}

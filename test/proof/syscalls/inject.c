/* SPDX-License-Identifier: MIT */
/*
 * The plan of faults. The main thread sets it, and the calls of all threads
 * follow it.
 */
#define _GNU_SOURCE /* RTLD_NEXT */

#include "inject.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILES = 4096 };

static struct {
  _Atomic(const fault_t *) fault;
  atomic_long turn; /* number of the next call that counts */
  long first, last; /* numbers of calls that fail */
  atomic_uint hit, seen;
} plan;

static atomic_uchar kinds[FILES];
static _Thread_local bool injects, pauses;

void inject(const fault_t *fault, long nth, long times) {
  injects = true;
  plan.first = nth;
  plan.last = times < LONG_MAX - nth ? nth + times - 1 : LONG_MAX;
  atomic_store(&plan.hit, 0);
  atomic_store(&plan.seen, 0);
  atomic_store(&plan.turn, 1);
  atomic_store(&plan.fault, fault);
}

void inject_nothing(void) {
  atomic_store(&plan.fault, NULL);
}

void inject_pause(bool on) {
  pauses = on;
}

unsigned inject_hit(void) {
  return atomic_load(&plan.hit);
}

unsigned inject_seen(void) {
  return atomic_load(&plan.seen);
}

const char *inject_call_name(call_t call) {
  static const char *const names[CALLS] = {
    "none",     "open",    "stat",     "read",         "write",
    "close",    "socket",  "connect",  "getsockopt",   "accept",
    "receive",  "send",    "shutdown", "close socket", "getaddrinfo",
    "mkdir",    "unlink",  "rename",   "chmod",        "utimensat",
    "readlink", "opendir", "readdir",  "fsync",        "fsync of a directory",
    "copy",     "pipe",    "fork",     "cached",
  };
  return names[call];
}

/* A call that transfers too little for a cut does not count. */
static bool counts(const fault_t *fault, call_t call, const size_t *len) {
  if ((fault->calls & BIT(call)) == 0)
    return false;
  const size_t least = fault->cut == CUT_TO_NONE ? 1 : 2;
  return fault->cut == CUT_NOT || (len != NULL && *len >= least);
}

static bool is_its_turn(call_t call) {
  const long turn = atomic_fetch_add(&plan.turn, 1);
  if (turn < plan.first || turn > plan.last)
    return false;
  atomic_fetch_or(&plan.hit, BIT(call));
  return true;
}

bool inject_fails(call_t call, size_t *len) {
  const fault_t *fault = atomic_load(&plan.fault);
  if (fault == NULL || call == CALL_NONE || pauses)
    return false;
  atomic_fetch_or(&plan.seen, BIT(call));
  if (!counts(fault, call, len) || !is_its_turn(call))
    return false;
  if (fault->cut == CUT_NOT) {
    errno = fault->error;
    return true;
  }
  if (fault->cut == CUT_TO_HALF)
    *len /= 2;
  else
    *len = fault->cut == CUT_TO_ONE ? 1 : 0;
  return false;
}

call_t inject_in_pool(call_t call) {
  return injects ? CALL_NONE : call;
}

kind_t inject_kind(int fd) {
  return fd >= 0 && fd < FILES ? (kind_t) atomic_load(&kinds[fd]) : KIND_OTHER;
}

int inject_opened(int fd, kind_t kind) {
  if (fd >= 0 && fd < FILES)
    atomic_store(&kinds[fd], (unsigned char) kind);
  return fd;
}

void *inject_next(const char *name) {
  void *next = dlsym(RTLD_NEXT, name);
  if (next == NULL) {
    (void) fprintf(stderr, "there is no %s() to go on to\n", name);
    abort();
  }
  return next;
}

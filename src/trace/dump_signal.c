/* SPDX-License-Identifier: MIT */
/*
 * Dumps on a signal. The signal handle is unreferenced. A loop may have any
 * number of these handles, so each has memory of its own. A handle stays until
 * the loop is closed.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#include "avow/trace.h"
#include "base/alloc.h"
#include "base/container.h"
#include "engine/check_thread.h"
#include "engine/extension.h"

enum { DUMPERS_EXTENSION = 6 };

typedef struct {
  avow__link_t link; /* in the loop's list; first */
  uv_signal_t handle;
  FILE *out;
} dumper_t;

typedef struct {
  avow__extension_t extension;
  avow__link_t *first; /* first dumper of the loop */
} dumpers_t;

static dumpers_t *dumpers_of(const avow__context_t *c) {
  return (dumpers_t *) c->extensions[DUMPERS_EXTENSION];
}

static void print_figures(uv_loop_t *loop, FILE *out) {
  avow_stats_t stats;
  avow_loop_stats(loop, &stats, sizeof(stats));
  (void) fprintf(out,
                 "avow: %" PRIu64 " promises, %" PRIu64 " pending; %" PRIu64
                 " jobs have run, %" PRIu64
                 " are queued\n"
                 "avow: %" PRIu64 " requests, %" PRIu64
                 " on the thread pool, at least %" PRIu64 " of them waiting\n",
                 stats.live, stats.pending, stats.jobs, stats.queued,
                 stats.requests, stats.on_pool, stats.waiting);
  if (stats.iterations > 0)
    (void) fprintf(out,
                   "avow: %" PRIu64 " iterations, us: median %" PRIu64
                   ", 99 %% %" PRIu64 ", longest %" PRIu64 "\n",
                   stats.iterations, stats.lag_median, stats.lag_p99,
                   stats.lag_max);
  if (stats.longest_job > 0)
    (void) fprintf(out, "avow: %" PRIu64 " slow jobs, longest %" PRIu64 " us\n",
                   stats.slow_jobs, stats.longest_job);
}

/* Flushes, so that a reader of the file sees the dump at once. */
static void dumper_on_signal(uv_signal_t *handle, int signum) {
  const dumper_t *dumper = AVOW__CONTAINER(dumper_t, handle, handle);
  print_figures(handle->loop, dumper->out);
  avow_loop_dump(handle->loop, dumper->out);
  (void) fflush(dumper->out); /* there is no way to report an error */
}

/* Called for a dumper that could not start. */
static void dumper_on_closed(uv_handle_t *handle) {
  avow__context_t *c = handle->data;
  c->close.closing_own--;
  avow_free(AVOW__CONTAINER(dumper_t, handle, handle));
}

static int dumper_start(avow__context_t *c, dumper_t *dumper, int signum) {
  const int err = uv_signal_start(&dumper->handle, dumper_on_signal, signum);
  if (err == 0) {
    avow__list_append(&dumpers_of(c)->first, &dumper->link);
    return 0;
  }
  c->close.closing_own++;
  uv_close((uv_handle_t *) &dumper->handle, dumper_on_closed);
  return err;
}

/* Whether the signal means a crash. The loop would not run again, and the
   instruction that raised the signal would raise it again. */
static bool is_the_end(int signum) {
  switch (signum) {
  case SIGSEGV:
  case SIGFPE:
  case SIGILL:
  case SIGABRT:
#ifdef SIGBUS
  case SIGBUS:
#endif
    return true;
  default:
    return false;
  }
}

static dumper_t *dumper_of(avow__link_t *link) {
  return AVOW__CONTAINER(dumper_t, link, link);
}

static bool is_dumper_of(const dumper_t *dumper, int signum, const FILE *out) {
  return dumper->handle.signum == signum && dumper->out == out;
}

static bool has_dumper(const dumpers_t *dumpers, int signum, const FILE *out) {
  avow__link_t *link = dumpers->first;
  if (link == NULL)
    return false;
  do {
    if (is_dumper_of(dumper_of(link), signum, out))
      return true;
    link = link->next;
  } while (link != dumpers->first);
  return false;
}

static void dumpers_close(avow__context_t *c) {
  avow__link_t *link = dumpers_of(c)->first;
  if (link == NULL)
    return;
  do {
    avow__close_own(c, (uv_handle_t *) &dumper_of(link)->handle);
    link = link->next;
  } while (link != dumpers_of(c)->first);
}

static void dumpers_free(avow__context_t *c) {
  dumpers_t *dumpers = dumpers_of(c);
  while (dumpers->first != NULL) {
    dumper_t *dumper = dumper_of(dumpers->first);
    avow__list_remove(&dumpers->first, &dumper->link);
    avow_free(dumper);
  }
}

/* Returns 0, or the code of the problem. */
static int dumper_check(avow__context_t *c, int signum, const FILE *out) {
  static const avow__subsystem_t subsystem = { .close = dumpers_close,
                                               .free = dumpers_free };
  if (c->life != AVOW__OPEN)
    return UV_ECANCELED;
  if (is_the_end(signum))
    return UV_EINVAL;
  const dumpers_t *dumpers =
      avow__extension_open(c, DUMPERS_EXTENSION, &subsystem, sizeof(dumpers_t));
  if (dumpers == NULL)
    return UV_ENOMEM;
  return has_dumper(dumpers, signum, out) ? UV_EALREADY : 0;
}

int avow_dump_on_signal(uv_loop_t *loop, int signum, FILE *out) {
  if (out == NULL) {
    avow__misuse_of_null("file");
    return UV_EINVAL;
  }
  avow__context_t *c = avow__context_of(loop);
  avow__check_thread(c);
  int err = dumper_check(c, signum, out);
  if (err != 0)
    return err;
  dumper_t *dumper = avow_calloc(1, sizeof(*dumper));
  if (dumper == NULL)
    return UV_ENOMEM;
  err = uv_signal_init(loop, &dumper->handle);
  if (err != 0) {
    avow_free(dumper);
    return err;
  }
  dumper->out = out;
  dumper->handle.data = c;
  uv_unref((uv_handle_t *) &dumper->handle);
  return dumper_start(c, dumper, signum);
}

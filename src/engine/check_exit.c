/* SPDX-License-Identifier: MIT */
/*
 * Checked builds: when the process ends, or when the library is unloaded,
 * reports loops that were not closed, with the promises that are pending. If
 * all were closed, reports values that were not released.
 *
 * A loop that may stay open is not reported, and its values are not, either.
 * Nothing is reported if a handler ended the process, because then nothing
 * could be released, nor if a loop of another thread is open, because that
 * thread may still run.
 */
#include "engine/check_exit.h"

#include "base/check_tally.h"
#include "base/fork_count.h"
#include "base/thread_id.h"
#include "engine/loop_table.h"
#include "engine/name.h"
#include "engine/origin.h"
#include "engine/slab.h"
#include "value/check_values.h"

#if AVOW__DEBUG

static void count_pending(avow_promise_t *p, void *pending) {
  if (p->kind != AVOW__CHANNEL && avow__is_pending(p) && !avow__is_bare(p))
    avow__tally_add(pending, avow__kind_name(p), 1);
}

static void tell_of_loop(avow__context_t *c, void *is_open) {
  avow__tally_t pending = { .rows[0] = { .name = NULL } };
  *(bool *) is_open = true;
  if (c->options.may_stay_open)
    return;
  avow__pool_each(&c->pool, count_pending, &pending);
  if (!c->was_run)
    avow__advise(
        "at exit: a loop was never run; call avow_run() or uv_run(), "
        "and then avow_loop_close()");
  else
    avow__advise(
        "at exit: a loop was not closed; call avow_loop_close() once for each "
        "avow_loop_init() before the process ends");
  avow__tally_print(&pending, "pending: ");
}

static bool is_own(const avow__context_t *c) {
  return c->forks == avow__forks() &&
         (c->thread == 0 || c->thread == avow__here());
}

/* Whether a handler, or another process, holds the loop. The loop of another
   thread may be running. */
static void look_at_loop(avow__context_t *c, void *is_inside) {
  if (!is_own(c) || c->depth > 0 || c->runs > 0 || c->pins > 0 ||
      c->life != AVOW__OPEN)
    *(bool *) is_inside = true;
}

/* While a loop is open, avow holds values of it. */
static AVOW__AT_UNLOAD void exit_report(void) {
  bool is_inside = avow__value_is_dying();
  bool is_open = false;
  avow__loop_table_each(look_at_loop, &is_inside);
  if (is_inside)
    return;
  avow__loop_table_each(tell_of_loop, &is_open);
  if (!is_open)
    avow__values_report("at exit");
}

void avow__quarantines_end(const uv_loop_t *loop) {
  avow__context_t *c = avow__loop_table_find(loop);
  (void) avow__values_free_quarantine(); /* whether there were any */
  if (c != NULL)
    (void) avow__pool_end_quarantine(&c->pool); /* as above */
}

/* A static program contains this file because of the call. */
void avow__check_exit(void) {
}

#else

typedef int avow__nothing_t; /* C requires a declaration in each file */

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Cancels one pending async function, which the seed chooses, by calling
 * avow_cancel() as a program would. A program must cope with this fault,
 * because a client can disconnect or a timeout can expire at any await.
 */
#include "sim/cancel_await.h"

#include "avow/cancel.h"
#include "engine/settle.h"
#include "sim/chance.h"
#include "sim/event_log.h"
#include "sim/world.h"

typedef struct {
  const avow_promise_t *spared;
  uint64_t n; /* waiting functions: before the chosen one, or in all */
  avow_promise_t *found;
} search_t;

static bool awaits(const avow_promise_t *p) {
  return avow__is_pending(p) &&
         (p->kind == AVOW__ASYNC || p->kind == AVOW__STACKLESS);
}

static void count(avow_promise_t *p, void *data) {
  search_t *search = data;
  search->n += awaits(p) && p != search->spared;
}

static void pick_await(avow_promise_t *p, void *data) {
  search_t *search = data;
  if (!awaits(p) || p == search->spared || search->found != NULL)
    return;
  if (search->n-- == 0)
    search->found = avow__ref(p);
}

void sim_cancel_an_await(uv_loop_t *loop, const avow_promise_t *spared) {
  if (!sim_strikes("cancel.await"))
    return;
  avow__context_t *c = avow__context_of(loop);
  search_t search = { .spared = spared };
  avow__pool_each(&c->pool, count, &search);
  if (search.n == 0) /* no function awaits */
    return;
  const uint64_t all = search.n;
  const uint64_t chosen = sim_choose(all, "cancel.which");
  search.n = chosen;
  avow__pool_each(&c->pool, pick_await, &search);
  sim_note("cancels function %d of the %d that await", (int) chosen + 1,
           (int) all);
  avow_cancel(search.found);
  avow_unref(search.found);
}

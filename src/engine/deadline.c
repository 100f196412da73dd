/* SPDX-License-Identifier: MIT */
/* Deadlines are numbers: passing them on costs nothing and owns nothing. */
#include "avow/timer.h"

#include "avow/cancel.h"
#include "engine/promise.h"
#include "engine/settle.h"
#include "engine/timer.h"
#include "engine/until.h"
#include "engine/virtual_clock.h"

uint64_t avow_now(uv_loop_t *loop) {
  avow__context_t *c = avow__context_of(loop);
  avow__check_thread(c);
  return c->life != AVOW__CLOSED ? avow__present(c) : 0; /* no loop any more */
}

avow_promise_t *avow_deadline(avow_promise_t *p, uint64_t at) {
  avow__check_taken(p);
  p = avow__given(p, "promise");
  avow__context_t *c = avow__context(p);
  if (at == AVOW_NEVER || c->life == AVOW__CLOSED)
    return p;
  const uint64_t now = avow__present(c);
  return avow__until(p, at > now ? avow__time_limit(c, now, at - now)
                                 : avow__time_is_up(c));
}

/* Deadlines: numbers, so that handing them down costs and owns nothing. */
#include "avow/deadline.h"

#include "avow/cancel.h"
#include "engine/engine.h"

uint64_t avow_deadline_in(uv_loop_t *loop, uint64_t ms, uint64_t outer) {
  avow__context_t *c = avow__context_of(loop);
  if (c->life == AVOW__CLOSED) /* it is nobody's loop */
    return outer;
  const uint64_t now = avow__now(c);
  const uint64_t own = ms < AVOW_NEVER - now ? now + ms : AVOW_NEVER;
  return own < outer ? own : outer;
}

avow_promise_t *avow_deadline(avow_promise_t *p, uint64_t at) {
  p = avow__given(p, "a promise");
  avow__context_t *c = avow__context(p);
  if (at == AVOW_NEVER || c->life == AVOW__CLOSED)
    return p;
  const uint64_t now = avow__now(c);
  return at > now ? avow_timeout(p, at - now)
                  : avow__until(p, avow__time_is_up(c));
}

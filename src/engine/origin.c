/* SPDX-License-Identifier: MIT */
/*
 * Trace builds: each promise remembers the place of the call that made it. The
 * program's calls announce the place through macros of avow/trace.h. And they
 * alone can write a trace: others have nowhere to note that there is one.
 */
#include "engine/origin.h"

#include <stdio.h>

#include "avow/trace.h"
#include "engine/owner.h"
#include "engine/present.h"

#ifdef AVOW_TRACE
#  include "engine/trace.h"
#endif

#ifdef AVOW_TRACE

avow_promise_t *avow_trace_made(const char *file, int line, avow_promise_t *p) {
  if (p->file == NULL) {
    p->file = file;
    p->line = line;
    if (avow__context(p)->trace != NULL)
      avow__record_place(avow__context(p)->trace, p);
  }
  return p;
}

avow_promise_t *avow_trace_await(const char *file, int line,
                                 avow_promise_t *p) {
#  ifndef AVOW_NO_ASYNC
  avow__fiber_t *f = avow__fiber_now;
  if (f != NULL) {
    f->file = file;
    f->line = line;
  }
#  else
  (void) file;
  (void) line;
#  endif
  return p;
}

avow_deferred_t *avow_trace_settles(const char *file, int line,
                                    avow_deferred_t *d) {
  avow_promise_t *p = (avow_promise_t *) d;
  /* A block that is free again says that its promise was settled. */
  if (p == NULL || (p->flags & (AVOW__DEFERRED_RESOLVED | AVOW__STATE)) != 0)
    return d;
  p->settled_file = file;
  p->settled_line = line;
  return d;
}

#  if AVOW__DEBUG
const char *avow__where_settled(const avow_promise_t *p) {
  static _Thread_local char text[256];
  if (p->settled_file == NULL)
    return "by avow itself";
  (void) snprintf(text, sizeof(text), "at %s:%d", p->settled_file,
                  p->settled_line); /* may cut */
  return text;
}
#  endif

void avow__trace_promise(avow__context_t *c, avow_promise_t *p) {
  p->settled_file = NULL;
  p->file = NULL; /* the program's call will say */
  p->name = avow__kinds[p->kind].name;
  p->open = p->placed = false;
  p->arrow = p->event = 0;
  p->since = avow__time(c);
  p->serial = ++c->serial;
}

const char *avow__place_text(avow__place_t place) {
  static _Thread_local char text[256];
  if (place.file == NULL)
    return NULL;
  (void) snprintf(text, sizeof(text), "%s:%d", place.file,
                  place.line); /* may cut */
  return text;
}

static int trace_start(avow__context_t *c, FILE *out) {
  return c->trace == NULL ? avow__record_start(c, out) : UV_EBUSY;
}

static int trace_stop(avow__context_t *c) {
  return c->trace != NULL ? avow__record_stop(c) : UV_EINVAL;
}

#else

static int trace_start(avow__context_t *c, FILE *out) {
  (void) c;
  (void) out;
  return UV_ENOTSUP;
}

static int trace_stop(avow__context_t *c) {
  (void) c;
  return UV_ENOTSUP;
}

avow_promise_t *avow_trace_await(const char *file, int line,
                                 avow_promise_t *p) {
  (void) file;
  (void) line;
  return p;
}

avow_promise_t *avow_trace_made(const char *file, int line, avow_promise_t *p) {
  (void) file;
  (void) line;
  return p;
}

avow_deferred_t *avow_trace_settles(const char *file, int line,
                                    avow_deferred_t *d) {
  (void) file;
  (void) line;
  return d;
}

#  if AVOW__DEBUG
const char *avow__where_settled(const avow_promise_t *p) {
  (void) p;
  return "at a place that a trace build would name";
}
#  endif

const char *avow__place_text(avow__place_t place) {
  return place;
}

#endif

int avow_trace_start(uv_loop_t *loop, FILE *out) {
  avow__context_t *c = avow__context_of(loop);
  if (out == NULL)
    avow__misuse_of_null("the file for a trace");
  if (out == NULL || c == avow__nowhere())
    return UV_EINVAL;
  avow__check_thread(c);
  return trace_start(c, out);
}

int avow_trace_stop(uv_loop_t *loop) {
  avow__context_t *c = avow__context_of(loop);
  if (c == avow__nowhere())
    return UV_EINVAL;
  avow__check_thread(c);
  return trace_stop(c);
}

const char *avow__where(const avow_promise_t *p) {
  return avow__place_text(avow__place_of(p));
}

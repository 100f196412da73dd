/*
 * Trace builds: each promise remembers the place of the call that made it. The
 * program's calls announce the place through macros of avow/trace.h.
 */
#include "engine/trace.h"

#include <stdio.h>

#include "avow/trace.h"
#include "engine/clock.h"

#ifdef AVOW_TRACE

avow_promise_t *avow_trace_made(const char *file, int line, avow_promise_t *p) {
  if (p->file == NULL) {
    p->file = file;
    p->line = line;
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
  if (p == NULL || (p->flags & (AVOW__RESOLVED | AVOW__STATE)) != 0)
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
  p->since = avow__time(c);
  p->serial = ++c->serial;
}

const char *avow__where(const avow_promise_t *p) {
  static _Thread_local char text[256];
  if (p->file == NULL)
    return NULL;
  (void) snprintf(text, sizeof(text), "%s:%d", p->file, p->line); /* may cut */
  return text;
}

#else

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

const char *avow__where(const avow_promise_t *p) {
  (void) p;
  return NULL;
}

#endif

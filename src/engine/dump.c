/* SPDX-License-Identifier: MIT */
/*
 * Prints the live promises of a loop: which are pending, and what each of them
 * waits for.
 */
#include "engine/dump.h"

#include <inttypes.h>

#include "avow/async.h"
#include "avow/stackless.h"
#include "engine/local.h"
#include "engine/name.h"
#include "engine/origin.h"
#include "engine/settle.h"
#include "engine/virtual_clock.h"

const char *avow__dump_state(const avow_promise_t *p) {
  static const char *const names[] = { "pending", "fulfilled", "rejected" };
  if (p->kind == AVOW__CHANNEL)
    return (p->flags & AVOW__CHANNEL_ENDED) != 0 ? "ended" : "open";
  return names[avow__state(p)];
}

/* Prints the number of p in trace builds, and its address in others. */
void avow__dump_id(FILE *out, const avow_promise_t *p) {
#ifdef AVOW_TRACE
  (void) fprintf(out, "p%" PRIu64, p->serial);
#else
  (void) fprintf(out, "p%" PRIxPTR, (uintptr_t) p);
#endif
}

/* Text from the program may contain characters that end or alter a label of
   Graphviz, or a line. */
static void print_escaped(FILE *out, const char *text) {
  for (; *text != '\0'; text++) {
    if (*text == '"' || *text == '\\')
      (void) fputc('\\', out);
    (void) fputc((unsigned char) *text < ' ' ? '?' : *text, out);
  }
}

void avow__dump_name(FILE *out, const avow_promise_t *p) {
  const char *name = avow__name_of(p);
  if (name == NULL)
    return;
  (void) fputs(" '", out);
  print_escaped(out, name);
  (void) fputc('\'', out);
}

#ifdef AVOW_TRACE
static void print_place(const avow__dump_t *dump, const char *what,
                        const char *place) {
  if (place == NULL)
    return;
  (void) fprintf(dump->out, "%s%s in ", dump->before, what);
  print_escaped(dump->out, place);
  (void) fputs(dump->after, dump->out);
}

static void print_step(const avow__dump_t *dump, const avow_promise_t *p) {
  const avow_frame_t *frame = p->data;
  assert(p->kind != AVOW__STACKLESS || avow__is_pending(p));
  if (p->kind == AVOW__STACKLESS)
    (void) fprintf(dump->out, "%sawaits at line %d%s", dump->before,
                   frame->line, dump->after);
}
#endif

#if defined(AVOW_TRACE) && !defined(AVOW_NO_ASYNC)
static void print_await(const avow__dump_t *dump, const avow_promise_t *p) {
  const avow__fiber_t *f = p->data;
  assert(p->kind != AVOW__ASYNC || avow__is_pending(p));
  if (p->kind == AVOW__ASYNC)
    print_place(dump, "awaits", avow__symbol_text(f->awaits));
}
#endif

#ifndef AVOW_NO_ASYNC
static void print_local(const char *name, const avow_value_t *v, void *data) {
  const avow__dump_t *dump = data;
  FILE *out = dump->out;
  (void) fputs(dump->before, out);
  print_escaped(out, name);
  if (v->tag == AVOW_INT)
    (void) fprintf(out, "=%" PRId64, v->u.i);
  else
    (void) fputc('=', out);
  if (v->tag == AVOW_BYTES)
    print_escaped(out, avow_to_bytes(v, NULL));
  else if (v->tag != AVOW_INT)
    (void) fprintf(out, "(%s)", avow_type_name(v));
  (void) fputs(dump->after, out);
}

static void print_locals(avow__dump_t *dump, const avow_promise_t *p) {
  const avow__fiber_t *f = p->kind == AVOW__ASYNC ? p->data : NULL;
  if (f != NULL && f->locals != NULL)
    f->locals->each(f->locals, print_local, dump);
}
#endif

void avow__dump_about(avow__dump_t *dump, const avow_promise_t *p) {
#ifndef AVOW_NO_ASYNC
  print_locals(dump, p);
#endif
#ifdef AVOW_TRACE
  print_place(dump, "made", avow__where(p));
  print_step(dump, p);
#  ifndef AVOW_NO_ASYNC
  print_await(dump, p);
#  endif
  (void) fprintf(dump->out, "%s%" PRIu64 " ms ago%s", dump->before,
                 avow__time(dump->context) - p->since, dump->after);
#else
  (void) dump;
  (void) p;
#endif
}

bool avow__dump_leaves_out(const avow__dump_t *dump, const avow_promise_t *p) {
  return p == dump->context->canceled || p == dump->context->no_memory;
}

const avow_promise_t *avow__dump_receiver(const avow_promise_t *p) {
  if (p->kind == AVOW__CASE)
    return p->select;
  if (p->kind == AVOW__STOPPER)
    return p->u.until;
  return p->kind == AVOW__ELEMENT ? p->u.element.gather : p;
}

/* The promise that p waits for, if a dump shows it. The deferred of a thenable
   points at the promise that waits for it, which is not shown. */
const avow_promise_t *avow__dump_awaited(const avow_promise_t *p) {
  const bool in_channel = p->kind == AVOW__NEXT || p->kind == AVOW__SEND ||
                          (p->kind == AVOW__CASE && p->upstream == NULL);
  if (in_channel && avow__is_pending(p))
    return p->data;
  return (p->flags & AVOW__DEFERRED_PROXY) == 0 ? p->upstream : NULL;
}

static void print_reason(FILE *out, const avow_promise_t *p) {
  if (avow__state(p) == AVOW_REJECTED)
    (void) fprintf(out, " (%s)", avow_error_message(&p->u.value));
}

static void text_one(avow_promise_t *p, void *data) {
  avow__dump_t *dump = data;
  if (avow__dump_leaves_out(dump, p))
    return;
  avow__dump_id(dump->out, avow__dump_receiver(p));
  (void) fprintf(dump->out, " %s %s", avow__dump_state(p), avow__kind_name(p));
  avow__dump_name(dump->out, p);
  print_reason(dump->out, p);
  const avow_promise_t *from = avow__dump_awaited(p);
  if (from != NULL) {
    (void) fputs(" waits for ", dump->out);
    avow__dump_id(dump->out, from);
  }
  avow__dump_about(dump, p);
  (void) fputc('\n', dump->out);
}

void avow_loop_dump(uv_loop_t *loop, FILE *out) {
  if (out == NULL) {
    avow__misuse_of_null("file");
    return;
  }
  avow__dump_t dump = { avow__context_of(loop), out, " ", "" };
  avow__check_thread(dump.context);
  avow__pool_each(&dump.context->pool, text_one, &dump);
}

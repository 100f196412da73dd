/* SPDX-License-Identifier: MIT */
/*
 * Printing the live promises of a loop: who is pending, on what, and who waits
 * for whom.
 */
#include <inttypes.h>
#include <stdio.h>

#include "avow/async.h"
#include "avow/stackless.h"
#include "engine/backtrace.h"
#include "engine/local.h"
#include "engine/name.h"
#include "engine/settle.h"
#include "engine/virtual_clock.h"

typedef struct {
  avow__context_t *context;
  FILE *out;
  const char *before, *after; /* around each thing that is said of a promise */
} dump_t;

static const char *state_name(const avow_promise_t *p) {
  static const char *const names[] = { "pending", "fulfilled", "rejected" };
  if (p->kind == AVOW__CHANNEL)
    return (p->flags & AVOW__CHANNEL_ENDED) != 0 ? "ended" : "open";
  return names[avow__state(p)];
}

/* Trace builds number promises; others have their address. */
static void print_id(FILE *out, const avow_promise_t *p) {
#ifdef AVOW_TRACE
  (void) fprintf(out, "p%" PRIu64, p->serial);
#else
  (void) fprintf(out, "p%" PRIxPTR, (uintptr_t) p);
#endif
}

/* What a program has given us may have what ends or bends a label of Graphviz,
   or a line. */
static void print_escaped(FILE *out, const char *text) {
  for (; *text != '\0'; text++) {
    if (*text == '"' || *text == '\\')
      (void) fputc('\\', out);
    (void) fputc((unsigned char) *text < ' ' ? '?' : *text, out);
  }
}

static void print_name(FILE *out, const avow_promise_t *p) {
  const char *name = avow__name_of(p);
  if (name == NULL)
    return;
  (void) fputs(" '", out);
  print_escaped(out, name);
  (void) fputc('\'', out);
}

#ifdef AVOW_TRACE
static void print_place(const dump_t *dump, const char *what,
                        const char *place) {
  if (place == NULL)
    return;
  (void) fprintf(dump->out, "%s%s in ", dump->before, what);
  print_escaped(dump->out, place);
  (void) fputs(dump->after, dump->out);
}

static void print_step(const dump_t *dump, const avow_promise_t *p) {
  const avow_frame_t *frame = p->data;
  assert(p->kind != AVOW__STACKLESS || avow__is_pending(p));
  if (p->kind == AVOW__STACKLESS)
    (void) fprintf(dump->out, "%sawaits at line %d%s", dump->before,
                   frame->line, dump->after);
}
#endif

#if defined(AVOW_TRACE) && !defined(AVOW_NO_ASYNC)
static void print_await(const dump_t *dump, const avow_promise_t *p) {
  const avow__fiber_t *f = p->data;
  assert(p->kind != AVOW__ASYNC || avow__is_pending(p));
  if (p->kind == AVOW__ASYNC)
    print_place(dump, "awaits", avow__caller_text(f->awaits));
}
#endif

#ifndef AVOW_NO_ASYNC
static void print_local(const char *name, const avow_value_t *v, void *data) {
  const dump_t *dump = data;
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

static void print_locals(dump_t *dump, const avow_promise_t *p) {
  if (p->kind == AVOW__ASYNC)
    avow__locals_each(p->data, print_local, dump);
}
#endif

static void print_origin(dump_t *dump, const avow_promise_t *p) {
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

static bool is_own(const dump_t *dump, const avow_promise_t *p) {
  return p == dump->context->canceled || p == dump->context->no_memory;
}

/* An element stands for the gather that it reports to, a case for its
   select. */
static const avow_promise_t *receiver(const avow_promise_t *p) {
  const bool reports = p->kind == AVOW__ELEMENT || p->kind == AVOW__SENTRY;
  if (p->kind == AVOW__CASE)
    return p->select;
  return reports ? p->u.element.gather : p;
}

/* What p waits for, if that is shown. A thenable's deferred points at what
   waits for it. */
static const avow_promise_t *awaited(const avow_promise_t *p) {
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
  dump_t *dump = data;
  if (is_own(dump, p))
    return;
  print_id(dump->out, receiver(p));
  (void) fprintf(dump->out, " %s %s", state_name(p), avow__kind_name(p));
  print_name(dump->out, p);
  print_reason(dump->out, p);
  const avow_promise_t *from = awaited(p);
  if (from != NULL) {
    (void) fputs(" waits for ", dump->out);
    print_id(dump->out, from);
  }
  print_origin(dump, p);
  (void) fputc('\n', dump->out);
}

static void dot_node(dump_t *dump, const avow_promise_t *p) {
  static const char *const colors[] = { "lightyellow", "palegreen", "salmon" };
  (void) fputs("  ", dump->out);
  print_id(dump->out, p);
  (void) fprintf(dump->out, " [fillcolor=%s, label=\"%s",
                 colors[avow__state(p)], avow__kind_name(p));
  print_name(dump->out, p);
  (void) fprintf(dump->out, "\\n%s", state_name(p));
  if (avow__state(p) == AVOW_REJECTED)
    (void) fprintf(dump->out, " %s", avow_err_name(p->u.value.code));
  (void) fputs("\\n", dump->out);
  print_origin(dump, p);
  (void) fputs("\"];\n", dump->out);
}

static void dot_one(avow_promise_t *p, void *data) {
  dump_t *dump = data;
  if (is_own(dump, p))
    return;
  if (receiver(p) == p)
    dot_node(dump, p);
  const avow_promise_t *from = awaited(p);
  if (from == NULL)
    return;
  (void) fputs("  ", dump->out);
  print_id(dump->out, receiver(p));
  (void) fputs(" -> ", dump->out);
  print_id(dump->out, from);
  (void) fputs(";\n", dump->out);
}

void avow_loop_dump(uv_loop_t *loop, FILE *out, avow_dump_t format) {
  if (out == NULL) {
    avow__misuse_of_null("the file for a dump");
    return;
  }
  dump_t dump = { avow__context_of(loop), out, " ", "" };
  avow__check_thread(dump.context);
  if (format == AVOW_DUMP_TEXT) {
    avow__pool_each(&dump.context->pool, text_one, &dump);
    return;
  }
  dump.before = "";
  dump.after = "\\n";
  (void) fputs(
      "digraph promises {\n"
      "  node [shape=box, style=filled, fontname=monospace];\n",
      out);
  avow__pool_each(&dump.context->pool, dot_one, &dump);
  (void) fputs("}\n", out);
}

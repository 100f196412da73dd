/* SPDX-License-Identifier: MIT */
/*
 * Reports the references that the program still has after a loop was closed. To
 * hold them is no mistake, but to hold them forever is a leak. The report
 * counts by kind, and names the function that releases each kind.
 */
#include "engine/leak_report.h"

#include <inttypes.h>
#include <string.h>

#include "base/check_tally.h"
#include "engine/origin.h"
#include "engine/settle.h"

#if AVOW__DEBUG

typedef struct avow__tally_row_s kind_t;

typedef struct {
  const avow__context_t *context;
  avow__tally_t kinds;
  const char *of; /* the class of an object in one of the promises */
} all_held_t;

static const char *held_as(const avow_promise_t *p) {
  if (p->kind == AVOW__CHANNEL)
    return "channel";
  if (p->kind == AVOW__DEFERRED && p->refs <= p->deferreds)
    return "deferred";
  if ((p->flags & AVOW__IN_VALUE) != 0)
    return "value"; /* an object value holds it */
  if ((p->flags & AVOW__GATHER_STEERED) != 0)
    return "gather";
  if ((p->flags & AVOW__VALUE_TOOL) != 0 && p->u.value.tag == AVOW_OBJECT)
    return ((const avow__object_t *) p->u.value.u.p)->klass->name;
  return "promise";
}

/* The class of the object that p is fulfilled with, which may help to find a
   forgotten promise; NULL for most promises. */
static const char *object_of(const avow_promise_t *p) {
  if (avow__state(p) != AVOW_FULFILLED || p->u.value.tag != AVOW_OBJECT)
    return NULL;
  return ((const avow__object_t *) p->u.value.u.p)->klass->name;
}

/* Whether p is not the program's: the context holds it, or a tool that is
   reported itself. */
static bool is_nobodys(const avow__context_t *c, const avow_promise_t *p) {
  const bool of_tool =
      p->kind == AVOW__CHANNEL && (p->flags & AVOW__IN_VALUE) != 0;
  return p == c->no_memory || p == c->canceled || of_tool;
}

static void held_count_one(avow_promise_t *p, void *data) {
  all_held_t *all = data;
  if (is_nobodys(all->context, p))
    return;
  const char *kind = held_as(p);
  avow__tally_add(&all->kinds, kind, 1);
  if (all->of == NULL && strcmp(kind, "promise") == 0)
    all->of = object_of(p);
}

/* Callbacks of the program may still come and settle these deferreds. Then no
   reference to the promises is left. */
static void tell_of_deferreds(const kind_t *kind) {
  const bool many = kind->count > 1;
  avow__advise("avow_loop_close(): %" PRIu64
               " deferred%s, and requests or handles of the program, are left; "
               "call uv_run() before uv_loop_close() if a callback settles %s; "
               "otherwise call avow_deferred_drop() on %s",
               kind->count, many ? "s" : "", many ? "them" : "it",
               many ? "them" : "it");
}

static const char *plural_of(const char *name) {
  return strcmp(name, "watch") == 0 ? "es" : "s";
}

static void tell_of_kind(const kind_t *kind) {
  const bool many = kind->count > 1;
  const bool plain = strcmp(kind->name, "promise") == 0;
  avow__advise("avow_loop_close(): %" PRIu64
               " %s%s %s still referenced; call avow_%s%s%s() on %s",
               kind->count, kind->name, many ? plural_of(kind->name) : "",
               many ? "are" : "is", plain ? "" : kind->name, plain ? "" : "_",
               strcmp(kind->name, "deferred") == 0 ? "drop" : "unref",
               many ? "them" : "it");
}

static void tell_where(avow_promise_t *p, void *data) {
  const char *where = avow__where(p);
  if (!is_nobodys(data, p) && where != NULL)
    avow__advise("  made in %s", where);
}

void avow__tell_of_held(avow__context_t *c) {
  all_held_t all = { .context = c };
  avow__pool_each(&c->pool, held_count_one, &all);
  if (c->groups > 0)
    avow__tally_add(&all.kinds, "group", c->groups);
  const bool alive = uv_loop_alive(c->loop) != 0;
  for (const kind_t *kind = all.kinds.rows; kind->name != NULL; kind++)
    if (alive && strcmp(kind->name, "deferred") == 0)
      tell_of_deferreds(kind);
    else
      tell_of_kind(kind);
  if (all.of != NULL)
    avow__advise("  one of these promises has an object: %s", all.of);
  avow__pool_each(&c->pool, tell_where, c);
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The reason of a cancellation. While a cancellation runs, its reason is in the
 * context, and each promise that it rejects gets it. A canceled promise that
 * stays pending, because a handler or a thread must finish, is marked as
 * CANCELED. A table keeps its reason until it settles or loses the mark,
 * because the block has no space for it. If there is no memory for the entry,
 * the promise is rejected with a plain UV_ECANCELED.
 */
#include "engine/cancel_reason.h"

#include "base/alloc.h"
#include "engine/settle.h"

typedef struct {
  avow__node_t node; /* its key is the promise */
  avow_value_t reason;
} noted_t;

/* The message of a reason; NULL if it has none. Valid as long as the value. */
static const char *reason_text(const avow_value_t *given) {
  if (avow_is_error(given))
    return avow_error_message(given);
  return given->tag == AVOW_BYTES ? avow_to_bytes(given, NULL) : NULL;
}

avow_value_t avow__cancel_reason(avow_value_t given) {
  if (given.tag == AVOW_NONE || avow_error_code(&given) == UV_ECANCELED)
    return given.u.p != NULL ? given : avow_none();
  const char *text = reason_text(&given);
  const avow_value_t v =
      text == NULL ? avow_error_new(UV_ECANCELED, given, NULL)
                   : avow_error_new(UV_ECANCELED, given, "%s: %s",
                                    avow_strerror(UV_ECANCELED), text);
  return v.u.p != NULL ? v : avow_none();
}

avow_promise_t *avow__canceled_promise(avow__context_t *c) {
  avow_promise_t *p = NULL;
  if (c->cancel.reason.tag != AVOW_NONE)
    p = avow__promise_alloc(c, AVOW__VALUE);
  if (p == NULL)
    return avow__ref(c->canceled);
  p->flags = AVOW_REJECTED | AVOW__HANDLED;
  p->refs = 1;
  p->u.value = avow_value_ref(&c->cancel.reason);
  return p;
}

static noted_t *find_noted(avow__context_t *c, const avow_promise_t *p) {
  return (noted_t *) avow__table_find(&c->tables[AVOW__REASONS], p);
}

avow_value_t avow__cancel_reason_noted(const avow_promise_t *p) {
  const noted_t *noted = find_noted(avow__context(p), p);
  return noted != NULL ? noted->reason : avow_none();
}

void avow__cancel_reason_note(avow_promise_t *p) {
  avow__context_t *c = avow__context(p);
  if (c->cancel.reason.tag == AVOW_NONE || find_noted(c, p) != NULL)
    return;
  noted_t *noted = avow_malloc(sizeof(*noted));
  if (noted == NULL)
    return;
  *noted = (noted_t){ .node = { .key = p },
                      .reason = avow_value_ref(&c->cancel.reason) };
  avow__table_add(&c->tables[AVOW__REASONS], &noted->node);
  p->flags |= AVOW__CANCELED;
}

avow_value_t avow__cancel_reason_take(const avow_promise_t *p) {
  avow__context_t *c = avow__context(p);
  avow__table_t *table = &c->tables[AVOW__REASONS];
  noted_t *noted = table->count > 0 ? find_noted(c, p) : NULL;
  if (noted == NULL)
    return avow_none();
  const avow_value_t reason = noted->reason;
  avow__table_remove(table, &noted->node);
  avow_free(noted);
  return reason;
}

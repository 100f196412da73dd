/* SPDX-License-Identifier: MIT */
/*
 * Choosing between cases. If a case can act at once, it does, and the select
 * never waits. Otherwise each case is a block that waits among the senders or
 * receivers of its channel, or for its promise. The first case that is served
 * settles the select. The value of the select is allocated before any case
 * waits. The other cases are then removed from where they wait, each in
 * constant time.
 *
 * A channel that gives or takes an item is in the middle of an operation.
 * Anything that may call the program therefore runs in jobs of its own.
 * Examples are promises without other references and items that were not sent.
 */
#include "avow/select.h"

#include "avow/cancel.h"
#include "base/alloc.h"
#include "channel/inside.h"
#include "engine/cancel.h"
#include "engine/cancel_reason.h"
#include "flow/outcome.h"

static uv_once_t select_kinds = UV_ONCE_INIT;

static void set_select_kinds(void);

_Static_assert(sizeof(avow_case_t) == 2 * sizeof(void *) + sizeof(avow_value_t),
               "ABI");

/* Value that a waiting select settles with. */
typedef struct {
  avow__outcome_t outcome; /* first, because other code sees only this */
  size_t n;
  avow_promise_t *cases[]; /* NULL: the case takes no part */
} choice_t;

static choice_t *choice_of(const avow_promise_t *select) {
  return ((avow__object_t *) select->u.value.u.p)->self;
}

/* Returns the block of the case's channel, or its promise. */
static avow_promise_t *case_block(const avow_case_t *one) {
  return one->kind == AVOW_CASE_SETTLED ? avow__given(one->promise, "promise")
                                        : avow__channel_block(one->channel);
}

static int check_case(const avow__context_t *c, const avow_case_t *one) {
  const unsigned kind = one->kind; /* the program may pass any number */
  if (kind == AVOW_CASE_OUT)
    return 0;
  if (kind > AVOW_CASE_SETTLED)
    return UV_EINVAL;
  const avow_promise_t *block = case_block(one);
  if (kind == AVOW_CASE_SETTLED)
    avow__check_borrowed(block);
  if (!avow__same_loop(c, block))
    return AVOW_EMISUSE;
  if (kind == AVOW_CASE_SEND)
    avow__check_value(&one->item);
  return kind == AVOW_CASE_SEND && one->item.tag == AVOW_NONE ? UV_EINVAL : 0;
}

static int check_cases(const avow__context_t *c, const avow_case_t cases[],
                       size_t n) {
  int err = 0;
  for (size_t i = 0; i < n && err == 0; i++)
    err = check_case(c, &cases[i]);
  return err;
}

static bool case_is_ready(const avow_case_t *one) {
  if (one->kind == AVOW_CASE_OUT)
    return false;
  const avow_promise_t *block = case_block(one);
  if (one->kind == AVOW_CASE_SETTLED)
    return !avow__is_pending(block);
  if (avow__channel_is_inert(block))
    return true;
  if (one->kind == AVOW_CASE_NEXT)
    return avow__channel_gives(block);
  return avow__channel_refuses(block) || avow__channel_takes(block);
}

static size_t count_ready(const avow_case_t cases[], size_t n) {
  size_t ready = 0;
  for (size_t i = 0; i < n; i++)
    ready += case_is_ready(&cases[i]);
  return ready;
}

static size_t find_ready(const avow_case_t cases[], size_t nth) {
  size_t i = 0;
  for (;; i++)
    if (case_is_ready(&cases[i]) && nth-- == 0)
      return i;
}

/* Chooses one of `n`. Steps of the golden ratio choose each index equally
   often, even where several selects alternate. */
static size_t next_turn(avow__context_t *c, size_t n) {
  c->spread += 2654435769u;
  return (size_t) ((uint64_t) c->spread * n >> 32);
}

/* Releases the items that were not sent. Called last, because it may call the
   program. */
static void release_unsent(const avow_case_t cases[], size_t n, size_t kept) {
  for (size_t i = 0; i < n; i++)
    if (cases[i].kind == AVOW_CASE_SEND && i != kept)
      avow__value_unref(cases[i].item);
}

static avow_promise_t *select_refuse(avow__context_t *c, int err) {
  avow_promise_t *p = avow__promise_alloc(c, AVOW__VALUE);
  if (p == NULL)
    return avow__no_promise(c);
  avow__resolve(p, avow__error_of(err, "select", NULL));
  return p;
}

/* Whether the case sends an item that no receiver waits for. Such an item needs
   a place in the channel. */
static bool wants_place(const avow_case_t *one) {
  const avow_promise_t *block = case_block(one);
  return one->kind == AVOW_CASE_SEND && !avow__channel_is_inert(block) &&
         !avow__channel_refuses(block) && block->receivers == NULL;
}

/* The hook of the program may release `p`, so the value is referenced first. */
static avow_value_t take_settled(avow_promise_t *p) {
  const avow_value_t v = avow_value_ref(&p->u.value);
  avow__mark_handled(p);
  return v;
}

/* Acts on a case that is ready. Sets *sent if the channel took ownership of the
   item. */
static avow_value_t take_case(const avow_case_t *one, bool *sent) {
  avow_promise_t *block = case_block(one);
  *sent = false;
  if (one->kind == AVOW_CASE_SETTLED)
    return take_settled(block);
  if (avow__channel_is_inert(block))
    return avow_value_ref(&block->u.value);
  if (one->kind == AVOW_CASE_NEXT)
    return avow__channel_take(block);
  if (avow__channel_refuses(block))
    return avow__channel_refusal(block);
  avow__channel_give(block, one->item);
  *sent = true;
  return avow_none();
}

static void flow_of(const avow_case_t *one) {
  if (one->kind != AVOW_CASE_NEXT && one->kind != AVOW_CASE_SEND)
    return;
  avow_promise_t *block = case_block(one);
  if (!avow__channel_is_inert(block))
    avow__channel_flow(block);
}

/* Returns NULL if out of memory, and then nothing has changed. */
static avow_promise_t *select_now(avow__context_t *c, const avow_case_t *one,
                                  size_t index, bool *sent) {
  void *outcome;
  const avow_value_t v = avow__outcome_new(sizeof(avow__outcome_t), &outcome);
  avow_promise_t *p =
      avow_is_error(&v) ? NULL : avow__promise_alloc(c, AVOW__VALUE);
  const bool fits = !wants_place(one) || avow__channel_grow(case_block(one));
  if (p != NULL && fits) {
    avow__outcome_set(outcome, index, take_case(one, sent));
    avow__resolve(p, v);
    flow_of(one);
    return p;
  }
  if (p != NULL)
    avow__pool_free(&c->pool, p);
  avow__value_unref(v);
  return NULL;
}

static void free_cases(avow__context_t *c, choice_t *choice) {
  for (size_t i = 0; i < choice->n; i++)
    if (choice->cases[i] != NULL)
      avow__pool_free(&c->pool, choice->cases[i]);
}

/* Creates a block for each case that takes part. Returns false if out of
   memory. */
static bool make_cases(avow__context_t *c, choice_t *choice,
                       const avow_case_t cases[], size_t n) {
  for (choice->n = 0; choice->n < n; choice->n++) {
    const bool out = cases[choice->n].kind == AVOW_CASE_OUT;
    avow_promise_t *p = out ? NULL : avow__promise_alloc(c, AVOW__CASE);
    choice->cases[choice->n] = p;
    if (p == NULL && !out)
      return false;
  }
  return true;
}

/* Creates a select whose cases do not wait yet. Returns NULL if out of
   memory. */
static avow_promise_t *select_new(avow__context_t *c, const avow_case_t cases[],
                                  size_t n) {
  const size_t size = avow__times(n, sizeof(avow_promise_t *));
  void *choice;
  uv_once(&select_kinds, set_select_kinds);
  const avow_value_t v =
      avow__outcome_new(avow__plus(sizeof(choice_t), size), &choice);
  if (avow_is_error(&v))
    return NULL;
  avow_promise_t *select = NULL;
  if (make_cases(c, choice, cases, n))
    select = avow__promise_alloc(c, AVOW__SELECT);
  if (select == NULL) {
    free_cases(c, choice);
    avow__value_unref(v);
    return NULL;
  }
  select->u.value = v;
  return select;
}

static void wait_as(avow_promise_t *p, avow_promise_t *select,
                    const avow_case_t *one) {
  avow_promise_t *block = case_block(one);
  const bool sends = one->kind == AVOW_CASE_SEND;
  p->select = select;
  p->u.value = sends ? one->item : avow_none();
  if (one->kind == AVOW_CASE_SETTLED) {
    p->data = NULL;
    p->upstream = avow__ref(block);
    avow__subscribe(p);
  } else {
    p->data = block;
    avow__list_append(sends ? &block->senders : &block->receivers, &p->link);
  }
}

/* A source that is asked for an item may give one at once, so the first source
   to ask is chosen by turns. When one has given an item, no other case waits
   any more. */
static avow_promise_t *select_later(avow__context_t *c,
                                    const avow_case_t cases[], size_t n) {
  avow_promise_t *select = select_new(c, cases, n);
  if (select == NULL)
    return NULL;
  for (size_t i = 0; i < n; i++)
    if (cases[i].kind != AVOW_CASE_OUT)
      wait_as(choice_of(select)->cases[i], select, &cases[i]);
  const size_t first = next_turn(c, n);
  for (size_t i = 0; i < n; i++)
    flow_of(&cases[i < n - first ? first + i : first + i - n]);
  return select;
}

static avow_promise_t *select_among(avow__context_t *c,
                                    const avow_case_t cases[], size_t n) {
  const int err = check_cases(c, cases, n);
  const size_t ready = err == 0 ? count_ready(cases, n) : 0;
  size_t kept = SIZE_MAX; /* no item */
  avow_promise_t *p;
  if (err != 0) {
    p = select_refuse(c, err);
  } else if (ready > 0) {
    const size_t i = find_ready(cases, next_turn(c, ready));
    bool sent = false;
    p = select_now(c, &cases[i], i, &sent);
    kept = sent ? i : kept;
  } else {
    p = select_later(c, cases, n);
    if (p != NULL)
      return p; /* and `p` owns the items */
  }
  if (p == NULL)
    p = avow__no_promise(c);
  release_unsent(cases, n, kept);
  return p;
}

static size_t first_in(const avow_case_t cases[], size_t n) {
  size_t i = 0;
  while (i < n && cases[i].kind == AVOW_CASE_OUT)
    i++;
  return i;
}

avow_promise_t *avow_select(const avow_case_t cases[], size_t n) {
  if (cases == NULL && n > 0)
    return avow__refuse_null("array of cases");
  const size_t first = first_in(cases, n);
  if (first == n) {
    avow__misuse(
        "avow_select(): all cases are over or missing, so that it would never "
        "settle; stop when no case is left");
    return avow__no_promise(avow__unbound_context());
  }
  avow__context_t *c = avow__context(case_block(&cases[first]));
  avow__check_thread(c);
  return select_among(c, cases, n);
}

/* Whether the promise that the case waited for has other references. */
static bool is_held(const avow_promise_t *from) {
  return avow__is_pending(from) ? avow__is_shared(from) : from->refs > 1;
}

/* Ends a case that no longer waits. Anything that may call the program is left
   to a job. */
static void case_end(avow_promise_t *p) {
  avow_promise_t *from = p->upstream;
  const bool alone = from != NULL && !is_held(from);
  if (alone || p->u.value.tag >= AVOW_OBJECT) {
    p->kind = AVOW__UNCHOSEN;
    avow__enqueue(avow__context(p), p);
    return;
  }
  avow__pool_free(&avow__context(p)->pool, p);
  if (from != NULL)
    avow__unref(from);
}

static void unchosen_run(avow_promise_t *p) {
  avow_promise_t *from = p->upstream;
  const avow_value_t item = p->u.value;
  avow__pool_free(&avow__context(p)->pool, p);
  if (from != NULL) {
    avow__cancel_unshared(from);
    avow__unref(from);
  }
  avow__value_unref(item); /* last, because it may call the program */
}

/* The promise may still reject without a handler. It is therefore not marked as
   handled, which avow__withdraw() would do. */
static void case_leave_promise(avow_promise_t *p) {
  if (avow__is_pending(p->upstream))
    avow__list_remove(&p->upstream->waiters, &p->link);
  else
    avow__queue_remove(&p->link);
  case_end(p);
}

/* Removes a case from where it waits. If the channel has a source, which must
   learn of this later, the case is appended to `fed`. */
static void case_leave(avow_promise_t *p, avow__link_t **fed) {
  avow_promise_t *ch = p->data;
  if (ch == NULL) {
    case_leave_promise(p);
    return;
  }
  const bool sends = p->u.value.tag != AVOW_NONE;
  avow__list_remove(sends ? &ch->senders : &ch->receivers, &p->link);
  if (ch->source != NULL)
    avow__list_append(fed, &p->link);
  else
    case_end(p);
}

static void tell_sources(avow__link_t *fed) {
  while (fed != NULL) {
    avow_promise_t *p = (avow_promise_t *) avow__list_take_first(&fed);
    avow_promise_t *ch = p->data;
    case_end(p);
    avow__channel_flow(ch);
  }
}

/* Removes all cases except `chosen` from where they wait. Returns the index of
   `chosen`. */
static size_t leave_others(choice_t *choice, const avow_promise_t *chosen,
                           avow__link_t **fed) {
  size_t index = 0;
  for (size_t i = 0; i < choice->n; i++) {
    avow_promise_t *p = choice->cases[i];
    if (p == NULL)
      continue;
    if (p == chosen)
      index = i;
    else
      case_leave(p, fed);
  }
  return index;
}

static void case_settle(avow_promise_t *chosen, avow_value_t v) {
  avow_promise_t *select = chosen->select;
  choice_t *choice = choice_of(select);
  avow__link_t *fed = NULL;
  const size_t index = leave_others(choice, chosen, &fed);
  avow__outcome_set(&choice->outcome, index, v);
  avow__pool_free(&avow__context(chosen)->pool, chosen);
  avow__settle(select, select->u.value);
  tell_sources(fed);
  avow__unref(select);
}

static void case_run(avow_promise_t *p) {
  case_settle(p, avow__take_upstream(p));
}

static void select_cancel(avow_promise_t *select, avow_promise_t *start) {
  const avow_value_t v = select->u.value;
  avow__link_t *fed = NULL;
  (void) leave_others(choice_of(select), NULL, &fed); /* no case is chosen */
  avow__settle(select, avow__canceled(avow__context(select)));
  tell_sources(fed);
  avow__unref(select);
  avow__value_unref(v);
}

static void set_select_kinds(void) {
  avow__kinds[AVOW__SELECT] =
      (avow__kind_row_t){ .name = "select",
                          .is_root = true,
                          .cancel_from = select_cancel };
  avow__kinds[AVOW__CASE] = (avow__kind_row_t){ .name = "case",
                                                .run = case_run,
                                                .served = case_settle };
  avow__kinds[AVOW__UNCHOSEN] =
      (avow__kind_row_t){ .name = "case", .run = unchosen_run };
}

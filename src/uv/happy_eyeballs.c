/* SPDX-License-Identifier: MIT */
/*
 * Connecting by name: RFC 8305, "happy eyeballs". Addresses alternate between
 * families. The next is tried when one fails or a pause ends, and the first to
 * connect wins. The race ends with its promise. It stays in memory until libuv
 * has called back for each attempt and the pause has ended.
 */
#include "uv/happy_eyeballs.h"

#include <stdio.h>
#include <string.h>

#include "avow/cancel.h"
#include "avow/net.h"
#include "avow/timer.h"
#include "base/alloc.h"
#include "engine/cancel.h"
#include "engine/chain.h"
#include "engine/virtual_clock.h"
#include "uv/address.h"
#include "uv/op.h"
#include "uv/stream_value.h"

enum { ATTEMPT_DELAY = 250 }; /* ms: the RFC's Connection Attempt Delay */

typedef struct race_s race_t;

typedef struct {
  race_t *race;
  const struct sockaddr *address;
  avow_value_t stream; /* none once it has failed, won or lost */
  uv_connect_t req;
} attempt_t;

struct race_s {
  avow__context_t *context;
  avow_deferred_t *deferred; /* NULL: the race is over */
  avow_value_t owner;        /* owner of the addresses */
  avow__list_t *failures;
  avow_promise_t *pause; /* pending, or NULL */
  uint64_t delay;
  uint64_t due;    /* when to start the next attempt */
  uint64_t awaits; /* when the pause ends */
  size_t running;  /* attempts that libuv runs */
  bool pausing;    /* on_pause() has yet to run */
  bool advancing;  /* connect_advance() is on the stack */
  size_t next;     /* index of the next attempt */
  size_t n;
  attempt_t attempts[];
};

static void connect_release(race_t *race) {
  if (race->deferred != NULL || race->running > 0 || race->pausing)
    return;
  avow__value_unref(avow__block_value(&race->failures->head));
  avow__value_unref(race->owner);
  avow_free(race);
}

/* Closes the losers. Their callbacks and that of the pause come later. */
static avow_deferred_t *connect_end(race_t *race) {
  avow_deferred_t *d = race->deferred;
  race->deferred = NULL;
  for (size_t i = 0; i < race->next; i++)
    avow_value_clear(&race->attempts[i].stream);
  if (race->pause != NULL)
    avow__cancel(race->pause);
  return d;
}

static void win(race_t *race, attempt_t *attempt) {
  const avow_value_t stream = avow_steal(&attempt->stream);
  (void) avow_resolve(connect_end(race), stream); /* it is pending */
}

static size_t length_of_messages(const avow__list_t *failures) {
  size_t len = 1;
  for (size_t i = 0; i < failures->len; i++)
    len += strlen(avow_error_message(&failures->items[i])) + 2;
  return len;
}

/* "connect '[::1]:80': …; connect '127.0.0.1:80': …" */
static avow_value_t every_failure(const avow__list_t *failures,
                                  avow_value_t cause) {
  const int code = failures->items[0].code;
  const size_t size = length_of_messages(failures);
  char *text = avow_malloc(size);
  if (text == NULL) {
    avow__value_unref(cause);
    return avow_error(code);
  }
  size_t len = 0;
  for (size_t i = 0; i < failures->len; i++)
    len += (size_t) snprintf(text + len, size - len, "%s%s", i > 0 ? "; " : "",
                             avow_error_message(&failures->items[i]));
  const avow_value_t v = avow_error_new(code, cause, "%s", text);
  avow_free(text);
  return v;
}

static void connect_lose(race_t *race) {
  const avow_value_t list = avow__block_value(&race->failures->head);
  const avow_value_t v = every_failure(race->failures, avow_value_ref(&list));
  (void) avow_resolve(connect_end(race), v); /* it is pending */
}

static void failed(attempt_t *attempt, int err) {
  avow__list_t *failures = attempt->race->failures;
  char name[AVOW__ADDRESS_MAX];
  avow__address_print(attempt->address, name);
  failures->items[failures->len++] = avow__error_of(err, "connect", name);
  avow_value_clear(&attempt->stream);
}

static void connect_advance(race_t *race);

/* Other code closed the handle, so no new attempt starts. */
static void closed_by_others(race_t *race) {
  (void) avow_resolve(connect_end(race),
                      avow_error(UV_ECANCELED)); /* pending */
}

static void connected(attempt_t *attempt, int status) {
  race_t *race = attempt->race;
  if (race->deferred == NULL)
    return;
  if (status == 0) {
    win(race, attempt);
  } else if (status == UV_ECANCELED) {
    closed_by_others(race);
  } else {
    failed(attempt, status);
    race->due = 0;
    connect_advance(race);
  }
}

static void on_connect(uv_connect_t *req, int status) {
  attempt_t *attempt = req->data;
  race_t *race = attempt->race;
  avow__context_t *c = race->context;
  c->requests--;
  c->peer_requests--;
  race->running--;
  avow__enter(c);
  connected(attempt, status);
  connect_release(race);
  avow__leave(c);
}

static void connect_begin(race_t *race) {
  attempt_t *attempt = &race->attempts[race->next++];
  attempt->req.data = attempt;
  attempt->stream = avow__owned_new(race->context->loop, UV_TCP);
  int err = avow_error_code(&attempt->stream);
  if (err == 0)
    err = uv_tcp_connect(&attempt->req,
                         (uv_tcp_t *) avow__owned_handle(&attempt->stream),
                         attempt->address, on_connect);
  if (err != 0) {
    failed(attempt, err);
    return;
  }
  race->running++;
  race->context->requests++;
  race->context->peer_requests++;
  race->due = avow__time(race->context) + race->delay;
}

/* Runs once for each pause, even if the pause was canceled. */
static avow_value_t on_pause(void *data) {
  race_t *race = data;
  race->pausing = false;
  if (avow__time(race->context) < race->awaits)
    race->due = 0; /* there was no memory for the sleep */
  avow_unref(race->pause);
  race->pause = NULL;
  if (race->deferred != NULL && !race->advancing)
    connect_advance(race);
  connect_release(race);
  return avow_none();
}

static void begin_pause(race_t *race) {
  uv_loop_t *loop = race->context->loop;
  race->pausing = true;
  race->awaits = race->due;
  avow_promise_t *p = avow_sleep(loop, race->due - avow__time(race->context));
  p = avow_finally(p, on_pause, race);
  if (race->pausing)
    race->pause = p;
  else
    avow_unref(p);
}

/* Starts the attempts that are due. A failed attempt does not end the pause.
   When the pause ends, no attempt may be left, or the next one may be due
   later. */
static void connect_advance(race_t *race) {
  race->advancing = true;
  while (race->next < race->n) {
    if (race->running == 0 || avow__time(race->context) >= race->due)
      connect_begin(race);
    else if (race->pausing)
      break;
    else
      begin_pause(race);
  }
  race->advancing = false;
  if (race->next == race->n && race->running == 0)
    connect_lose(race);
}

static void connect_cancel(void *data) {
  race_t *race = data;
  avow_deferred_drop(connect_end(race));
  connect_release(race);
}

static size_t connect_count(const struct addrinfo *at) {
  size_t n = 0;
  for (; at != NULL; at = at->ai_next)
    n++;
  return n;
}

/* Finds the next address of the family, or of another family if `same` is
   false. */
static const struct addrinfo *connect_seek(const struct addrinfo *at,
                                           int family, bool same) {
  while (at != NULL && (at->ai_family == family) != same)
    at = at->ai_next;
  return at;
}

/* Alternates addresses of the first one's family with the others. */
static void put_in_order(race_t *race, const struct addrinfo *list) {
  const int family = list->ai_family;
  const struct addrinfo *next[] = { list, connect_seek(list, family, false) };
  for (size_t i = 0, turn = 0; i < race->n; turn = 1 - turn) {
    const struct addrinfo *at = next[turn];
    if (at == NULL)
      continue;
    race->attempts[i].race = race;
    race->attempts[i++].address = at->ai_addr;
    next[turn] = connect_seek(at->ai_next, family, turn == 0);
  }
}

static race_t *race_new(avow__context_t *c, size_t n) {
  race_t *race = avow_calloc(1, avow__plus(sizeof(*race),
                                           avow__times(n, sizeof(attempt_t))));
  avow__list_t *failures = race != NULL ? avow__list_new(n) : NULL;
  if (failures == NULL) {
    avow_free(race);
    return NULL;
  }
  race->context = c;
  race->failures = failures;
  race->n = n;
  return race;
}

static race_t *connect_prepare(avow_deferred_t *d, avow__context_t *c,
                               const struct addrinfo *list, uint64_t delay) {
  race_t *race = race_new(c, connect_count(list));
  if (race == NULL)
    return NULL;
  race->deferred = d;
  race->delay = delay;
  put_in_order(race, list);
  avow_on_cancel(d, connect_cancel, race);
  return race;
}

avow_promise_t *avow__connect_any(uv_loop_t *loop, const struct addrinfo *list,
                                  avow_value_t owner, uint64_t delay) {
  avow_deferred_t *d;
  avow__context_t *c = avow__context_of(loop);
  avow_promise_t *p = avow__promise_new(c, &d);
  race_t *race = NULL;
  if (!avow__has_settled(p))
    race = connect_prepare(d, c, list, delay);
  if (race == NULL) {
    avow__value_unref(owner);
    (void) avow_reject(d, avow_error(UV_ENOMEM)); /* false: already rejected */
    return p;
  }
  race->owner = owner;
  connect_advance(race);
  connect_release(race);
  return p;
}

static avow_value_t connect_cb(const avow_value_t *addresses, void *loop) {
  return avow_follow(avow__connect_any(loop, avow_to_addrinfo(addresses),
                                       avow_value_ref(addresses),
                                       ATTEMPT_DELAY));
}

avow_promise_t *avow_connect(uv_loop_t *loop, const char *host,
                             const char *service) {
  avow__check_ready(loop);
  const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
  if (host == NULL || service == NULL)
    return avow__refuse(loop, UV_EINVAL, "connect", host);
  avow_promise_t *p = avow_getaddrinfo(loop, host, service, &hints);
  return avow__then_begin(p, connect_cb, loop);
}

static avow_value_t give_cb(const avow_value_t *arg, void *block) {
  const avow_value_t v = avow__block_value(block);
  return avow_value_ref(&v);
}

static void drop(void *block) {
  avow__value_unref(avow__block_value(block));
}

avow_promise_t *avow_connect_path(uv_loop_t *loop, const char *name) {
  avow__check_ready(loop);
  const avow_value_t v = avow__owned_new(loop, UV_NAMED_PIPE);
  if (avow_is_error(&v))
    return avow__refuse(loop, v.code, "connect", name);
  uv_pipe_t *pipe = (uv_pipe_t *) avow__owned_handle(&v);
  avow_promise_t *p = avow_pipe_connect(pipe, name);
  p = avow_then(p, give_cb, NULL, v.u.p);
  return avow_attach(p, v.u.p, drop);
}

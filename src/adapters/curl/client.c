/* SPDX-License-Identifier: MIT */
/* Clients: how they start and end, and how promises represent them. */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "avow/log.h"
#include "avow/loop.h"
#include "multi_socket.h"
#include "transfer.h"

static avow_promise_t *promise_of(const avow_curl_t *client) {
  return avow_ref((const avow_promise_t *) (const void *) client);
}

static void client_free(client_t *c) {
  if (c->handles > 0 || !c->is_released)
    return;
  avow_promise_clear(&c->ended);
  avow_free(c);
}

/* The client has no handles left, so the loop may continue to close. */
static void client_leave_loop(client_t *c) {
  if (c->gone != NULL)
    (void) avow_resolve(c->gone, avow_none()); /* false if not allocated */
  c->gone = NULL;
  avow_promise_clear(&c->shield);
  client_free(c);
}

void avow__curl_handle_closed(client_t *c) {
  if (--c->handles == 0)
    client_leave_loop(c);
}

static void client_end(client_t *c) {
  avow_deferred_t *life = c->life;
  c->life = NULL;
  if (life != NULL)
    (void) avow_resolve(life, avow_none());
  avow__curl_multi_stop(c);
}

/* Ends the client if it is ending, has no transfers, and is not inside
   libcurl. */
static void client_may_end(client_t *c) {
  if (c->ending && c->multi != NULL && c->inside == 0 &&
      !avow__curl_has_transfers(c))
    client_end(c);
}

void avow__curl_enter(client_t *c) {
  c->inside++;
}

void avow__curl_leave(client_t *c) {
  if (c->inside == 1)
    avow__curl_reap(c);
  c->inside--;
  client_may_end(c);
}

/* Called when the loop closes. The loop cancels the promises of the client and
   its transfers. */
static void client_on_close(void *data) {
  client_t *c = data;
  avow_deferred_drop(c->life);
  c->life = NULL;
  c->ending = true;
  client_may_end(c);
}

void avow__curl_give_up(client_t *c) {
  avow_deferred_t *life = c->life;
  c->life = NULL;
  c->ending = true;
  if (life != NULL)
    (void) avow_reject(life, avow_error(UV_ENOMEM));
  (void) avow_result(c->ended); /* marks it as handled; later calls report it */
  avow__curl_fail_all(c, UV_ENOMEM);
}

/* The client has no references left, and so it has no transfers. */
static void client_destroy(void *data) {
  client_t *c = data;
  c->is_released = true;
  c->ending = true;
  if (c->multi != NULL)
    client_may_end(c);
  else
    client_free(c);
}

static const avow_class_t client_class = { .name = "curl client",
                                           .destroy = client_destroy };

/* Creates the promises for the end of the client in advance, because the end
   must not need memory. Returns NONE, or the error. */
static avow_value_t client_promise(client_t *c) {
  c->ended = avow_promise_new(c->loop, &c->life);
  avow_promise_t *gone = avow_promise_new(c->loop, &c->gone);
  avow_on_cancel(c->life, client_on_close, c);
  avow_promise_set_name(c->ended, "curl client");
  c->shield = avow_shield(gone);
  if (avow_state(c->ended) == AVOW_REJECTED)
    return avow_value_ref(avow_result(c->ended));
  if (avow_state(c->shield) == AVOW_REJECTED)
    return avow_value_ref(avow_result(c->shield));
  return avow_none();
}

static void client_unpromise(client_t *c) {
  /* false for those that were not allocated */
  (void) avow_resolve(c->life, avow_none());
  (void) avow_resolve(c->gone, avow_none());
  avow_promise_clear(&c->shield);
  avow_promise_clear(&c->ended);
}

static uv_once_t once = UV_ONCE_INIT;
static CURLcode initialized;

static void initialize(void) {
  initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
}

enum {
  HOST_CONNECTIONS = 6, /* as in browsers */
  CONNECTIONS = 256,
  CONNECTIONS_MOST = 1000000
};

/* The other half of the descriptors remains for the program. */
static unsigned usual_connections(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
      limit.rlim_cur / 2 >= CONNECTIONS)
    return CONNECTIONS;
  return limit.rlim_cur >= 2 ? (unsigned) limit.rlim_cur / 2 : 1;
}

static void client_set_limits(client_t *c, const avow_curl_options_t *o) {
  c->host_connections =
      o->host_connections > 0 ? o->host_connections : HOST_CONNECTIONS;
  c->most_connections =
      o->connections > 0 ? o->connections : usual_connections();
  c->connections = c->most_connections;
}

/* Returns the object of the client, or an error. */
static avow_value_t client_new(uv_loop_t *loop,
                               const avow_curl_options_t *options) {
  uv_once(&once, initialize);
  client_t *c = avow_calloc(1, sizeof(*c));
  if (c == NULL || initialized != CURLE_OK) {
    avow_free(c);
    return avow_error(UV_ENOMEM);
  }
  c->loop = loop;
  client_set_limits(c, options);
  c->set = options->set;
  c->data = options->data;
  avow_value_t v = client_promise(c);
  if (avow_is_none(&v) && avow__curl_multi_start(c))
    return avow_object(&client_class, c);
  client_unpromise(c);
  avow_free(c);
  return avow_is_none(&v) ? avow_error(UV_ENOMEM) : v;
}

static const char *options_problem(const avow_curl_options_t *o) {
  if ((o->reserved[0] | o->reserved[1]) != 0)
    return "a reserved field of the options is not 0";
  return o->host_connections > CONNECTIONS_MOST ||
                 o->connections > CONNECTIONS_MOST
             ? "a limit of connections is above 1,000,000"
             : NULL;
}

/* Returns the object of the client, or an error. */
static avow_value_t client_for(uv_loop_t *loop,
                               const avow_curl_options_t *options) {
  static const avow_curl_options_t defaults;
  const avow_curl_options_t *o = options != NULL ? options : &defaults;
  const char *wrong = options_problem(o);
  if (wrong != NULL)
    return avow_error_new(UV_EINVAL, avow_none(), "%s", wrong);
  return loop != NULL ? client_new(loop, o) : avow_error(UV_EINVAL);
}

avow_curl_t *avow_curl_new(uv_loop_t *loop,
                           const avow_curl_options_t *options) {
  return (
      avow_curl_t *) (void *) avow_promise_resolve(loop,
                                                   client_for(loop, options));
}

avow_curl_t *avow__curl_ref(const avow_curl_t *client) {
  return (avow_curl_t *) (void *) promise_of(client);
}

void avow__curl_check_client_in(const avow_curl_t *client, const char *called) {
  if (client != NULL)
    return;
  char message[128];
  (void) snprintf(message, sizeof(message),
                  "%s(): client is NULL; pass a client that avow_curl_new() "
                  "made",
                  called);
  avow_misuse(message);
}

client_t *avow__curl_self(const avow_curl_t *client) {
  const avow_value_t *v =
      avow_result((const avow_promise_t *) (const void *) client);
  return v == NULL || avow_is_error(v) ? NULL
                                       : avow_to_object(v, &client_class);
}

CURLM *avow_curl_multi(const avow_curl_t *client) {
  avow__curl_check_client(client);
  const client_t *c = avow__curl_self(client);
  return c != NULL ? c->multi : NULL;
}

void avow_curl_unref(avow_curl_t *client) {
  avow_unref((avow_promise_t *) (void *) client);
}

/* SPDX-License-Identifier: MIT */
/*
 * Calls libcurl when a descriptor is ready (socket_callback.c), and when the
 * time that it requested has come. If that is at once, a libuv timer would wait
 * a millisecond. An idle handle runs in the next iteration instead, and its
 * poll does not block. Transfers that start in one iteration therefore start
 * together, and a transfer that always has more work leaves iterations to
 * others.
 */
#include "multi_socket.h"

#include "socket_callback.h"
#include "transfer.h"

/* Arguments of a call to libcurl. */
typedef struct {
  client_t *client;
  CURL *easy; /* the transfer to continue; NULL: a descriptor is ready */
  curl_socket_t fd;
  int what; /* events of `fd`, or what stays paused of `easy` */
  CURLcode code;
  bool is_done;
} call_t;

/* If libcurl lacks memory to record a user of a descriptor, its table of users
   stays incomplete. It would divide by zero when it uses the table again
   (7.88). */
static void socket_action(call_t *call) {
  int running;
  const CURLMcode code = curl_multi_socket_action(call->client->multi, call->fd,
                                                  call->what, &running);
  if (code == CURLM_OUT_OF_MEMORY)
    avow__curl_give_up(call->client);
}

/* libcurl may report out of memory here as aborted by a callback. */
static void unpause(call_t *call) {
  call->code = curl_easy_pause(call->easy, call->what);
  if (call->code == CURLE_OUT_OF_MEMORY ||
      call->code == CURLE_ABORTED_BY_CALLBACK)
    avow__curl_give_up(call->client);
}

static avow_value_t call_cb(void *data) {
  call_t *call = data;
  client_t *c = call->client;
  call->is_done = true;
  avow__curl_enter(c);
  if (call->easy != NULL)
    unpause(call);
  else
    socket_action(call);
  avow__curl_leave(c);
  return avow_none();
}

/* libcurl calls functions of the program. Inside avow_try() they cannot close
   the loop, which would wait for libcurl to return. */
static void call_libcurl(call_t *call) {
  avow_promise_t *p = avow_try(call->client->loop, call_cb, call);
  if (!call->is_done) /* avow_try() was out of memory */
    (void) call_cb(call);
  (void) avow_result(p);
  avow_unref(p);
}

/* libcurl retries a transfer that waits for one of its limits when another
   transfer is removed, but not when the limit grows. Adding and removing
   `spare` causes a retry. */
static void try_again(client_t *c) {
  avow__curl_multi_limit(c);
  if (curl_multi_add_handle(c->multi, c->spare) == CURLM_OK)
    (void) curl_multi_remove_handle(c->multi, c->spare);
}

/* c->inside is greater than 0 only if a callback of libcurl runs the loop.
   libcurl must not be called then. All transfers fail, because the code that
   runs the loop may wait for one. */
void avow__curl_drive(client_t *c, curl_socket_t fd, int events) {
  call_t call = { .client = c, .fd = fd, .what = events };
  if (c->inside > 0)
    avow__curl_fail_all(c, AVOW_EMISUSE);
  else
    call_libcurl(&call);
}

CURLcode avow__curl_go_on(client_t *c, CURL *easy, int paused) {
  call_t call = { .client = c, .easy = easy, .what = paused };
  call_libcurl(&call);
  return call.code;
}

static void on_time(uv_timer_t *timer) {
  avow__curl_drive(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

/* The jobs of the last iteration have run, and did not read the paused
   bodies. */
static void on_soon(uv_idle_t *soon) {
  client_t *c = soon->data;
  (void) uv_idle_stop(soon);
  if (c->inside == 0 && avow__curl_hold(c))
    try_again(c);
  avow__curl_drive(c, CURL_SOCKET_TIMEOUT, 0);
}

void avow__curl_drive_soon(client_t *c) {
  (void) uv_idle_start(&c->soon, on_soon);
}

/* libcurl asks to be called in `ms` milliseconds; -1: not at all. */
static int on_timer(CURLM *multi, long ms, void *data) {
  client_t *c = data;
  (void) uv_timer_stop(&c->timer);
  if (ms == 0 || c->pausing.first != NULL)
    avow__curl_drive_soon(c);
  else
    (void) uv_idle_stop(&c->soon);
  if (ms > 0)
    (void) uv_timer_start(&c->timer, on_time, (uint64_t) ms, 0);
  return 0;
}

/* A held transfer keeps its connection and does not count. */
void avow__curl_multi_limit(client_t *c) {
  (void) curl_multi_setopt(c->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
                           (long) (c->host_connections + c->held_count));
  (void) curl_multi_setopt(c->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                           (long) (c->connections + c->held_count));
}

bool avow__curl_waits(const client_t *c) {
  return c->polled != NULL || uv_is_active((const uv_handle_t *) &c->timer) ||
         uv_is_active((const uv_handle_t *) &c->soon);
}

bool avow__curl_multi_start(client_t *c) {
  c->multi = curl_multi_init();
  c->spare = curl_easy_init();
  if (c->multi == NULL || c->spare == NULL) {
    (void) curl_multi_cleanup(c->multi);
    curl_easy_cleanup(c->spare);
    return false;
  }
  (void) curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, avow__curl_poll);
  (void) curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
  (void) curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, on_timer);
  (void) curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
  (void) curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS,
                           (long) c->most_connections);
  avow__curl_multi_limit(c);
  (void) uv_timer_init(c->loop, &c->timer);
  (void) uv_idle_init(c->loop, &c->soon);
  c->timer.data = c;
  c->soon.data = c;
  c->handles = 2;
  return true;
}

static void on_closed(uv_handle_t *handle) {
  avow__curl_handle_closed(handle->data);
}

/* Ending the multi handle closes the connections that it kept. This may still
   call back, so the libuv handles are closed afterwards. */
void avow__curl_multi_stop(client_t *c) {
  CURLM *multi = c->multi;
  c->multi = NULL;
  (void) curl_multi_cleanup(multi);
  curl_easy_cleanup(c->spare);
  avow__curl_poll_nothing(c);
  uv_close((uv_handle_t *) &c->timer, on_closed);
  uv_close((uv_handle_t *) &c->soon, on_closed);
}

/* SPDX-License-Identifier: MIT */
/*
 * Transfers, from perform to the end. An easy handle is added to the multi
 * handle and is removed when it is done, failed or unwanted. An unwanted handle
 * is removed at once, with two exceptions. If libcurl has called this code, the
 * handle is removed when libcurl returns. During a lookup, it is removed when
 * the lookup has ended. The promise may have settled long before that. After it
 * has settled, no function and no data of the program are used.
 *
 * A transfer is in a list of its host or of the client, depending on its state.
 * It counts toward the limits of connections while it is in the multi handle,
 * but not while it is held.
 */
#include "transfer.h"

#include "avow/loop.h"
#include "failure.h"
#include "handles_in_use.h"
#include "host.h"
#include "multi_socket.h"
#include "resolver_watch.h"

struct transfer_s {
  client_t *client;
  avow_curl_t *ref; /* reference to the client */
  transfer_t *prev, *next;
  transfers_t *list;
  host_t *host;
  CURL *easy;
  avow_deferred_t *deferred; /* NULL once its promise has settled */
  lookup_t lookup;
  hooks_t hooks;
  void *private; /* the program's CURLOPT_PRIVATE of `easy` */
  bool is_in;    /* in the multi handle */
  bool counts;
  /* because descriptors were short, while no other transfer ran */
  unsigned failures;
  bool nudged;
  char message[CURL_ERROR_SIZE];
};

/* Easy handle that a value owns. */
typedef struct {
  CURL *easy;
  known_t known;
} owned_t;

static void owned_destroy(void *data) {
  owned_t *owned = data;
  avow__curl_known_remove(&owned->known);
  curl_easy_cleanup(owned->easy);
  avow_free(owned);
}

static const avow_class_t easy_class = { .name = "curl",
                                         .destroy = owned_destroy };

/* Takes ownership of `easy`. */
static avow_value_t own(CURL *easy) {
  owned_t *owned = avow_calloc(1, sizeof(*owned));
  if (owned == NULL) {
    curl_easy_cleanup(easy);
    return avow_error(UV_ENOMEM);
  }
  owned->easy = easy;
  avow__curl_known_add(&owned->known, easy);
  return avow_object(&easy_class, owned);
}

CURL *avow_to_curl(const avow_value_t *v) {
  const owned_t *owned = avow_to_object(v, &easy_class);
  return owned != NULL ? owned->easy : NULL;
}

static void transfer_link(transfer_t *t, transfers_t *list) {
  t->list = list;
  t->prev = list->last;
  t->next = NULL;
  if (t->prev != NULL)
    t->prev->next = t;
  else
    list->first = t;
  list->last = t;
}

static void transfer_unlink(transfer_t *t) {
  if (t->prev != NULL)
    t->prev->next = t->next;
  else
    t->list->first = t->next;
  if (t->next != NULL)
    t->next->prev = t->prev;
  else
    t->list->last = t->prev;
  client_t *c = t->client;
  if (t->list == &t->host->waiting)
    c->waiting--;
  if (t->list != &c->held)
    return;
  c->held_count--;
  avow__curl_multi_limit(c);
}

static void transfer_move(transfer_t *t, transfers_t *list) {
  transfer_unlink(t);
  transfer_link(t, list);
}

static void transfer_wait(transfer_t *t) {
  transfer_link(t, &t->host->waiting);
  t->client->waiting++;
  avow__curl_host_ready(t->host);
}

static void transfer_count(transfer_t *t, bool counts) {
  if (t->counts != counts)
    avow__curl_host_run(t->host, counts ? 1 : -1);
  t->counts = counts;
}

static void hooks_tell(const hooks_t *hooks, const avow_value_t *v) {
  if (hooks->ended != NULL)
    hooks->ended(hooks->data, v);
}

static void hooks_out(const hooks_t *hooks) {
  if (hooks->out != NULL)
    hooks->out(hooks->data);
}

/* Takes ownership of `v`. */
static void transfer_settle(transfer_t *t, avow_value_t v) {
  avow_deferred_t *d = t->deferred;
  t->deferred = NULL;
  if (d == NULL) {
    avow_value_unref(v);
    return;
  }
  hooks_tell(&t->hooks, &v);
  (void) avow_resolve(d, v); /* false if it is being canceled */
}

/* Restores the program's options. */
static void transfer_come_out(transfer_t *t) {
  if (!t->is_in)
    return;
  (void) curl_multi_remove_handle(t->client->multi, t->easy);
  (void) curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t->private);
  (void) curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, NULL);
  avow__curl_lookup_forget(t->easy);
  t->is_in = false;
}

/* After this many ended transfers, one more connection is allowed. */
enum { ENDS = 8 };

static void descriptors_may_be_back(client_t *c) {
  if (c->connections >= c->most_connections || ++c->ends % ENDS > 0)
    return;
  c->connections++;
  avow__curl_multi_limit(c);
}

/* Ends the transfer with `v`; NONE stands for the easy handle. After an error,
   the handle is freed after the `ended` hook. Called last, because the client
   may be freed when the caller leaves. */
static void transfer_end(transfer_t *t, avow_value_t v) {
  client_t *c = t->client;
  transfer_unlink(t);
  transfer_come_out(t);
  transfer_count(t, false);
  descriptors_may_be_back(c);
  CURL *left = avow_is_none(&v) ? NULL : t->easy;
  if (avow_is_none(&v))
    v = own(t->easy);
  transfer_settle(t, v);
  curl_easy_cleanup(left);
  hooks_out(&t->hooks);
  avow_curl_t *ref = t->ref;
  avow__curl_host_unref(t->host);
  avow_free(t);
  avow_curl_unref(ref);
}

/* Whether nothing was sent to the peer. */
static bool has_not_begun(const transfer_t *t) {
  curl_off_t begun = 0;
  (void) curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &begun);
  return begun == 0;
}

/* Limit of attempts while no other transfer runs. libcurl closes one of its
   kept connections at each attempt. */
enum { FAILURES = 8 };

/* Handles a failure because descriptors were short. The limit becomes the
   number of connections in use, and the transfer waits until another one ends.
   Returns false if no other transfer runs. */
static bool transfer_again(transfer_t *t, CURLcode code) {
  client_t *c = t->client;
  if (!avow__curl_lacks_descriptors(code) || !has_not_begun(t))
    return false;
  transfer_count(t, false);
  if (c->used == 0 && ++t->failures > FAILURES)
    return false;
  transfer_come_out(t);
  if (c->used < c->connections)
    c->connections = c->used > 0 ? c->used : 1;
  avow__curl_multi_limit(c);
  t->nudged = false;
  t->message[0] = '\0';
  transfer_unlink(t);
  transfer_wait(t);
  return true;
}

static void transfer_done(transfer_t *t, CURLcode code) {
  avow_value_t v = avow_none();
  if (code != CURLE_OK && transfer_again(t, code))
    return;
  if (code != CURLE_OK)
    v = avow__curl_failure(t->easy, code, t->message);
  transfer_end(t, v);
}

/* Removes the transfer, or prepares this while its lookup runs. */
static void transfer_drop(transfer_t *t) {
  if (!t->is_in || !avow__curl_looks_up(&t->lookup)) {
    transfer_end(t, avow_error(UV_ECANCELED));
    return;
  }
  transfer_move(t, &t->client->lingering);
  avow__curl_lookup_last(t->easy);
}

static void take_options(transfer_t *t) {
  char *private = NULL;
  (void) curl_easy_getinfo(t->easy, CURLINFO_PRIVATE, &private);
  t->private = private;
  (void) curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
  (void) curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->message);
  (void) curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
  avow__curl_lookup_note(&t->lookup, t->easy);
}

/* Returns false if the program canceled the transfer inside `make`. */
static bool transfer_make(transfer_t *t) {
  if (t->easy == NULL)
    t->easy = t->hooks.make(t->hooks.data);
  return t->deferred != NULL;
}

/* An easy handle that is already in use stays with its user. */
static void transfer_go_in(transfer_t *t) {
  client_t *c = t->client;
  if (!transfer_make(t))
    return;
  const CURLMcode code = t->easy != NULL
                             ? curl_multi_add_handle(c->multi, t->easy)
                             : CURLM_OUT_OF_MEMORY;
  if (code == CURLM_OK) {
    t->is_in = true;
    transfer_count(t, true);
    take_options(t);
    transfer_move(t, &c->transfers);
    return;
  }
  if (code == CURLM_ADDED_ALREADY)
    t->easy = NULL;
  transfer_end(t, avow_error_new(code == CURLM_OUT_OF_MEMORY ? UV_ENOMEM
                                                             : UV_EINVAL,
                                 avow_none(), "%s", curl_multi_strerror(code)));
}

static bool reap_done(client_t *c) {
  int left;
  char *t = NULL;
  const CURLMsg *message = curl_multi_info_read(c->multi, &left);
  if (message == NULL)
    return false;
  const CURLcode code = message->data.result;
  (void) curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
  transfer_done((void *) t, code);
  return true;
}

static bool is_before_data(const transfer_t *t) {
  const char *scheme = NULL;
  curl_off_t begun = 0;
  (void) curl_easy_getinfo(t->easy, CURLINFO_SCHEME, &scheme);
  (void) curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &begun);
  return scheme != NULL && curl_strnequal(scheme, "ftp", 3) != 0 && begun == 0;
}

/* With FTP, libcurl 7.88 may receive the address of the data connection while
   it still requests that address. It then waits for no event, and must be
   continued once. */
static void transfer_nudge(transfer_t *t) {
  if (t->nudged || !is_before_data(t))
    return;
  t->nudged = true;
  (void) curl_easy_pause(t->easy, CURLPAUSE_ALL);
  (void) curl_easy_pause(t->easy, CURLPAUSE_CONT);
}

static bool drop_unwanted(client_t *c) {
  if (c->unwanted.first == NULL)
    return false;
  transfer_drop(c->unwanted.first);
  return true;
}

static bool begin_next(client_t *c) {
  host_t *host = avow__curl_host_next(c);
  if (host == NULL)
    return false;
  transfer_go_in(host->waiting.first);
  return true;
}

/* The end of a transfer may cancel a read of the program, which then starts
   another transfer. */
void avow__curl_reap(client_t *c) {
  while (drop_unwanted(c) || reap_done(c) || begin_next(c))
    continue;
  for (transfer_t *t = c->transfers.first; t != NULL && !avow__curl_waits(c);
       t = t->next)
    transfer_nudge(t);
}

bool avow__curl_has_transfers(const client_t *c) {
  return c->waiting > 0 || c->transfers.first != NULL ||
         c->pausing.first != NULL || c->held.first != NULL ||
         c->unwanted.first != NULL || c->lingering.first != NULL;
}

static transfer_t *transfer_of(CURL *easy) {
  char *t = NULL;
  (void) curl_easy_getinfo(easy, CURLINFO_PRIVATE, &t);
  return (void *) t;
}

/* A body that a due job will read is not counted as paused. */
void avow__curl_pauses(client_t *c, CURL *easy) {
  transfer_t *t = transfer_of(easy);
  if (t->list != &c->transfers)
    return;
  transfer_move(t, &c->pausing);
  avow__curl_drive_soon(c);
}

void avow__curl_is_read(client_t *c, CURL *easy) {
  transfer_t *t = transfer_of(easy);
  if (t->list != &c->pausing && t->list != &c->held)
    return;
  transfer_move(t, &c->transfers);
  transfer_count(t, true);
}

bool avow__curl_hold(client_t *c) {
  const bool holds = c->pausing.first != NULL;
  while (c->pausing.first != NULL) {
    transfer_t *t = c->pausing.first;
    transfer_move(t, &c->held);
    c->held_count++;
    transfer_count(t, false);
  }
  return holds;
}

void avow__curl_multiplexes(CURL *easy) {
  avow__curl_host_multiplexes(transfer_of(easy)->host);
}

static void transfer_on_cancel(void *data) {
  transfer_t *t = data;
  client_t *c = t->client;
  const avow_value_t error = avow_error(UV_ECANCELED);
  avow_deferred_t *d = t->deferred;
  t->deferred = NULL;
  hooks_tell(&t->hooks, &error);
  avow_deferred_drop(d);
  avow__curl_enter(c);
  transfer_move(t, &c->unwanted);
  avow__curl_leave(c);
}

static avow_value_t error_of(int err) {
  if (err != AVOW_EMISUSE)
    return avow_error(err);
  return avow_error_new(err, avow_none(),
                        "the loop runs inside a function that libcurl calls");
}

static void transfer_fail(transfer_t *t, int err) {
  transfer_move(t, &t->client->unwanted);
  transfer_settle(t, error_of(err));
}

static void fail_list(transfers_t *list, int err) {
  while (list->first != NULL)
    transfer_fail(list->first, err);
}

void avow__curl_fail_all(client_t *c, int err) {
  fail_list(&c->transfers, err);
  fail_list(&c->pausing, err);
  fail_list(&c->held, err);
  for (size_t i = 0; i < CLIENT_ROWS; i++)
    for (host_t *host = c->hosts[i]; host != NULL; host = host->next)
      fail_list(&host->waiting, err);
}

void avow__curl_fail(client_t *c, const CURL *easy, int err) {
  transfer_t *t = c->transfers.first;
  while (t != NULL && t->easy != easy)
    t = t->next;
  if (t != NULL)
    transfer_fail(t, err);
}

/* Takes ownership of `easy`. */
static avow_promise_t *refuse(CURL *easy, const hooks_t *hooks,
                              avow_promise_t *p) {
  hooks_tell(hooks, avow_result(p));
  curl_easy_cleanup(easy);
  hooks_out(hooks);
  return p;
}

static avow_promise_t *no_memory(const client_t *c) {
  return avow_promise_reject(c->loop, avow_error(UV_ENOMEM));
}

static avow_promise_t *transfer_begin(client_t *c, transfer_t *t, CURL *easy) {
  avow_promise_t *p = avow_promise_new(c->loop, &t->deferred);
  /* out of memory, or the loop is closed */
  if (avow_state(p) != AVOW_PENDING) {
    const hooks_t hooks = t->hooks;
    avow_deferred_drop(t->deferred);
    avow_curl_unref(t->ref);
    avow__curl_host_unref(t->host);
    avow_free(t);
    return refuse(easy, &hooks, p);
  }
  t->easy = easy;
  avow_on_cancel(t->deferred, transfer_on_cancel, t);
  transfer_wait(t);
  return p;
}

/* Returns NULL if out of memory. */
static transfer_t *transfer_new(client_t *c, const char *url) {
  transfer_t *t = avow_calloc(1, sizeof(*t));
  if (t == NULL)
    return NULL;
  t->client = c;
  t->host = avow__curl_host(c, url);
  if (t->host != NULL)
    return t;
  avow_free(t);
  return NULL;
}

avow_promise_t *avow__curl_transfer(const avow_curl_t *client, CURL *easy,
                                    const char *url, const hooks_t *hooks) {
  client_t *c = avow__curl_self(client);
  if (c == NULL)
    return refuse(easy, hooks,
                  (avow_promise_t *) (void *) avow__curl_ref(client));
  if (c->ending)
    return refuse(easy, hooks, avow_ref(c->ended));
  if (easy == NULL && hooks->make == NULL)
    return avow_promise_reject(c->loop,
                               avow_error_new(UV_EINVAL, avow_none(),
                                              "the easy handle is NULL"));
  transfer_t *t = transfer_new(c, url);
  if (t == NULL)
    return refuse(easy, hooks, no_memory(c));
  t->ref = avow__curl_ref(client);
  t->hooks = *hooks;
  if (c->inside > 0)
    avow__curl_drive_soon(c); /* reports a loop that runs inside a callback */
  avow__curl_enter(c);
  avow_promise_t *p = transfer_begin(c, t, easy);
  avow__curl_leave(c);
  return p;
}

/* The value cleans the handle up, so this does not take ownership of it. */
static avow_promise_t *refuse_owned(const avow_curl_t *client,
                                    const hooks_t *no_hooks) {
  const client_t *c = avow__curl_self(client);
  if (c == NULL || c->ending)
    return avow__curl_transfer(client, NULL, NULL, no_hooks); /* to reject it */
  return avow_promise_reject(
      c->loop, avow_error_new(UV_EINVAL, avow_none(),
                              "an object owns the easy handle; perform a copy "
                              "made by curl_easy_duphandle()"));
}

avow_promise_t *avow_curl_perform(const avow_curl_t *client, CURL *easy) {
  static const hooks_t no_hooks;
  avow__curl_check_client(client);
  if (avow__curl_is_known(easy))
    return refuse_owned(client, &no_hooks);
  return avow__curl_transfer(client, easy, NULL, &no_hooks);
}

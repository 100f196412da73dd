/* SPDX-License-Identifier: MIT */
/*
 * Uploads. libcurl asks for bytes when it can send some. If there are none, it
 * is paused, and only then is the stream read, in a job and never inside
 * libcurl. A server that takes no bytes therefore applies backpressure to the
 * stream, and at most one piece waits.
 *
 * Bytes that were read from a stream cannot be read again. libcurl may need to
 * send them again after a redirect or a lost connection. The request then
 * fails. libcurl asks to seek back in some cases, and in others it just starts
 * another request.
 */
#include "upload.h"

#include <string.h>

enum { PIECE = 65536 };

static bool has_bytes(const upload_t *u) {
  return u->piece.tag == AVOW_BYTES;
}

static size_t copy_bytes(upload_t *u, char *to, size_t room) {
  size_t len;
  const char *bytes = avow_to_bytes(&u->piece, &len);
  const size_t left = len - u->at;
  const size_t n = left < room ? left : room;
  memcpy(to, bytes + u->at, n);
  u->begun = true;
  u->at += n;
  if (u->at == len)
    avow_value_clear(&u->piece);
  return n;
}

static void ask(upload_t *u) {
  avow_deferred_t *d = u->asked;
  u->asked = NULL;
  u->wanted = true;
  if (d != NULL)
    (void) avow_resolve(d, avow_none());
}

static size_t on_wanted(char *to, size_t size, size_t n, void *data) {
  upload_t *u = data;
  if (has_bytes(u))
    return copy_bytes(u, to, size * n);
  if (u->over)
    return 0;
  ask(u);
  return CURL_READFUNC_PAUSE;
}

static int on_seek(void *data, curl_off_t offset, int origin) {
  upload_t *u = data;
  u->again = u->begun;
  return u->begun ? CURL_SEEKFUNC_FAIL : CURL_SEEKFUNC_OK;
}

/* A redirect that turns the request into a GET has no body, although libcurl 8
   has asked to seek back. */
static int on_request(void *data, char *theirs, char *ours, int their_port,
                      int our_port) {
  upload_t *u = data;
  char *method = NULL;
  (void) curl_easy_getinfo(u->easy, CURLINFO_EFFECTIVE_METHOD, &method);
  const bool has_body = method == NULL || strcmp(method, "GET") != 0;
  u->again = u->begun && has_body;
  return u->again ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static void on_upload_cancel(void *data) {
  upload_t *u = data;
  avow_deferred_drop(u->asked);
  u->asked = NULL;
}

static avow_promise_t *upload_wait(upload_t *u) {
  avow_promise_t *p = avow_promise_new(u->client->loop, &u->asked);
  avow_on_cancel(u->asked, on_upload_cancel, u);
  if (avow_state(p) != AVOW_PENDING)
    on_upload_cancel(u);
  else if (u->wanted)
    ask(u);
  return p;
}

static avow_value_t read_some(const avow_value_t *nothing, void *data) {
  const upload_t *u = data;
  const size_t most = u->is_known && u->left < PIECE ? (size_t) u->left : PIECE;
  return avow_follow(avow_read(avow_to_stream(&u->owner), most));
}

/* Takes ownership of `error`. Returns a value, which ends the repeat. */
static avow_value_t fail(upload_t *u, avow_value_t error) {
  u->over = true;
  u->failed(u->data, error);
  return avow_int(1);
}

static avow_value_t no_piece(const avow_value_t *error, void *data) {
  return fail(data, avow_value_ref(error));
}

static void go_on(const upload_t *u) {
  if (u->easy != NULL)
    u->go_on(u->data);
}

static avow_value_t on_end(upload_t *u) {
  if (u->is_known && u->left > 0)
    return fail(u, avow_error_new(UV_EPROTO, avow_none(),
                                  "the body ended before its length"));
  u->over = true;
  u->wanted = false;
  go_on(u);
  return avow_int(1);
}

static avow_value_t on_piece(const avow_value_t *v, void *data) {
  upload_t *u = data;
  size_t len = 0;
  if (avow_is_none(v))
    return on_end(u);
  (void) avow_to_bytes(v, &len);
  if (len == 0)
    return fail(u, avow_error(AVOW_EMISUSE));
  u->piece = avow_value_ref(v);
  u->at = 0;
  u->left -= u->is_known ? len : 0;
  u->over = u->is_known && u->left == 0;
  u->wanted = false;
  go_on(u);
  return u->over ? avow_int(1) : avow_none();
}

static avow_value_t turn(void *data) {
  avow_promise_t *p = avow_then(upload_wait(data), read_some, NULL, data);
  return avow_follow(avow_then(p, on_piece, no_piece, data));
}

/* Called when the repeat has ended for any reason. */
static void on_over(void *data) {
  upload_t *u = data;
  if (u->asked != NULL)
    ask(u); /* its result is not used */
  if (u->easy != NULL && !u->over)
    u->failed(u->data, avow_error(UV_ENOMEM));
  avow__curl_known_remove(&u->stream);
  avow_value_clear(&u->owner);
  u->ended(u->data);
}

bool avow__curl_is_uploaded(const avow_value_t *owner) {
  return avow__curl_is_known(avow_to_stream(owner).self);
}

void avow__curl_upload_set(upload_t *u, CURL *easy, avow_value_t owner,
                           uint64_t length) {
  u->easy = easy;
  u->owner = owner;
  u->left = length;
  u->is_known = length > 0;
  avow__curl_known_add(&u->stream, avow_to_stream(&owner).self);
  (void) curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_wanted);
  (void) curl_easy_setopt(easy, CURLOPT_READDATA, u);
  (void) curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
  (void) curl_easy_setopt(easy, CURLOPT_SEEKDATA, u);
  (void) curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_request);
  (void) curl_easy_setopt(easy, CURLOPT_PREREQDATA, u);
}

void avow__curl_upload_begin(upload_t *u) {
  avow_promise_t *turns = avow_repeat(u->client->loop, turn, u);
  u->turns = avow_attach(turns, u, on_over);
}

void avow__curl_upload_refused(const upload_t *u) {
  if (u->wanted)
    (void) curl_easy_pause(u->easy, CURLPAUSE_CONT);
}

void avow__curl_upload_end(upload_t *u) {
  u->easy = NULL;
  if (u->turns != NULL)
    avow_cancel(u->turns);
  avow__curl_known_remove(&u->stream);
}

void avow__curl_upload_free(upload_t *u) {
  avow__curl_known_remove(&u->stream);
  avow_value_clear(&u->piece);
  avow_value_clear(&u->owner);
  if (u->turns != NULL)
    (void) avow_result(u->turns); /* already reported; marks it as handled */
  avow_promise_clear(&u->turns);
}

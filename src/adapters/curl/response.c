/* SPDX-License-Identifier: MIT */
/*
 * Responses, from the transfer to the program. libcurl writes the head and the
 * body, and then the promise of the transfer settles. The response lives until
 * the promise has settled and the program has released the response. Releasing
 * it cancels the transfer.
 */
#include "response.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "avow/loop.h"
#include "body.h"
#include "failure.h"
#include "multi_socket.h"
#include "request.h"
#include "response_head.h"
#include "transfer.h"
#include "upload.h"

enum { HEAD_MOST = 256 * 1024, PIECES = 4096, UNREAD = PIECES * 16384 };

struct response_s {
  body_t body;               /* first, because the stream has a pointer to it */
  avow_deferred_t *deferred; /* NULL once it has settled */
  avow_promise_t *transfer;  /* a reference that is used to cancel it */
  request_t request;
  upload_t upload; /* the request's body, if it is a stream */
  head_t head;
  size_t head_len;    /* as received, with earlier heads and trailers */
  size_t refused_len; /* of a proxy's response */
  uint64_t limit;     /* of the body; 0: none */
  uint64_t taken;     /* bytes that count toward `limit` */
  uint64_t *sent_so_far, *received; /* owned by the program, or NULL */
  avow_value_t refusal;             /* why the rest was refused, or NONE */
  avow_value_t all;                 /* the whole body, if `collects` */
  long status;
  bool collects;
  bool has_head; /* the final head: later lines are trailers */
  bool is_whole; /* the end of the head was received */
  unsigned refs; /* of the object, of the transfer, and of the upload */
};

/* Releases the transfer and its easy handle. */
static void forget_transfer(response_t *r) {
  if (r->transfer != NULL)
    (void) avow_result(r->transfer); /* already reported; marks it as handled */
  avow_promise_clear(&r->transfer);
}

static void response_unref(void *data) {
  response_t *r = data;
  if (--r->refs > 0)
    return;
  avow__curl_body_free(&r->body);
  avow__curl_upload_free(&r->upload);
  avow__curl_head_free(&r->head);
  forget_transfer(r);
  avow_value_unref(r->refusal);
  avow_value_unref(r->all);
  avow__curl_request_free(&r->request);
  avow_free(r);
}

static void response_stop(response_t *r) {
  if (!r->body.over)
    avow_cancel(r->transfer);
}

static void response_destroy(void *data) {
  response_t *r = data;
  avow_stream_destroyed(r->body.loop, &r->body);
  avow__curl_body_close(&r->body);
  response_stop(r);
  response_unref(r);
}

static const avow_class_t response_class = {
  .name = "response",
  .destroy = response_destroy,
  .stream = &avow__curl_bodies,
};

static response_t *response_of(const avow_value_t *v) {
  return avow_to_object(v, &response_class);
}

long avow_curl_status(const avow_value_t *response) {
  const response_t *r = response_of(response);
  return r != NULL ? r->status : 0;
}

const char *avow_curl_header(const avow_value_t *response, const char *name) {
  const response_t *r = response_of(response);
  return r != NULL && name != NULL ? avow__curl_head_find(&r->head, name)
                                   : NULL;
}

const avow_value_t *avow_curl_body(const avow_value_t *response) {
  const response_t *r = response_of(response);
  return r != NULL && r->collects ? &r->all : NULL;
}

/* Called when the head is complete. Settles the promise unless the body is also
   required. */
static void response_answer(response_t *r) {
  avow_deferred_t *d = r->deferred;
  r->has_head = true;
  if (d == NULL || (r->collects && !r->body.over))
    return;
  r->deferred = NULL;
  r->refs++;
  (void) avow_resolve(d, avow_object(&response_class, r));
}

/* Whether libcurl may send another request: with credentials, without waiting
   for permission to send the body, or to another location. */
static bool may_go_on(const response_t *r) {
  if (r->status == 401 || r->status == 407 || r->status == 417)
    return true;
  return r->status >= 300 && r->status < 400 &&
         avow__curl_head_find(&r->head, "Location") != NULL;
}

/* Another head follows 100 and similar codes. A server may send heads and
   trailers without end. */
static bool head_fits(response_t *r, const char *line, size_t n) {
  const bool is_first = n >= 5 && memcmp(line, "HTTP/", 5) == 0;
  if (is_first && r->status >= 200 && r->deferred != NULL && !r->has_head)
    r->head_len = 0;
  r->head_len += n;
  if (r->head_len <= HEAD_MOST)
    return true;
  r->refusal = avow_error_new(UV_EMSGSIZE, avow_none(),
                              "the head of the response has more than %d bytes",
                              HEAD_MOST);
  return false;
}

static bool head_is_sound(response_t *r, const char *line, size_t n) {
  if (avow__curl_head_is_sound(line, n))
    return true;
  r->refusal = avow_error_new(UV_EPROTO, avow_none(),
                              "the response's Content-Length is not a number "
                              "below 2^63");
  return false;
}

/* libcurl keeps 64 MiB of a body while it is paused. At most as much waits
   here, because PIECES pieces have at most 16 KiB each. */
static bool may_be_unpacked(const response_t *r) {
  return r->limit > 0 && r->limit <= UNREAD &&
         avow__curl_head_find(&r->head, "Content-Encoding") != NULL;
}

/* After a redirect, the version is that of another host. */
static void see_version(const response_t *r) {
  long version = 0, redirects = 0;
  (void) curl_easy_getinfo(r->body.easy, CURLINFO_HTTP_VERSION, &version);
  (void) curl_easy_getinfo(r->body.easy, CURLINFO_REDIRECT_COUNT, &redirects);
  if (version >= CURL_HTTP_VERSION_2_0 && redirects == 0)
    avow__curl_multiplexes(r->body.easy);
}

static size_t on_header(char *line, size_t size, size_t n, void *data) {
  response_t *r = data;
  n *= size;
  if (!head_fits(r, line, n))
    return 0;
  if (r->deferred == NULL || r->has_head) /* a trailer */
    return n;
  if (!head_is_sound(r, line, n))
    return 0;
  r->body.lacked = !avow__curl_head_add(&r->head, line, n);
  if (r->body.lacked)
    return 0;
  (void) curl_easy_getinfo(r->body.easy, CURLINFO_RESPONSE_CODE, &r->status);
  r->is_whole = n <= 2;
  if (!r->collects)
    r->body.room = r->is_whole && may_be_unpacked(r) ? PIECES : 0;
  if (r->is_whole)
    see_version(r);
  if (r->is_whole && r->status == 303)
    avow__curl_request_see_other(&r->request, r->body.easy);
  if (r->is_whole && r->status >= 300)
    avow__curl_upload_refused(&r->upload);
  if (r->is_whole && r->status >= 200 && !may_go_on(r))
    response_answer(r);
  return n;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *data) {
  response_t *r = data;
  n *= size;
  response_answer(r);
  if (r->limit > 0 && n > r->limit - r->taken) {
    r->refusal =
        avow_error_new(UV_EMSGSIZE, avow_none(),
                       "the body has more than %" PRIu64 " bytes", r->limit);
    return 0;
  }
  const size_t written = avow__curl_body_write(&r->body, bytes, n);
  r->taken += written == n ? n : 0;
  return written;
}

/* Takes ownership of `error`. */
static void response_fail(response_t *r, avow_value_t error) {
  avow_deferred_t *d = r->deferred;
  r->deferred = NULL;
  if (d != NULL)
    (void) avow_reject(d, avow_value_ref(&error));
  avow__curl_body_end(&r->body, error);
}

/* Ends the response with an error that does not come from the transfer. Takes
   ownership of `error`. */
static void response_abort(void *data, avow_value_t error) {
  response_t *r = data;
  if (r->body.over) {
    avow_value_unref(error);
    return;
  }
  response_fail(r, error);
  avow_cancel(r->transfer);
}

static avow_value_t cannot_repeat(CURL *easy) {
  return avow__curl_failure(
      easy, CURLE_SEND_FAIL_REWIND,
      "the request must be sent again, but its body is a stream");
}

/* Returns why the rest cannot arrive: a reason that this file has recorded, or
   else that of libcurl. */
static avow_value_t response_reason(response_t *r, CURLcode code) {
  if (r->body.lacked)
    return avow_error(UV_ENOMEM);
  if (avow_is_error(&r->refusal))
    return avow_steal(&r->refusal);
  return avow__curl_failure(r->body.easy, code, "");
}

static void body_broken(body_t *body, CURLcode code) {
  response_t *r = (response_t *) body; /* its first field */
  if (!body->over)
    response_abort(r, response_reason(r, code));
}

/* If the response is paused, only the upload continues. */
static void upload_go_on(void *data) {
  response_t *r = data;
  const CURLcode code =
      avow__curl_go_on(r->body.client, r->body.easy,
                       r->body.paused ? CURLPAUSE_RECV : CURLPAUSE_CONT);
  if (code != CURLE_OK)
    body_broken(&r->body, code);
}

/* libcurl 7.88 reports a line of more than 100 KiB as out of memory. If the
   memory is available now, the line was too long. */
static bool is_long_line(const response_t *r, const avow_value_t *v) {
  curl_off_t began = 0;
  if (r->is_whole || avow_curl_code(v) != CURLE_OUT_OF_MEMORY)
    return false;
  (void) curl_easy_getinfo(r->body.easy, CURLINFO_STARTTRANSFER_TIME_T, &began);
  void *room = began > 0 ? avow_malloc(HEAD_MOST) : NULL;
  avow_free(room);
  return room != NULL;
}

static avow_value_t long_line(const avow_value_t *v) {
  return avow_error_new(UV_EMSGSIZE, *avow_error_cause(v),
                        "a line of the response's head is too long");
}

static avow_value_t kept_too_much(const avow_value_t *v) {
  return avow_error_new(UV_ENOMEM, *avow_error_cause(v),
                        "libcurl cannot buffer more of the body, because it "
                        "has 64 MiB that were not read, or memory ran out");
}

/* Returns false if out of memory. */
static bool response_collect(response_t *r) {
  if (!r->collects)
    return true;
  r->all = avow__curl_body_all(&r->body, (size_t) r->taken);
  return !avow_is_error(&r->all);
}

/* Returns the reason of a failure, or NONE. If this file refused bytes, libcurl
   does not know the reason. libcurl also accepts a head that the end of the
   connection has cut off. */
static avow_value_t reason_of_end(response_t *r, const avow_value_t *v) {
  if (r->body.lacked)
    return avow_error(UV_ENOMEM);
  if (avow_is_error(&r->refusal))
    return avow_steal(&r->refusal);
  if (avow_is_error(v) && r->upload.again)
    return cannot_repeat(r->body.easy);
  if (is_long_line(r, v))
    return long_line(v);
  if (r->body.paused && avow_curl_code(v) == CURLE_OUT_OF_MEMORY)
    return kept_too_much(v);
  if (avow_is_error(v))
    return avow_value_ref(v);
  if (!r->is_whole)
    return avow_error_new(UV_EPROTO, avow_none(),
                          "the head of the response was cut off");
  return response_collect(r) ? avow_none() : avow_error(UV_ENOMEM);
}

static void on_ended(void *data, const avow_value_t *v) {
  response_t *r = data;
  avow__curl_upload_end(&r->upload);
  if (r->body.over) /* aborted */
    return;
  r->body.over = true;
  const avow_value_t reason = reason_of_end(r, v);
  if (avow_is_error(&reason)) {
    response_fail(r, reason);
    return;
  }
  response_answer(r); /* a head that another response might have followed */
  avow__curl_body_end(&r->body, avow_none());
}

/* The program may keep the response long after its transfer has ended. */
static void on_out(void *data) {
  forget_transfer(data);
  response_unref(data);
}

static void response_on_cancel(void *data) {
  response_t *r = data;
  avow_deferred_drop(r->deferred);
  r->deferred = NULL;
  response_stop(r);
}

response_t *avow__curl_response_new(client_t *c, avow_promise_t **out) {
  response_t *r = avow_calloc(1, sizeof(*r));
  if (r == NULL) {
    *out = avow_promise_reject(c->loop, avow_error(UV_ENOMEM));
    return NULL;
  }
  *out = avow_promise_new(c->loop, &r->deferred);
  if (avow_state(*out) != AVOW_PENDING) {
    avow_deferred_drop(r->deferred);
    avow_free(r);
    return NULL;
  }
  r->refs = 1;
  r->body.client = c;
  r->body.loop = c->loop;
  r->body.broken = body_broken;
  avow_on_cancel(r->deferred, response_on_cancel, r);
  return r;
}

static void response_upload(response_t *r, const avow_fetch_options_t *o) {
  r->upload.client = r->body.client;
  r->upload.failed = response_abort;
  r->upload.go_on = upload_go_on;
  r->upload.ended = response_unref;
  r->upload.data = r;
  avow__curl_upload_set(&r->upload, r->body.easy, avow_value_ref(o->body),
                        o->body_length);
}

/* The response may be over already. */
static void response_began(response_t *r) {
  if (r->body.over || avow_is_none(&r->upload.owner))
    return;
  r->refs++;
  avow__curl_upload_begin(&r->upload);
}

/* libcurl skips the body of a proxy's refusal byte by byte, without a limit
   (7.88). It calls this function at each byte. */
static bool proxy_fits(response_t *r, bool has_sent) {
  long status = 0;
  if (r->head_len > 0 || has_sent)
    return true;
  (void) curl_easy_getinfo(r->body.easy, CURLINFO_HTTP_CONNECTCODE, &status);
  if (status == 0 || ++r->refused_len <= HEAD_MOST)
    return true;
  avow_value_unref(r->refusal);
  r->refusal =
      avow_error_new(UV_EMSGSIZE, avow_none(),
                     "the response of the proxy has more than %d bytes",
                     HEAD_MOST);
  return false;
}

static int on_progress(void *data, curl_off_t to_receive, curl_off_t received,
                       curl_off_t to_send, curl_off_t sent) {
  response_t *r = data;
  if (r->sent_so_far != NULL)
    *r->sent_so_far = (uint64_t) sent;
  if (r->received != NULL)
    *r->received = (uint64_t) received;
  return proxy_fits(r, sent > 0) ? 0 : 1;
}

static void response_watch(response_t *r) {
  CURL *easy = r->body.easy;
  (void) curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  (void) curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
  (void) curl_easy_setopt(easy, CURLOPT_XFERINFODATA, r);
}

static bool counts(const response_t *r) {
  return r->sent_so_far != NULL || r->received != NULL;
}

static void response_count(response_t *r, const avow_fetch_options_t *o) {
  r->sent_so_far = o->sent;
  r->received = o->received;
  if (o->sent != NULL)
    *o->sent = 0;
  if (o->received != NULL)
    *o->received = 0;
}

/* The program's options may set a progress function, unless this file needs its
   own. */
static CURL *response_easy(void *data) {
  response_t *r = data;
  CURL *easy = avow__curl_request_easy(&r->request);
  r->body.easy = easy;
  if (easy == NULL)
    return NULL;
  response_watch(r);
  if (r->body.client->set != NULL)
    r->body.client->set(easy, r->body.client->data);
  if (r->request.set != NULL)
    r->request.set(easy, r->request.data);
  if (counts(r))
    response_watch(r);
  (void) curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  (void) curl_easy_setopt(easy, CURLOPT_HEADERDATA, r);
  (void) curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  (void) curl_easy_setopt(easy, CURLOPT_WRITEDATA, r);
  return easy;
}

/* A stream is read at once, and the data of set() need not live longer. */
static bool needs_easy(const request_t *request) {
  return request->streams || request->set != NULL;
}

/* Returns NULL if out of memory. */
static CURL *easy_at_once(response_t *r, const avow_fetch_options_t *o) {
  CURL *easy = response_easy(r);
  if (easy != NULL && r->request.streams)
    response_upload(r, o);
  return easy;
}

static void response_transfer(response_t *r, const avow_curl_t *client,
                              const avow_fetch_options_t *o) {
  const hooks_t hooks = { response_easy, on_ended, on_out, r };
  CURL *easy = needs_easy(&r->request) ? easy_at_once(r, o) : NULL;
  if (easy == NULL && needs_easy(&r->request)) {
    response_fail(r, avow_error(UV_ENOMEM));
    response_unref(r);
    return;
  }
  r->transfer = avow__curl_transfer(client, easy, r->request.url, &hooks);
  response_began(r);
}

void avow__curl_response_begin(response_t *r, const avow_curl_t *client,
                               const char *url, const avow_fetch_options_t *o,
                               bool collects) {
  r->collects = collects;
  r->body.room = r->collects ? UINT_MAX : 0;
  r->limit = o->limit;
  response_count(r, o);
  r->refs++; /* because the response may be over already */
  if (avow__curl_request_init(&r->request, url, o)) {
    response_transfer(r, client, o);
  } else {
    response_fail(r, avow_error(UV_ENOMEM));
    response_unref(r);
  }
  response_unref(r);
}

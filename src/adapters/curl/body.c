/* SPDX-License-Identifier: MIT */
/*
 * Bodies. One piece that libcurl has written waits to be read. Meanwhile
 * libcurl is paused and keeps all later bytes. An unread body therefore costs
 * one piece, and the receive windows of its connection: 32 MiB with HTTP/2.
 * When libcurl continues, it writes all bytes that it has kept. If a piece were
 * refused, libcurl would move all the remaining bytes in memory. All pieces are
 * therefore accepted then, and libcurl continues when the last one has been
 * read.
 *
 * Decompressed data may be a million times as large as what arrived. While a
 * transfer is paused, libcurl keeps up to 64 MiB of such data without reporting
 * this. If a compressed body has a limit, its pieces are therefore buffered
 * here. They need at most as much memory as the limit.
 */
#include "body.h"

#include <string.h>

#include "avow/loop.h"
#include "multi_socket.h"
#include "transfer.h"

struct piece_s {
  piece_t *next;
  avow_value_t bytes;
};

static bool has_piece(const body_t *b) {
  return b->piece.tag == AVOW_BYTES;
}

/* Releases the piece that was read. The next piece, if any, takes its place. */
static void turn_over(body_t *b) {
  piece_t *next = b->first;
  avow_value_clear(&b->piece);
  b->at = 0;
  if (next == NULL)
    return;
  b->first = next->next;
  b->waiting--;
  b->piece = next->bytes;
  avow_free(next);
}

/* Takes at most `most` bytes of the piece. Returns the piece itself if these
   are all its bytes. */
static avow_value_t take_bytes(body_t *b, size_t most) {
  size_t len;
  const char *bytes = avow_to_bytes(&b->piece, &len);
  const size_t left = len - b->at;
  const size_t n = left < most ? left : most;
  avow_value_t v =
      n == len ? avow_value_ref(&b->piece) : avow_bytes(bytes + b->at, n);
  if (avow_is_error(&v))
    return v; /* the bytes stay for the next read */
  b->at += n;
  if (b->at == len)
    turn_over(b);
  return v;
}

static void body_serve(body_t *b) {
  avow_deferred_t *d = b->reader;
  if (d == NULL || (!has_piece(b) && !b->over))
    return;
  b->reader = NULL;
  (void) avow_resolve(d, has_piece(b) ? take_bytes(b, b->most)
                                      : avow_value_ref(&b->end));
}

/* Takes ownership of `bytes`. Returns false if out of memory. */
static bool append(body_t *b, avow_value_t bytes) {
  piece_t *piece = avow_calloc(1, sizeof(*piece));
  if (piece == NULL) {
    avow_value_unref(bytes);
    return false;
  }
  piece->bytes = bytes;
  if (b->first != NULL)
    b->last->next = piece;
  else
    b->first = piece;
  b->last = piece;
  b->waiting++;
  return true;
}

/* Returns false if out of memory. */
static bool body_take(body_t *b, const char *data, size_t len) {
  const avow_value_t bytes = avow_bytes(data, len);
  if (avow_is_error(&bytes))
    return false;
  if (has_piece(b))
    return append(b, bytes);
  b->piece = bytes;
  return true;
}

size_t avow__curl_body_write(body_t *b, const char *bytes, size_t len) {
  if (len == 0)
    return 0;
  b->paused = has_piece(b) && !b->takes_all && b->waiting >= b->room;
  if (b->paused && !b->is_read && b->easy != NULL)
    avow__curl_pauses(b->client, b->easy);
  if (b->paused)
    return CURL_WRITEFUNC_PAUSE;
  b->lacked = !body_take(b, bytes, len);
  if (b->lacked)
    return 0;
  body_serve(b);
  return len;
}

void avow__curl_body_end(body_t *b, avow_value_t end) {
  b->over = true;
  b->easy = NULL;
  b->end = end;
  body_serve(b);
}

avow_value_t avow__curl_body_all(body_t *b, size_t len) {
  char *at;
  if (has_piece(b) && b->first == NULL)
    return avow_steal(&b->piece);
  const avow_value_t all = avow_bytes_new(len, &at);
  for (; has_piece(b) && !avow_is_error(&all); turn_over(b)) {
    const char *bytes = avow_to_bytes(&b->piece, &len);
    memcpy(at, bytes, len);
    at += len;
  }
  return all;
}

void avow__curl_body_close(body_t *b) {
  avow_deferred_t *d = b->reader;
  b->closed = true;
  b->reader = NULL;
  if (d != NULL)
    (void) avow_resolve(d, avow_error(UV_ECANCELED));
}

void avow__curl_body_free(body_t *b) {
  while (has_piece(b))
    turn_over(b);
  avow_value_clear(&b->end);
}

/* In this call, libcurl may write the bytes that it has kept. */
static void body_go_on(body_t *b) {
  if (!b->paused || b->easy == NULL || has_piece(b))
    return;
  b->paused = false;
  b->takes_all = true;
  const CURLcode code = avow__curl_go_on(b->client, b->easy, CURLPAUSE_CONT);
  b->takes_all = false;
  if (code != CURLE_OK)
    b->broken(b, code);
}

static void on_read_cancel(void *data) {
  body_t *b = data;
  avow_deferred_drop(b->reader);
  b->reader = NULL;
}

static avow_promise_t *body_read(void *self, size_t max_bytes) {
  body_t *b = self;
  if (b->closed || b->reader != NULL)
    return avow_promise_reject(b->loop,
                               avow_error(b->closed ? UV_EINVAL : UV_EALREADY));
  avow_promise_t *p = avow_promise_new(b->loop, &b->reader);
  if (!b->is_read && b->paused && b->easy != NULL)
    avow__curl_is_read(b->client, b->easy);
  b->is_read = true;
  b->most = max_bytes;
  avow_on_cancel(b->reader, on_read_cancel, b);
  if (avow_state(p) != AVOW_PENDING)
    on_read_cancel(b);
  body_serve(b);
  body_go_on(b);
  return p;
}

static uv_loop_t *body_loop(void *self) {
  return ((body_t *) self)->loop;
}

const avow_stream_class_t avow__curl_bodies = {
  .size = sizeof(avow__curl_bodies),
  .loop = body_loop,
  .read = body_read,
};

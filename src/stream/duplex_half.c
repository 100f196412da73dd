/* SPDX-License-Identifier: MIT */
/* One way of a pair in memory. */
#include "stream/duplex_half.h"

#include <string.h>

#include "avow/cancel.h"
#include "avow/timer.h"
#include "base/alloc.h"
#include "base/container.h"
#include "engine/cancel.h"
#include "uv/op.h"
#include "uv/waiter_slot.h"

typedef avow__way_t way_t;
typedef avow__pair_t pair_t;

typedef struct {
  avow__link_t link;
  avow_value_t bytes;
  uint64_t end;              /* position of the byte after the piece */
  uint64_t due;              /* when the piece can be read */
  avow_deferred_t *deferred; /* NULL: settled, or without other references */
} piece_t;

static uv_loop_t *pair_loop(const pair_t *pair) {
  return pair->parent.context->loop;
}

static piece_t *piece_of(avow__link_t *link) {
  return AVOW__CONTAINER(piece_t, link, link);
}

static size_t piece_len(const piece_t *piece) {
  size_t len;
  (void) avow_to_bytes(&piece->bytes, &len);
  return len;
}

/* Settles the write of the first waiting piece. */
static void piece_settle(way_t *way, int err) {
  piece_t *piece = piece_of(way->waiting);
  avow__link_t *next = piece->link.next;
  way->waiting = next != way->pieces ? next : NULL;
  avow__waiter_settle(&piece->deferred,
                      err != 0 ? avow__error_of(err, "write", NULL)
                               : avow_int((int64_t) piece_len(piece)));
}

static void piece_free(way_t *way, piece_t *piece) {
  assert(way->waiting != &piece->link);
  avow__list_remove(&way->pieces, &piece->link);
  avow__value_unref(piece->bytes);
  avow_free(piece);
}

/* Takes the pieces that fit into the capacity, and then the end. */
static void way_take(way_t *way) {
  while (way->waiting != NULL &&
         piece_of(way->waiting)->end - way->read <= way->pair->room)
    piece_settle(way, 0);
  if (way->waiting == NULL)
    avow__waiter_settle(&way->shutdown, avow_none());
}

/* Whether something can be read, and from when on. */
static bool way_has_more(const way_t *way, uint64_t *due) {
  *due = way->pieces != NULL ? piece_of(way->pieces)->due : way->end_due;
  return way->pieces != NULL || way->ended != 0;
}

static size_t way_portion(const way_t *way) {
  const avow_duplex_options_t *options = &way->pair->options;
  uint64_t n = piece_of(way->pieces)->end - way->read;
  n = n < way->max_bytes ? n : way->max_bytes;
  if (options->max_bytes > 0 && n > options->max_bytes)
    n = options->max_bytes;
  if (options->cut != 0 && way == way->pair->ways &&
      n > options->cut_after - way->read)
    n = options->cut_after - way->read;
  return (size_t) n;
}

/* Returns the outcome of a read: the end, or bytes of the first piece. */
static avow_value_t way_read(way_t *way) {
  if (way->pieces == NULL)
    return way->ended == UV_EOF ? avow_none()
                                : avow__error_of(way->ended, "read", NULL);
  piece_t *piece = piece_of(way->pieces);
  size_t len;
  const char *bytes = avow_to_bytes(&piece->bytes, &len);
  const size_t at = len - (size_t) (piece->end - way->read);
  const size_t n = way_portion(way);
  const avow_value_t v =
      n == len ? avow_value_ref(&piece->bytes) : avow_bytes(bytes + at, n);
  if (avow_is_error(&v))
    return v;
  way->read += n;
  way_take(way);
  if (way->read == piece->end)
    piece_free(way, piece);
  return v;
}

static void way_wait(way_t *way, uint64_t ms) {
  pair_t *pair = way->pair;
  if (way->sleep != NULL)
    return;
  way->sleep = avow_sleep(pair_loop(pair), ms);
  avow__child_add(&pair->parent, avow_follow(way->sleep),
                  (uint32_t) (way - pair->ways));
}

/* Settles the reader if something can be read now. */
static void way_serve(way_t *way) {
  uint64_t due;
  if (way->reader == NULL || !way_has_more(way, &due))
    return;
  const uint64_t now = avow_now(pair_loop(way->pair));
  if (due > now) {
    way_wait(way, due - now);
    return;
  }
  avow__waiter_settle(&way->reader, way_read(way));
}

void avow__way_break(way_t *way, int code) {
  way->lost = true;
  if (way->broken == 0)
    way->broken = code == UV_EOF ? UV_EPIPE : code;
  while (way->waiting != NULL)
    piece_settle(way, way->broken);
  while (way->pieces != NULL)
    piece_free(way, piece_of(way->pieces));
  way->ended = code;
  way->end_due = 0;
  way_take(way);
  way_serve(way);
  avow__waiter_settle(&way->watcher, avow_none());
}

/* Breaks the way if its reader has reached the cut. */
static void pair_cut(pair_t *pair) {
  const avow_duplex_options_t *options = &pair->options;
  if (options->cut == 0 || pair->ways[0].read < options->cut_after)
    return;
  const int code = options->cut;
  pair->options.cut = 0; /* once */
  avow__way_break(&pair->ways[0], code);
  if (code != UV_EOF)
    avow__way_break(&pair->ways[1], code);
}

/* Continues after a write or a read was started. */
static void way_go_on(way_t *way) {
  way_serve(way);
  pair_cut(way->pair);
}

/* Called when a sleep ends. A failed sleep rejects the reader, because no other
   event would wake it. */
static void pair_report(avow__parent_t *parent, uint32_t index,
                        avow_value_t outcome) {
  way_t *way = &((pair_t *) parent)->ways[index];
  way->sleep = NULL;
  if (avow_is_error(&outcome))
    avow__waiter_settle(&way->reader, outcome);
  else
    way_go_on(way);
}

static const avow__parent_class_t pair_class = { .report = pair_report };

void *avow__pair_new(uv_loop_t *loop, size_t size, size_t room,
                     const avow_duplex_options_t *options) {
  pair_t *pair = avow__parent_alloc(loop, &pair_class, size);
  if (pair == NULL)
    return NULL;
  pair->room = room;
  pair->options = options != NULL ? *options : (avow_duplex_options_t){ 0 };
  pair->ways[0].pair = pair->ways[1].pair = pair;
  pair_cut(pair);
  return pair;
}

avow_promise_t *avow__way_read(way_t *way, size_t max_bytes) {
  assert(way->reader == NULL);
  avow_promise_t *p = avow__waiter_new(pair_loop(way->pair), &way->reader);
  if (way->reader == NULL)
    return p;
  way->max_bytes = max_bytes;
  way_go_on(way);
  return p;
}

static size_t total(const avow_value_t *list) {
  size_t sum = 0;
  for (size_t i = 0; i < avow_list_len(list); i++) {
    size_t len;
    (void) avow_to_bytes(avow_list_at(list, i), &len);
    sum += len;
  }
  return sum;
}

/* Joins a LIST into one BYTES value. Takes ownership of `bytes`. */
static avow_value_t joined(avow_value_t bytes) {
  if (bytes.tag == AVOW_BYTES)
    return bytes;
  char *at;
  const avow_value_t whole = avow_bytes_new(total(&bytes), &at);
  for (size_t i = 0; !avow_is_error(&whole) && i < avow_list_len(&bytes); i++) {
    size_t len;
    const char *part = avow_to_bytes(avow_list_at(&bytes, i), &len);
    memcpy(at, part, len);
    at += len;
  }
  avow__value_unref(bytes);
  return whole;
}

/* Returns when bytes that are sent now can be read. If the delay exceeds the
   range of time, they can never be read. */
static uint64_t way_due(const way_t *way) {
  const uint64_t now = avow_now(pair_loop(way->pair));
  const uint64_t delay = way->pair->options.delay;
  return delay < UINT64_MAX - now ? now + delay : UINT64_MAX;
}

static void way_append(way_t *way, piece_t *piece) {
  way->written += piece_len(piece);
  piece->end = way->written;
  piece->due = way_due(way);
  avow__list_append(&way->pieces, &piece->link);
  if (way->waiting == NULL)
    way->waiting = &piece->link;
}

static avow_promise_t *append_new(way_t *way, avow_value_t bytes) {
  piece_t *piece = avow_malloc(sizeof(*piece));
  if (piece == NULL) {
    avow__value_unref(bytes);
    return avow__refuse(pair_loop(way->pair), UV_ENOMEM, "write", NULL);
  }
  avow_promise_t *p = avow__waiter_new(pair_loop(way->pair), &piece->deferred);
  if (piece->deferred == NULL) {
    avow__value_unref(bytes);
    avow_free(piece);
    return p;
  }
  piece->bytes = bytes;
  way_append(way, piece);
  way_take(way);
  way_go_on(way);
  return p;
}

avow_promise_t *avow__way_write(way_t *way, avow_value_t bytes) {
  const avow_value_t whole = joined(bytes);
  if (avow_is_error(&whole))
    return avow_promise_reject(pair_loop(way->pair), whole);
  size_t len;
  (void) avow_to_bytes(&whole, &len);
  if (len > 0)
    return append_new(way, whole);
  avow__value_unref(whole);
  return avow_promise_resolve(pair_loop(way->pair), avow_int(0));
}

static void way_end(way_t *way) {
  way->broken = UV_EPIPE;
  way->ended = UV_EOF;
  way->end_due = way_due(way);
}

avow_promise_t *avow__way_shutdown(way_t *way) {
  avow_promise_t *p = avow__waiter_new(pair_loop(way->pair), &way->shutdown);
  if (way->shutdown == NULL)
    return p;
  way_end(way);
  way_take(way);
  way_go_on(way);
  return p;
}

avow_promise_t *avow__way_watch(way_t *way) {
  assert(way->watcher == NULL);
  avow_promise_t *p = avow__waiter_new(pair_loop(way->pair), &way->watcher);
  if (way->watcher == NULL)
    return p;
  if (way->lost)
    avow__waiter_settle(&way->watcher, avow_none());
  return p;
}

size_t avow__way_queued(const way_t *way) {
  const uint64_t unread = way->written - way->read;
  const size_t room = way->pair->room;
  return unread > room ? (size_t) (unread - room) : 0;
}

void avow__way_stop_watching(way_t *way) {
  avow__waiter_settle(&way->watcher, avow_error(UV_ECANCELED));
}

void avow__way_stop_writing(way_t *way) {
  while (way->waiting != NULL) {
    piece_t *piece = piece_of(way->waiting);
    piece_settle(way, UV_ECANCELED);
    piece_free(way, piece);
  }
  avow__waiter_settle(&way->shutdown, avow_error(UV_ECANCELED));
  if (way->ended == 0)
    way_end(way);
  way_go_on(way);
}

void avow__way_stop_reading(way_t *way) {
  avow__waiter_settle(&way->reader, avow_error(UV_ECANCELED));
  if (way->sleep != NULL)
    avow__cancel(way->sleep);
  avow__way_break(way, UV_EOF);
}

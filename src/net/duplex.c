/*
 * Streams in memory. Each way from one end to the other is a row of pieces, one
 * for each write. Those that fit into its room are taken: their writes have
 * settled. Positions are counted in bytes from the beginning. The pair is a
 * parent, whose children are the sleeps until something can be read; it stays
 * until these and both values have gone.
 */
#include "avow/duplex.h"

#include <string.h>

#include "avow/cancel.h"
#include "avow/deadline.h"
#include "avow/stream_class.h"
#include "avow/timer.h"
#include "base/alloc.h"
#include "base/container.h"
#include "base/reserved.h"
#include "engine/child.h"
#include "net/stream.h"

typedef struct pair_s pair_t;

typedef struct {
  avow__link_t link;
  avow_value_t bytes;
  uint64_t end;              /* the position behind it */
  uint64_t due;              /* when it can be read */
  avow_deferred_t *deferred; /* NULL: it has settled, or nobody waits */
} piece_t;

typedef struct {
  pair_t *pair;
  avow__link_t *pieces;  /* that are not read to their end */
  avow__link_t *waiting; /* the first of these that is not taken */
  uint64_t written, read;
  int broken;       /* what writes reject with; 0: it is sound */
  int ended;        /* what is read behind the pieces; 0: there will be more */
  uint64_t end_due; /* when that can be read */
  bool lost;        /* its reader takes no more */
  avow_deferred_t *shutdown;
  avow_deferred_t *watcher; /* of whether it is lost */
  avow_deferred_t *reader;
  size_t max_bytes;      /* that it asked for */
  avow_promise_t *sleep; /* until there is something to read */
} way_t;

typedef struct {
  pair_t *pair;
  way_t *in, *out;
  bool closed;
} end_t;

struct pair_s {
  avow__parent_t parent;
  size_t room;
  avow_duplex_options_t options;
  way_t ways[2]; /* the first is that from the first end */
  end_t ends[2];
};

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

/* The write of the first that waits is over. */
static void piece_settle(way_t *way, int err) {
  piece_t *piece = piece_of(way->waiting);
  avow_deferred_t *d = piece->deferred;
  const avow__link_t *next = piece->link.next;
  way->waiting = next != way->pieces ? piece->link.next : NULL;
  piece->deferred = NULL;
  if (d != NULL) /* pending, or cancelling would have dropped it */
    (void) avow_resolve(d, err != 0 ? avow__error_of(err, "write", NULL)
                                    : avow_int((int64_t) piece_len(piece)));
}

static void piece_free(way_t *way, piece_t *piece) {
  assert(way->waiting != &piece->link);
  avow__list_remove(&way->pieces, &piece->link);
  avow__value_unref(piece->bytes);
  avow__free(piece);
}

/* What there is room for is taken, and then the end. */
static void way_take(way_t *way) {
  while (way->waiting != NULL &&
         piece_of(way->waiting)->end - way->read <= way->pair->room)
    piece_settle(way, 0);
  if (way->waiting != NULL || way->shutdown == NULL)
    return;
  avow_deferred_t *d = way->shutdown;
  way->shutdown = NULL;
  (void) avow_resolve(d, avow_none()); /* pending, as above */
}

/* Whether there is something to be read, and when. */
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

/* What comes of a read: the end, or the next bytes of the first piece. */
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

/* Gives the reader what is there. */
static void way_serve(way_t *way) {
  uint64_t due;
  if (way->reader == NULL || !way_has_more(way, &due))
    return;
  const uint64_t now = avow_now(pair_loop(way->pair));
  if (due > now) {
    way_wait(way, due - now);
    return;
  }
  avow_deferred_t *d = way->reader;
  way->reader = NULL;
  (void) avow_resolve(d, way_read(way)); /* pending, as above */
}

static void way_tell_watcher(way_t *way, avow_value_t v) {
  avow_deferred_t *d = way->watcher;
  way->watcher = NULL;
  if (d != NULL)
    (void) avow_resolve(d, v); /* pending, as above */
  else
    avow__value_unref(v);
}

/* What is on the way is lost, and nothing more comes. */
static void way_break(way_t *way, int code) {
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
  way_tell_watcher(way, avow_none());
}

/* Whether the way breaks off where its reader is. */
static void pair_cut(pair_t *pair) {
  const avow_duplex_options_t *options = &pair->options;
  if (options->cut == 0 || pair->ways[0].read < options->cut_after)
    return;
  const int code = options->cut;
  pair->options.cut = 0; /* once */
  way_break(&pair->ways[0], code);
  if (code != UV_EOF)
    way_break(&pair->ways[1], code);
}

/* Something was written, or is asked for. */
static void way_go_on(way_t *way) {
  way_serve(way);
  pair_cut(way->pair);
}

/* A sleep is over. If it failed nobody would wake the reader. */
static void pair_report(avow__parent_t *parent, uint32_t index,
                        avow_value_t outcome) {
  way_t *way = &((pair_t *) parent)->ways[index];
  way->sleep = NULL;
  if (!avow_is_error(&outcome) || way->reader == NULL) {
    avow__value_unref(outcome);
    way_go_on(way);
    return;
  }
  avow_deferred_t *d = way->reader;
  way->reader = NULL;
  (void) avow_resolve(d, outcome); /* pending, as above */
}

static const avow__parent_class_t pair_class = { .report = pair_report };

/* That a stream is known by. */
static end_t *end_of(void *self) {
  avow__check_stream(self);
  return self;
}

static uv_loop_t *duplex_loop(void *self) {
  return pair_loop(end_of(self)->pair);
}

static bool has_outlived_loop(const end_t *end) {
  return end->pair->parent.context->life == AVOW__CLOSED;
}

static bool is_over(const end_t *end) {
  return end->closed || has_outlived_loop(end);
}

static avow_promise_t *duplex_refuse(const end_t *end, int err,
                                     const char *name) {
  return has_outlived_loop(end)
             ? avow__no_promise(end->pair->parent.context)
             : avow__refuse(pair_loop(end->pair), err, name, NULL);
}

/* Makes a promise; NULL in *d without memory. */
static avow_promise_t *duplex_promise(const end_t *end, avow_deferred_t **d) {
  avow_promise_t *p = avow_promise_new(pair_loop(end->pair), d);
  if (avow__has_settled(p)) {
    avow_deferred_drop(*d);
    *d = NULL;
  }
  return p;
}

static void forget_reader(void *data) {
  way_t *way = data;
  avow_deferred_drop(way->reader);
  way->reader = NULL;
}

static avow_promise_t *duplex_read(void *self, size_t max_bytes) {
  end_t *end = end_of(self);
  way_t *way = end->in;
  if (is_over(end) || way->reader != NULL)
    return duplex_refuse(end, end->closed ? UV_EINVAL : UV_EALREADY, "read");
  avow_promise_t *p = duplex_promise(end, &way->reader);
  if (way->reader == NULL)
    return p;
  avow_on_cancel(way->reader, forget_reader, way);
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

/* A LIST in one piece; takes it. */
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

static void forget_write(void *data) {
  piece_t *piece = data;
  avow_deferred_drop(piece->deferred);
  piece->deferred = NULL;
}

static void way_append(way_t *way, piece_t *piece) {
  const pair_t *pair = way->pair;
  way->written += piece_len(piece);
  piece->end = way->written;
  piece->due = avow_now(pair_loop(pair)) + pair->options.delay;
  avow__list_append(&way->pieces, &piece->link);
  if (way->waiting == NULL)
    way->waiting = &piece->link;
  avow_on_cancel(piece->deferred, forget_write, piece);
}

static avow_promise_t *duplex_append(end_t *end, avow_value_t bytes) {
  piece_t *piece = avow__malloc(sizeof(*piece));
  if (piece == NULL) {
    avow__value_unref(bytes);
    return duplex_refuse(end, UV_ENOMEM, "write");
  }
  avow_promise_t *p = duplex_promise(end, &piece->deferred);
  if (piece->deferred == NULL) {
    avow__value_unref(bytes);
    avow__free(piece);
    return p;
  }
  piece->bytes = bytes;
  way_append(end->out, piece);
  way_take(end->out);
  way_go_on(end->out);
  return p;
}

static avow_promise_t *duplex_write(void *self, avow_value_t bytes) {
  end_t *end = end_of(self);
  const int err = is_over(end) ? UV_EINVAL : end->out->broken;
  if (err != 0) {
    avow__value_unref(bytes);
    return duplex_refuse(end, err, "write");
  }
  const avow_value_t whole = joined(bytes);
  if (avow_is_error(&whole))
    return avow_promise_reject(pair_loop(end->pair), whole);
  size_t len;
  (void) avow_to_bytes(&whole, &len);
  if (len > 0)
    return duplex_append(end, whole);
  avow__value_unref(whole);
  return avow_promise_resolve(pair_loop(end->pair), avow_int(0));
}

static void forget_shutdown(void *data) {
  way_t *way = data;
  avow_deferred_drop(way->shutdown);
  way->shutdown = NULL;
}

static void way_end(way_t *way) {
  const pair_t *pair = way->pair;
  way->broken = UV_EPIPE;
  way->ended = UV_EOF;
  way->end_due = avow_now(pair_loop(pair)) + pair->options.delay;
}

static avow_promise_t *duplex_shutdown(void *self) {
  end_t *end = end_of(self);
  way_t *way = end->out;
  if (is_over(end) || way->broken != 0)
    return duplex_refuse(end, end->closed ? UV_EINVAL : UV_ENOTCONN,
                         "shutdown");
  avow_promise_t *p = duplex_promise(end, &way->shutdown);
  if (way->shutdown == NULL)
    return p;
  avow_on_cancel(way->shutdown, forget_shutdown, way);
  way_end(way);
  way_take(way);
  way_go_on(way);
  return p;
}

static void forget_watcher(void *data) {
  way_t *way = data;
  avow_deferred_drop(way->watcher);
  way->watcher = NULL;
}

static avow_promise_t *duplex_peer_gone(void *self) {
  end_t *end = end_of(self);
  way_t *way = end->out;
  if (is_over(end) || way->watcher != NULL)
    return duplex_refuse(end, end->closed ? UV_EINVAL : UV_EALREADY, "poll");
  avow_promise_t *p = duplex_promise(end, &way->watcher);
  if (way->watcher == NULL)
    return p;
  avow_on_cancel(way->watcher, forget_watcher, way);
  if (way->lost)
    way_tell_watcher(way, avow_none());
  return p;
}

/* What was not taken is not written any more. */
static void way_leave(way_t *way) {
  while (way->waiting != NULL) {
    piece_t *piece = piece_of(way->waiting);
    piece_settle(way, UV_ECANCELED);
    piece_free(way, piece);
  }
  avow_deferred_t *d = way->shutdown;
  way->shutdown = NULL;
  if (d != NULL)
    (void) avow_resolve(d, avow_error(UV_ECANCELED)); /* pending, as above */
  if (way->ended == 0)
    way_end(way);
  way_go_on(way);
}

static void way_stop_reading(way_t *way) {
  avow_deferred_t *d = way->reader;
  way->reader = NULL;
  if (d != NULL)
    (void) avow_resolve(d, avow_error(UV_ECANCELED)); /* pending, as above */
  if (way->sleep != NULL)
    avow__cancel(way->sleep);
  way_break(way, UV_EOF);
}

static avow_promise_t *duplex_close(void *self) {
  end_t *end = end_of(self);
  if (is_over(end))
    return duplex_refuse(end, UV_EALREADY, "close");
  end->closed = true;
  way_tell_watcher(end->out, avow_error(UV_ECANCELED));
  way_stop_reading(end->in);
  way_leave(end->out);
  return avow_promise_resolve(pair_loop(end->pair), avow_none());
}

/* A loop that is closed has settled all that was pending. */
static void duplex_destroy(void *self) {
  end_t *end = end_of(self);
  pair_t *pair = end->pair;
  avow__context_t *c = pair->parent.context;
  if (!has_outlived_loop(end))
    avow__check_thread(c);
  else
    way_break(end->in, UV_EOF);
  avow__reading_close(c, end);
  if (!is_over(end))
    avow_unref(duplex_close(end));
  avow__note_gone(end);
  avow__parent_unref(&pair->parent);
}

static size_t duplex_queued(void *self) {
  const way_t *way = end_of(self)->out;
  const uint64_t unread = way->written - way->read;
  const size_t room = way->pair->room;
  return unread > room ? (size_t) (unread - room) : 0;
}

static const avow_stream_class_t duplex_streams = {
  .size = sizeof(duplex_streams),
  .loop = duplex_loop,
  .read = duplex_read,
  .write = duplex_write,
  .shutdown = duplex_shutdown,
  .close = duplex_close,
  .peer_gone = duplex_peer_gone,
  .queued = duplex_queued,
};

static const avow_class_t duplex_class = { .name = "duplex",
                                           .destroy = duplex_destroy,
                                           .stream = &duplex_streams };

static pair_t *pair_new(uv_loop_t *loop, size_t room,
                        const avow_duplex_options_t *options) {
  pair_t *pair = avow__parent_alloc(loop, &pair_class, sizeof(*pair));
  if (pair == NULL)
    return NULL;
  pair->parent.refs = 2; /* one for each end */
  pair->room = room;
  pair->options = options != NULL ? *options : (avow_duplex_options_t){ 0 };
  for (size_t i = 0; i < 2; i++) {
    pair->ways[i].pair = pair;
    avow__note_there(&pair->ends[i]);
    pair->ends[i].pair = pair;
    pair->ends[i].out = &pair->ways[i];
    pair->ends[i].in = &pair->ways[1 - i];
  }
  pair_cut(pair);
  return pair;
}

avow_value_t avow_duplex(uv_loop_t *loop, size_t room,
                         const avow_duplex_options_t *options) {
  int err = AVOW__RESERVED(options);
  if (err == 0 && options != NULL && options->cut > 0)
    err = UV_EINVAL;
  if (err != 0)
    return avow__error_of(err, "duplex", NULL);
  pair_t *pair = pair_new(loop, room, options);
  if (pair == NULL)
    return avow_error(UV_ENOMEM);
  avow_value_t ends[] = { avow_object(&duplex_class, &pair->ends[0]),
                          avow_object(&duplex_class, &pair->ends[1]) };
  if (!avow_is_error(&ends[0]) && !avow_is_error(&ends[1]))
    return avow_list(ends, 2);
  avow__value_unref(ends[0]);
  avow__value_unref(ends[1]);
  return avow_error(UV_ENOMEM);
}

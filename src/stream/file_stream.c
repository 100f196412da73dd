/* SPDX-License-Identifier: MIT */
/*
 * Files as streams. The stream is a parent. Its children are at most one read
 * and one write on the thread pool. A canceled read continues, and its bytes
 * are kept for the next read. Writes wait for each other in a queue. Copying by
 * the system (sendfile) counts as a read. If the destination is full, the pump
 * reads and writes a small part of the file, because a write can wait for the
 * destination.
 */
#include "avow/descriptor.h"
#include "avow/fs.h"
#include "avow/stream_class.h"
#include "avow/work.h"
#include "base/alloc.h"
#include "base/container.h"
#include "engine/child.h"
#include "uv/sendfile.h"
#include "uv/stream.h"
#include "uv/waiter_slot.h"

enum { READ, WRITE }; /* indexes of children */

enum { FILE_PORTION = 65536, TURN = 1 << 20 };

typedef struct {
  avow__link_t link;
  /* BYTES or a LIST of them; NONE once the write has started */
  avow_value_t bytes;
  avow_deferred_t *deferred; /* NULL: without other references */
  bool ends;                 /* the entry is a shutdown */
} file_entry_t;

typedef struct {
  avow__parent_t parent;
  uv_file file;
  int64_t read_at, write_at; /* -1: at the current position */
  uint64_t left;             /* bytes to read */
  avow_value_t held;         /* BYTES that were read, or NONE */
  size_t held_at;            /* bytes of `held` that were already given */
  avow_deferred_t *reader;
  size_t max_bytes;    /* limit of the pending read */
  avow__link_t *queue; /* of writes; the first one may be running */
  int failed; /* code of a failed write; all later writes reject with it */
  bool ended; /* by a shutdown: no more writes are allowed */
  bool reads, writes; /* on the thread pool */
  bool refused;       /* the system cannot send this file */
  /* a portion was sent only in part: the destination is full, or the file
     ends */
  bool stuck;
  bool closed;
  avow_deferred_t *closer;
} file_t;

static uv_loop_t *loop_of(const file_t *file) {
  return file->parent.context->loop;
}

/* The address of the file identifies the stream. */
static file_t *file_of(void *self) {
  avow__check_stream(self);
  return self;
}

static bool is_over(const file_t *file) {
  return file->closed || avow__has_closed(file->parent.context);
}

static avow_promise_t *file_refuse(const file_t *file, int err,
                                   const char *name) {
  return avow__stream_refuse(file->parent.context, err, name);
}

/* Settles the close when no operation is on the thread pool. */
static void file_end(file_t *file) {
  if (file->closed && !file->reads && !file->writes)
    avow__waiter_settle(&file->closer, avow_none());
}

/* Reading. */

static void file_ask(file_t *file) {
  size_t n = file->max_bytes < FILE_PORTION ? file->max_bytes : FILE_PORTION;
  n = n < file->left ? n : (size_t) file->left;
  file->reads = true;
  avow_promise_t *p = avow_fs_read(loop_of(file), file->file, n, file->read_at);
  avow__child_add(&file->parent, avow_follow(p), READ);
}

static avow_value_t file_take(file_t *file) {
  size_t len;
  const char *bytes = avow_to_bytes(&file->held, &len);
  const size_t rest = len - file->held_at;
  const size_t n = rest < file->max_bytes ? rest : file->max_bytes;
  if (n == len)
    return avow_steal(&file->held);
  const avow_value_t v = avow_bytes(bytes + file->held_at, n);
  if (avow_is_error(&v))
    return v;
  file->held_at += n;
  if (n == rest)
    avow_value_clear(&file->held);
  return v;
}

static void file_serve(file_t *file) {
  if (file->reader == NULL)
    return;
  if (!avow_is_none(&file->held))
    avow__waiter_settle(&file->reader, file_take(file));
  else if (file->left == 0)
    avow__waiter_settle(&file->reader, avow_none());
  else if (!file->reads)
    file_ask(file);
}

static void file_has_read(file_t *file, avow_value_t outcome) {
  file->reads = false;
  if (avow_is_error(&outcome)) {
    avow__waiter_settle(&file->reader, outcome);
    return;
  }
  size_t len = 0;
  if (outcome.tag == AVOW_BYTES) /* otherwise it is the end */
    (void) avow_to_bytes(&outcome, &len);
  file->left = len > 0 ? file->left - len : 0;
  if (file->read_at >= 0)
    file->read_at += (int64_t) len;
  file->held_at = 0;
  if (len > 0 && !file->closed)
    file->held = outcome;
  else
    avow__value_unref(outcome);
  file_serve(file);
}

static avow_promise_t *file_read(void *self, size_t max_bytes) {
  file_t *file = file_of(self);
  if (is_over(file) || file->reader != NULL)
    return file_refuse(file, file->closed ? UV_EINVAL : UV_EALREADY, "read");
  avow_promise_t *p = avow__waiter_new(loop_of(file), &file->reader);
  file->max_bytes = max_bytes;
  file_serve(file);
  return p;
}

/* Sending. */

typedef struct {
  avow__sending_t by;
  file_t *file;
} portion_t;

static avow_value_t portion_send(void *data) {
  portion_t *portion = data;
  avow__sending_run(&portion->by);
  return avow_int((int64_t) portion->by.sent);
}

/* Also called for a portion that was never sent. */
static void portion_end(void *data) {
  portion_t *portion = data;
  file_t *file = portion->file;
  file->reads = false;
  file->refused = portion->by.refused;
  file->stuck = portion->by.sent > 0 && portion->by.sent < portion->by.len;
  file->left -= portion->by.sent;
  if (file->read_at >= 0)
    file->read_at += (int64_t) portion->by.sent;
  avow__sending_close(&portion->by);
  avow_free(portion);
  file_serve(file);
  file_end(file);
  avow__parent_unref(&file->parent);
}

static avow_promise_t *file_send(file_t *file, int to) {
  portion_t *portion = avow_malloc(sizeof(*portion));
  if (portion == NULL) {
    avow__sending_close(&(avow__sending_t){ .to = to });
    return file_refuse(file, UV_ENOMEM, "sendfile");
  }
  portion->file = file;
  portion->by =
      (avow__sending_t){ .to = to,
                         .file = file->file,
                         .offset = file->read_at,
                         .len =
                             file->left < TURN ? (size_t) file->left : TURN };
  file->reads = true;
  file->parent.refs++; /* until portion_end() */
  return avow_work(loop_of(file), portion_send, portion, portion_end);
}

/* Whether the next bytes of the file may be sent before all others. This
   requires that no read is pending and that no bytes wait to be written. */
static bool file_may_send(const file_t *file, avow_stream_t to) {
  return !file->closed && !file->reads && file->reader == NULL &&
         avow_is_none(&file->held) &&
         uv_stream_get_write_queue_size(avow_stream_handle(to)) == 0;
}

static avow_promise_t *file_pump_to(void *self, avow_stream_t to) {
  file_t *file = file_of(self);
  const bool stuck = file->stuck;
  file->stuck = false;
  if (file->refused || avow_stream_handle(to) == NULL ||
      file->left <= FILE_PORTION)
    return NULL;
  if (stuck || !file_may_send(file, to))
    return avow_promise_resolve(loop_of(file), avow_int(0));
  const int fd = avow__sending_open(to);
  return fd >= 0 ? file_send(file, fd) : NULL;
}

/* Writing. */

static file_entry_t *file_first(const file_t *file) {
  return AVOW__CONTAINER(file_entry_t, link, file->queue);
}

static void file_done(file_t *file, avow_value_t outcome) {
  file_entry_t *entry = file_first(file);
  (void) avow__list_take_first(&file->queue);
  avow__waiter_settle(&entry->deferred, outcome);
  avow__value_unref(entry->bytes);
  avow_free(entry);
}

/* Starts the first write of the queue. */
static void file_go_on(file_t *file) {
  while (file->queue != NULL && !file->writes) {
    file_entry_t *entry = file_first(file);
    if (file->failed != 0 || entry->ends) {
      file_done(file, file->failed != 0
                          ? avow__error_of(file->failed, "write", NULL)
                          : avow_none());
      continue;
    }
    file->writes = true;
    avow_promise_t *p =
        avow_fs_write(loop_of(file), file->file, avow_steal(&entry->bytes),
                      file->write_at);
    avow__child_add(&file->parent, avow_follow(p), WRITE);
  }
}

static void file_has_written(file_t *file, avow_value_t outcome) {
  file->writes = false;
  if (avow_is_error(&outcome))
    file->failed = avow_error_code(&outcome);
  else if (file->write_at >= 0)
    file->write_at += avow_to_int(&outcome);
  file_done(file, outcome);
  file_go_on(file);
}

/* Takes ownership of `bytes`, which is NONE for a shutdown. */
static avow_promise_t *file_queue(file_t *file, avow_value_t bytes,
                                  const char *name) {
  file_entry_t *entry = avow_malloc(sizeof(*entry));
  if (entry == NULL) {
    avow__value_unref(bytes);
    return file_refuse(file, UV_ENOMEM, name);
  }
  entry->bytes = bytes;
  entry->ends = avow_is_none(&bytes);
  avow_promise_t *p = avow__waiter_new(loop_of(file), &entry->deferred);
  file->ended = file->ended || entry->ends;
  avow__list_append(&file->queue, &entry->link);
  file_go_on(file);
  return p;
}

static avow_promise_t *file_write(void *self, avow_value_t bytes) {
  file_t *file = file_of(self);
  if (!is_over(file) && !file->ended)
    return file_queue(file, bytes, "write");
  avow__value_unref(bytes);
  return file_refuse(file, file->closed ? UV_EINVAL : UV_EPIPE, "write");
}

static avow_promise_t *file_shutdown(void *self) {
  file_t *file = file_of(self);
  if (!is_over(file) && !file->ended)
    return file_queue(file, avow_none(), "shutdown");
  return file_refuse(file, file->closed ? UV_EINVAL : UV_ENOTCONN, "shutdown");
}

/* The thread pool finishes its current operations. Queued writes never
   start. */
static void file_stop(file_t *file) {
  file->closed = true;
  file->failed = UV_ECANCELED;
  avow__waiter_settle(&file->reader, avow_error(UV_ECANCELED));
  if (file->writes)
    avow__waiter_settle(&file_first(file)->deferred, avow_error(UV_ECANCELED));
  file_go_on(file);
}

static avow_promise_t *file_close(void *self) {
  file_t *file = file_of(self);
  if (is_over(file))
    return file_refuse(file, UV_EALREADY, "close");
  avow_promise_t *p = avow__waiter_new(loop_of(file), &file->closer);
  file_stop(file);
  file_end(file);
  return p;
}

static void file_report(avow__parent_t *parent, uint32_t index,
                        avow_value_t outcome) {
  file_t *file = (file_t *) parent;
  if (index == READ)
    file_has_read(file, outcome);
  else
    file_has_written(file, outcome);
  file_end(file);
}

static void file_let_go(avow__parent_t *parent) {
  avow__value_unref(((const file_t *) parent)->held);
}

static const avow__parent_class_t file_class = { .report = file_report,
                                                 .destroy = file_let_go };

static void file_destroy(void *self) {
  file_t *file = file_of(self);
  avow__reading_close(file->parent.context, file);
  if (!file->closed)
    file_stop(file);
  avow__note_gone(file);
  avow__parent_unref(&file->parent);
}

static uv_loop_t *file_loop(void *self) {
  return loop_of(file_of(self));
}

static const avow_stream_class_t file_streams = { .size = sizeof(file_streams),
                                                  .loop = file_loop,
                                                  .read = file_read,
                                                  .write = file_write,
                                                  .shutdown = file_shutdown,
                                                  .close = file_close,
                                                  .pump_to = file_pump_to };

static const avow_class_t file_stream_class = { .name = "file stream",
                                                .destroy = file_destroy,
                                                .stream = &file_streams };

avow_value_t avow_file_stream(uv_loop_t *loop, uv_file descriptor,
                              int64_t offset, uint64_t len) {
  avow__check_ready(loop);
  if (offset < -1)
    return avow_error(UV_EINVAL);
  file_t *file = avow__parent_alloc(loop, &file_class, sizeof(*file));
  if (file == NULL)
    return avow_error(UV_ENOMEM);
  avow__note_there(file);
  file->file = descriptor;
  file->read_at = file->write_at = offset;
  file->left = len;
  return avow_object(&file_stream_class, file);
}

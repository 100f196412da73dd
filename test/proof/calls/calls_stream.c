/* SPDX-License-Identifier: MIT */
/* Calls for streams: two classes of the program, and in-memory pairs. */
#include <stdlib.h>

#include "pool.h"

static uv_loop_t *loop(void) {
  return &program.loop;
}

typedef struct {
  bool closed;
} own_t;

static uv_loop_t *own_loop(void *self) {
  return loop();
}

static avow_promise_t *soon(void) {
  return any(2) > 0 ? avow_sleep(loop(), any(3))
                    : avow_promise_resolve(loop(), avow_none());
}

static avow_value_t some_bytes(const avow_value_t *none, void *most) {
  const size_t max = (size_t) (uintptr_t) most;
  char *at;
  if (any(6) == 0)
    return avow_none();
  if (any(12) == 0)
    return avow_error(UV_ECONNRESET);
  const size_t len = 1 + any(max > 900 ? 900 : (unsigned) max);
  const avow_value_t v = avow_bytes_new(len, &at);
  for (size_t i = 0; !avow_is_error(&v) && i < len; i++)
    at[i] = "\r\nab"[any(4)];
  return v;
}

static avow_promise_t *own_read(void *self, size_t max_bytes) {
  const own_t *own = self;
  if (own->closed)
    return avow_promise_reject(loop(), avow_error(UV_EINVAL));
  return avow_then(soon(), some_bytes, NULL, (void *) (uintptr_t) max_bytes);
}

static size_t length_of(const avow_value_t *bytes) {
  size_t len = 0, all = 0;
  if (bytes->tag != AVOW_LIST) {
    (void) avow_to_bytes(bytes, &len);
    return len;
  }
  for (size_t i = 0; i < avow_list_len(bytes); i++) {
    (void) avow_to_bytes(avow_list_at(bytes, i), &len);
    all += len;
  }
  return all;
}

static avow_value_t written(const avow_value_t *none, void *len) {
  if (any(10) == 0)
    return avow_error(UV_EPIPE);
  return avow_int((int64_t) (uintptr_t) len);
}

static avow_promise_t *own_write(void *self, avow_value_t bytes) {
  const size_t len = length_of(&bytes);
  avow_value_unref(bytes);
  return avow_then(soon(), written, NULL, (void *) (uintptr_t) len);
}

static avow_promise_t *own_wait(void *self) {
  return avow_sleep(loop(), any(3));
}

static avow_promise_t *own_close(void *self) {
  own_t *own = self;
  if (own->closed)
    return avow_promise_reject(loop(), avow_error(UV_EALREADY));
  own->closed = true;
  return avow_sleep(loop(), any(2));
}

static avow_promise_t *own_pump(void *self, avow_stream_t to) {
  return any(2) > 0 ? NULL : avow_promise_resolve(loop(), avow_int(0));
}

static size_t own_queued(void *self) {
  return any(5);
}

static void own_destroy(void *self) {
  avow_stream_destroyed(loop(), self);
  free(self);
}

static const avow_stream_class_t all_of_it = {
  .size = sizeof(all_of_it),
  .loop = own_loop,
  .read = own_read,
  .write = own_write,
  .shutdown = own_wait,
  .close = own_close,
  .pump_to = own_pump,
  .hangup = own_wait,
  .queued = own_queued,
};
static const avow_stream_class_t the_least = { .size = sizeof(the_least),
                                               .loop = own_loop,
                                               .read = own_read,
                                               .write = own_write };
static const avow_class_t classes[] = {
  { .name = "all of it", .destroy = own_destroy, .stream = &all_of_it },
  { .name = "the least", .destroy = own_destroy, .stream = &the_least },
};

avow_value_t any_own_stream(void) {
  own_t *own = calloc(1, sizeof(*own));
  return own != NULL ? avow_object(&classes[any(2)], own)
                     : avow_error(UV_ENOMEM);
}

static void new_duplex(void) {
  const avow_duplex_options_t o = {
    .max_bytes = any(3) > 0 ? 0 : 1 + any(3),
    .delay = any(3),
    .cut = any(3) > 0 ? 0 : (any(2) > 0 ? UV_EOF : UV_ECONNRESET),
    .cut_after = any(30),
  };
  const size_t room = any(3) > 0 ? any(2000) : any_size();
  const avow_value_t v = avow_duplex(loop(), room, any(2) > 0 ? &o : NULL);
  if (v.tag == AVOW_LIST) {
    put_stream(avow_value_ref(avow_list_at(&v, 0)));
    put_stream(avow_value_ref(avow_list_at(&v, 1)));
  }
  avow_value_unref(v);
}

static avow_value_t to_write(void) {
  avow_value_t items[2] = { avow_string("abc\r\n"), avow_string("b\r") };
  switch (any(5)) {
  case 0:
    return avow_list(items, 2);
  case 1:
    avow_value_unref(items[0]);
    return items[1];
  default:
    break;
  }
  avow_value_unref(items[0]);
  avow_value_unref(items[1]);
  return any(4) > 0 ? avow_string("line\r\nline\n") : avow_int(3);
}

/* A call with a stream whose owner is in the pool again, or was released. */
typedef avow_promise_t *(*stream_call_t)(avow_stream_t stream);

static void with_stream(stream_call_t call) {
  const avow_value_t owner = take_stream();
  if (avow_is_none(&owner))
    return;
  avow_promise_t *p = call(avow_to_stream(&owner));
  put(PROMISES, p);
  if (any(8) > 0)
    put_stream(owner);
  else
    avow_value_unref(owner);
}

static avow_promise_t *read_of(avow_stream_t s) {
  return avow_read(s, any(2) > 0 ? 1 + any(4000) : any_size());
}

static avow_promise_t *read_all_of(avow_stream_t s) {
  return avow_read_all(s, any_size());
}

static avow_promise_t *write_to(avow_stream_t s) {
  return avow_write(s, to_write());
}

static void read_some(void) {
  with_stream(read_of);
}

static void read_all(void) {
  with_stream(read_all_of);
}

static void write_some(void) {
  with_stream(write_to);
}

static void shut_down(void) {
  with_stream(avow_shutdown);
}

static void close_it(void) {
  with_stream(avow_close);
}

static void hangup(void) {
  with_stream(avow_hangup);
}

static void chunks(void) {
  const avow_value_t owner = take_stream();
  const size_t most = 1 + any(100);
  if (avow_is_none(&owner))
    return;
  put(CHANNELS, avow_chunks(avow_to_stream(&owner), most, any(3)));
  put_stream(owner);
}

static void pump(void) {
  const avow_value_t from = take_stream(), to = take_stream();
  const avow_pump_options_t o = { .idle = any(2) > 0 ? 0 : any_ms(),
                                  .keep_open = any(2) > 0 };
  if (!avow_is_none(&from) && !avow_is_none(&to))
    put(PROMISES, avow_pump(avow_to_stream(&from), avow_to_stream(&to),
                            any(2) > 0 ? &o : NULL));
  put_stream(from);
  put_stream(to);
}

static void new_reader(void) {
  const avow_value_t owner = take_stream();
  if (avow_is_none(&owner))
    return;
  const reading_t reading = { avow_reader_new(avow_to_stream(&owner)),
                              avow_value_ref(&owner) };
  put_stream(owner);
  put_reader(reading);
}

static avow_promise_t *read_by(avow_reader_t *r) {
  switch (any(5)) {
  case 0:
    return avow_reader_next(r, any_size());
  case 1:
    return avow_reader_exactly(r, any(4) > 0 ? any(50) : any_size());
  case 2:
    return avow_reader_until(r, avow_string("b\r"), any_size());
  case 3:
    return avow_reader_line(r, any_size());
  default:
    return avow_reader_all(r, any_size());
  }
}

static void use_reader(void) {
  const reading_t reading = take_reader();
  if (reading.reader == NULL)
    return;
  if (any(5) == 0)
    avow_reader_set_idle(reading.reader, any_ms());
  put(PROMISES, read_by(reading.reader));
  put_reader(reading);
}

static void release_reader(void) {
  const reading_t reading = take_reader();
  avow_reader_unref(reading.reader);
  avow_value_unref(reading.owner);
}

static void release_stream(void) {
  avow_value_unref(take_stream());
}

static const call_t calls[] = {
  new_duplex, new_duplex, read_some,      read_all,
  write_some, write_some, shut_down,      close_it,
  hangup,     chunks,     pump,           new_reader,
  use_reader, use_reader, release_reader, release_stream,
};

const calls_t stream_calls = { calls, sizeof(calls) / sizeof(calls[0]) };

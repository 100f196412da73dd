/* SPDX-License-Identifier: MIT */
#include "pool.h"

#include <stdio.h>
#include <stdlib.h>

enum { SLOTS = 12 };

program_t program;
static void *slots[KINDS][SLOTS];
static avow_value_t values[SLOTS], streams[SLOTS];
static reading_t readers[SLOTS];

unsigned any(unsigned n) {
  program.random = program.random * 6364136223846793005U + 1442695040888963407U;
  return (unsigned) ((program.random >> 33) % n);
}

static const uint64_t odd[] = {
  0, 1, 2, UINT64_MAX, INT64_MAX, UINT32_MAX, UINT64_C(1) << 32, 1000000
};
enum { ODD = sizeof(odd) / sizeof(odd[0]) };

uint64_t any_ms(void) {
  return any(6) > 0 ? any(6) : odd[any(ODD)];
}

size_t any_size(void) {
  return any(5) > 0 ? any(9) : (size_t) odd[any(ODD)];
}

#define RELEASE(kind, type, fn)             \
  static void release_##kind(void *thing) { \
    fn((type *) thing);                     \
  }

RELEASE(promise, avow_promise_t, avow_unref)
RELEASE(deferred, avow_deferred_t, avow_deferred_drop)
RELEASE(channel, avow_channel_t, avow_channel_unref)
RELEASE(gather, avow_gather_t, avow_gather_unref)
RELEASE(group, avow_group_t, avow_group_unref)
RELEASE(sender, avow_sender_t, avow_sender_unref)
RELEASE(broadcast, avow_broadcast_t, avow_broadcast_unref)
RELEASE(watch, avow_watch_t, avow_watch_unref)
RELEASE(limiter, avow_limiter_t, avow_limiter_unref)
RELEASE(rate, avow_rate_t, avow_rate_unref)
RELEASE(once, avow_once_t, avow_once_unref)
RELEASE(cache, avow_cache_t, avow_cache_unref)
RELEASE(remote, avow_remote_t, avow_remote_drop)
RELEASE(mailbox, avow_mailbox_t, avow_mailbox_unref)

static void (*const releases[KINDS])(void *thing) = {
  [PROMISES] = release_promise,     [DEFERREDS] = release_deferred,
  [CHANNELS] = release_channel,     [GATHERS] = release_gather,
  [GROUPS] = release_group,         [SENDERS] = release_sender,
  [BROADCASTS] = release_broadcast, [WATCHES] = release_watch,
  [LIMITERS] = release_limiter,     [RATES] = release_rate,
  [ONCES] = release_once,           [CACHES] = release_cache,
  [REMOTES] = release_remote,       [MAILBOXES] = release_mailbox,
};

void put(kind_t kind, void *thing) {
  void **slot = &slots[kind][any(SLOTS)];
  void *old = *slot;
  if (thing == NULL) {
    (void) fprintf(stderr, "a function of kind %d returned NULL\n", (int) kind);
    abort();
  }
  *slot = thing;
  if (old != NULL)
    releases[kind](old);
}

void *take(kind_t kind) {
  const unsigned first = any(SLOTS);
  for (unsigned i = 0; i < SLOTS; i++) {
    void **slot = &slots[kind][(first + i) % SLOTS];
    void *thing = *slot;
    *slot = NULL;
    if (thing != NULL)
      return thing;
  }
  return NULL;
}

avow_promise_t *take_promise(void) {
  avow_promise_t *p = take(PROMISES);
  if (p == NULL)
    return avow_sleep(&program.loop, any(4));
  if (any(3) == 0)
    put(PROMISES, avow_ref(p));
  return p;
}

avow_channel_t *take_channel(void) {
  avow_channel_t *c = take(CHANNELS);
  if (c == NULL)
    c = avow_channel_new(&program.loop, any(4));
  if (any(2) == 0)
    put(CHANNELS, avow_channel_ref(c));
  return c;
}

/* Releasing the old value may make calls, so it is released last. */
static void swap_value(avow_value_t *slot, avow_value_t v) {
  const avow_value_t old = *slot;
  *slot = v;
  avow_value_unref(old);
}

void put_value(avow_value_t v) {
  swap_value(&values[any(SLOTS)], v);
}

void put_stream(avow_value_t owner) {
  swap_value(&streams[any(SLOTS)], owner);
}

static avow_value_t kept_value(void) {
  return avow_value_ref(&values[any(SLOTS)]);
}

static avow_value_t take_one_stream(void) {
  const unsigned first = any(SLOTS);
  for (unsigned i = 0; i < SLOTS; i++) {
    avow_value_t *slot = &streams[(first + i) % SLOTS];
    if (slot->tag == AVOW_OBJECT)
      return avow_steal(slot);
  }
  return avow_none();
}

avow_value_t take_stream(void) {
  avow_value_t v = take_one_stream();
  if (avow_is_none(&v))
    v = any_own_stream();
  if (!avow_is_error(&v))
    return v;
  avow_value_unref(v);
  return avow_none();
}

static void reading_end(reading_t reading) {
  avow_reader_unref(reading.reader);
  avow_value_unref(reading.owner);
}

void put_reader(reading_t reading) {
  reading_t *slot = &readers[any(SLOTS)];
  const reading_t old = *slot;
  *slot = reading;
  if (old.reader != NULL)
    reading_end(old);
}

reading_t take_reader(void) {
  reading_t *slot = &readers[any(SLOTS)];
  const reading_t taken = *slot;
  *slot = (reading_t){ .reader = NULL };
  return taken;
}

static void release_kind(kind_t kind) {
  for (unsigned i = 0; i < SLOTS; i++) {
    void *thing = slots[kind][i];
    slots[kind][i] = NULL;
    if (thing != NULL)
      releases[kind](thing);
  }
}

void release_all(void) {
  for (int kind = 0; kind < KINDS; kind++)
    release_kind((kind_t) kind);
  for (unsigned i = 0; i < SLOTS; i++) {
    const reading_t reading = readers[i];
    readers[i] = (reading_t){ .reader = NULL };
    if (reading.reader != NULL)
      reading_end(reading);
    avow_value_clear(&streams[i]);
    avow_value_clear(&values[i]);
  }
}

void release_threads_ends(void) {
  release_kind(SENDERS);
  release_kind(REMOTES);
  release_kind(MAILBOXES);
}

/* Objects whose destruction makes calls, and objects with a then() function. */
static void object_destroy(void *self) {
  free(self);
  some_calls(3);
}

static avow_value_t object_then(void *self, avow_deferred_t *d) {
  some_calls(2);
  switch (any(4)) {
  case 0:
    (void) avow_resolve(d, avow_int(5));
    break;
  case 1:
    (void) avow_reject(d, avow_error(-30005));
    break;
  case 2:
    put(DEFERREDS, d);
    break;
  default:
    avow_deferred_drop(d);
  }
  return any(4) > 0 ? avow_none() : avow_error(-30006);
}

static const avow_class_t object_class = { .name = "object",
                                           .destroy = object_destroy,
                                           .sendable = true };
static const avow_class_t thenable_class = { .name = "thenable",
                                             .destroy = object_destroy,
                                             .then = object_then };

static avow_value_t any_bytes(void) {
  char *at;
  const size_t len = any(8) > 0 ? any(100) : any(70000);
  const avow_value_t v = avow_bytes_new(len, &at);
  for (size_t i = 0; !avow_is_error(&v) && i < len; i++)
    at[i] = "\r\nab"[i % 4];
  return v;
}

static avow_value_t any_list(void) {
  avow_value_t items[3];
  const unsigned n = any(4);
  for (unsigned i = 0; i < n; i++)
    items[i] = any(3) == 0 ? kept_value() : avow_int((int64_t) any(9));
  return avow_list(items, n);
}

avow_value_t any_error(void) {
  const int code = -30000 - (int) any(5);
  return avow_error_new(code, any(2) > 0 ? any_item() : avow_none(), "error");
}

avow_value_t any_item(void) {
  switch (any(9)) {
  case 0:
    return avow_string("text");
  case 1:
    return any_list();
  case 2:
    return avow_object(&object_class, malloc(8));
  case 3:
    return avow_double(1.5);
  case 4:
    return any_bytes();
  case 5:
    return avow_error(AVOW_ESKIP);
  case 6:
    return any_error();
  default:
    return avow_int((int64_t) any(100));
  }
}

avow_value_t any_value(void) {
  switch (any(10)) {
  case 0:
    return avow_none();
  case 1:
    return kept_value();
  case 2:
    return avow_follow(take_promise());
  case 3:
    return avow_object(&thenable_class, malloc(8));
  default:
    return any_item();
  }
}

avow_value_t handler(const avow_value_t *arg, void *data) {
  some_calls(4);
  return any(5) == 0 ? avow_value_ref(arg) : any_value();
}

avow_value_t step(void *data) {
  some_calls(4);
  return any_value();
}

void made(void *data) {
  some_calls(3);
}

void freed(void *data) {
  free(data);
  some_calls(2);
}

void *some_data(void) {
  return malloc(8);
}

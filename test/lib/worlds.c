/* SPDX-License-Identifier: MIT */
#include "worlds.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "avow/stream_class.h"

avow_value_t ends[2];
const world_t *world;

avow_stream_t here(void) {
  return avow_to_stream(&ends[0]);
}

avow_stream_t there(void) {
  return avow_to_stream(&ends[1]);
}

static void open_tcp(void) {
  ends[0] = connected();
  ends[1] = avow_steal(&accepted[--accepted_count]);
}

static void open_path(void) {
  uv_pipe_t listener;
  char name[64];
  (void) snprintf(name, sizeof(name), "/tmp/avow-world-%d", (int) getpid());
  (void) unlink(name); /* from an earlier run */
  assert_int_equal(uv_pipe_init(loop, &listener, 0), 0);
  assert_int_equal(uv_pipe_bind(&listener, name), 0);
  avow_channel_t *guests = avow_connections((uv_stream_t *) &listener, NULL);
  ends[0] = avow_run(avow_connect_path(loop, name));
  ends[1] = avow_run(avow_channel_first(guests));
  assert_fulfills_none(avow_close_handle((uv_handle_t *) &listener));
}

/* A class of the program. Each method forwards to an inner stream. */

typedef struct {
  avow_value_t inner;
} veil_t;

static avow_stream_t veiled(void *self) {
  return avow_to_stream(&((const veil_t *) self)->inner);
}

static uv_loop_t *veil_loop(void *self) {
  return avow_stream_handle(veiled(self))->loop;
}

static avow_promise_t *veil_read(void *self, size_t max_bytes) {
  return avow_read(veiled(self), max_bytes);
}

static avow_promise_t *veil_write(void *self, avow_value_t bytes) {
  return avow_write(veiled(self), bytes);
}

static avow_promise_t *veil_shutdown(void *self) {
  return avow_shutdown(veiled(self));
}

static avow_promise_t *veil_close(void *self) {
  return avow_close(veiled(self));
}

static void veil_destroy(void *self) {
  avow_stream_destroyed(loop, self);
  avow_value_unref(((const veil_t *) self)->inner);
  free(self);
}

static const avow_stream_class_t veil_streams = { .size = sizeof(veil_streams),
                                                  .loop = veil_loop,
                                                  .read = veil_read,
                                                  .write = veil_write,
                                                  .shutdown = veil_shutdown,
                                                  .close = veil_close };

static const avow_class_t veil_class = { .name = "veil",
                                         .destroy = veil_destroy,
                                         .stream = &veil_streams };

static avow_value_t veil(avow_value_t inner) {
  veil_t *self = malloc(sizeof(*self));
  assert_non_null(self);
  self->inner = inner;
  const avow_value_t v = avow_object(&veil_class, self);
  assert_false(avow_is_error(&v));
  return v;
}

static void open_veil(void) {
  open_tcp();
  ends[0] = veil(ends[0]);
  ends[1] = veil(ends[1]);
}

void open_ends(avow_value_t pair, avow_value_t out[2]) {
  assert_int_equal(avow_list_len(&pair), 2);
  for (size_t i = 0; i < 2; i++)
    out[i] = avow_value_ref(avow_list_at(&pair, i));
  avow_value_unref(pair);
}

static void open_duplex_with(size_t room,
                             const avow_duplex_options_t *options) {
  open_ends(avow_duplex(loop, room, options), ends);
}

static void open_duplex(void) {
  open_duplex_with(1000, NULL);
}

/* No write is buffered. Each settles when the peer has read all of it. */
static void open_drops(void) {
  const avow_duplex_options_t options = { .max_bytes = 1 };
  open_duplex_with(0, &options);
}

static void open_slow(void) {
  const avow_duplex_options_t options = { .delay = 2 };
  open_duplex_with(1000, &options);
}

const world_t worlds[WORLDS] = {
  { "tcp", open_tcp, false },           { "path", open_path, false },
  { "veil", open_veil, false },         { "duplex", open_duplex, true },
  { "byte by byte", open_drops, true }, { "slow", open_slow, true },
};

static int set_up(void **state) {
  world = *state;
  if (acceptor_setup(state) != 0)
    return -1;
  world->open();
  return 0;
}

static int tear_down(void **state) {
  drop(&ends[0]);
  drop(&ends[1]);
  return acceptor_teardown(state);
}

int run_in_worlds(const struct CMUnitTest *tests, size_t n) {
  static char names[128 * WORLDS][100];
  static struct CMUnitTest all[128 * WORLDS];
  assert_in_range(n, 1, 128);
  for (size_t i = 0; i < n * WORLDS; i++) {
    const world_t *in = &worlds[i % WORLDS];
    (void) snprintf(names[i], sizeof(names[i]), "%s: %s",
                    tests[i / WORLDS].name, in->name); /* may be cut */
    all[i] = tests[i / WORLDS];
    all[i].name = names[i];
    all[i].setup_func = set_up;
    all[i].teardown_func = tear_down;
    all[i].initial_state = (void *) (uintptr_t) in;
  }
  (void) signal(SIGPIPE, SIG_IGN);
  harness_init();
  return _cmocka_run_group_tests("streams", all, n * WORLDS, NULL, NULL);
}

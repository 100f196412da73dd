/* SPDX-License-Identifier: MIT */
/* Closing handles of every kind with pending operations on them. */
#include <sys/socket.h>
#include <unistd.h>

#include "peer.h"

enum { LARGE = 8 << 20, MANY = 1000, RESERVE = 64 };

static uv_handle_t *handle; /* handle of the stream */

static int set_up(void **state) {
  handle = (uv_handle_t *) stream;
  return peer_setup_pipe(state);
}

static avow_promise_t *noted(avow_promise_t *p, char *word) {
  return avow_then(p, note_value_cb, note_value_cb, word);
}

static avow_promise_t *start_large_write(void) {
  char *data = NULL;
  const avow_value_t v = avow_bytes_new(LARGE, &data);
  if (data != NULL)
    memset(data, 'x', LARGE);
  return avow_write(avow_uv_stream(stream), v);
}

static void close_gives_none_once_the_handle_is_closed(void **state) {
  avow_promise_t *p = avow_close_handle(handle);
  assert_true(uv_is_closing(handle));
  assert_int_equal(avow_state(p), AVOW_PENDING);

  assert_fulfills_none(p);

  assert_int_equal(uv_loop_alive(loop), 0);
}

static void on_async(uv_async_t *async) {
  note("async");
}

static void close_closes_handles_of_any_kind(void **state) {
  uv_timer_t timer;
  uv_idle_t idle;
  uv_async_t async;
  uv_udp_t udp;
  uv_signal_t signals;
  (void) uv_timer_init(loop, &timer);
  (void) uv_idle_init(loop, &idle);
  (void) uv_async_init(loop, &async, on_async);
  (void) uv_udp_init(loop, &udp);
  (void) uv_signal_init(loop, &signals);

  avow_promise_t *const all[] = { avow_close_handle((uv_handle_t *) &timer),
                                  avow_close_handle((uv_handle_t *) &idle),
                                  avow_close_handle((uv_handle_t *) &async),
                                  avow_close_handle((uv_handle_t *) &udp),
                                  avow_close_handle((uv_handle_t *) &signals) };

  const avow_value_t v = avow_run(avow_all(loop, all, 5));
  assert_false(avow_is_error(&v));
  avow_value_unref(v);
}

static avow_value_t free_cb(const avow_value_t *arg, void *memory) {
  free(memory);
  return avow_none();
}

static void handle_may_be_freed_in_the_close_handler(void **state) {
  uv_timer_t *timer = malloc(sizeof(*timer));
  (void) uv_timer_init(loop, timer);

  avow_promise_t *p = avow_close_handle((uv_handle_t *) timer);

  assert_fulfills_none(avow_then(p, free_cb, NULL, timer));
}

static void second_close_rejects(void **state) {
  avow_promise_t *p = avow_close_handle(handle);

  assert_says(avow_close_handle(handle), UV_EALREADY,
              "close: already in progress");

  assert_fulfills_none(p);
}

static void close_rejects_a_handle_that_is_closing(void **state) {
  uv_close(handle, NULL);

  assert_rejects(avow_close_handle(handle), UV_EALREADY);
}

/* The pending operations receive nothing before the close. */
static void pending_read_rejects_when_the_program_closes(void **state) {
  avow_promise_t *read = avow_read(avow_uv_stream(stream), 100);
  uv_close(handle, NULL);

  assert_rejects(avow_close_handle(handle), UV_EALREADY);

  assert_rejects(read, UV_ECANCELED);
}

static void pending_read_rejects_before_the_close(void **state) {
  avow_promise_t *read = noted(avow_read(avow_uv_stream(stream), 100), "read");

  assert_fulfills_none(noted(avow_close_handle(handle), "close"));

  assert_rejects(read, UV_ECANCELED);
  assert_notes("read=ECANCELED close=none");
}

static void pending_read_all_rejects_before_the_close(void **state) {
  avow_promise_t *read =
      noted(avow_read_all(avow_uv_stream(stream), 100), "read");
  assert_int_equal(write(peer, "hello", 5), 5);
  (void) uv_run(loop, UV_RUN_NOWAIT); /* the stream is alive */

  assert_fulfills_none(noted(avow_close_handle(handle), "close"));

  assert_rejects(read, UV_ECANCELED);
  assert_notes("read=ECANCELED close=none");
}

static void writes_and_shutdown_reject_before_the_close(void **state) {
  avow_promise_t *all[] = {
    noted(start_large_write(), "1"), noted(start_large_write(), "2"),
    noted(avow_shutdown(avow_uv_stream(stream)), "shutdown")
  };

  assert_fulfills_none(noted(avow_close_handle(handle), "close"));

  assert_rejects(all[0], UV_ECANCELED);
  assert_rejects(all[1], UV_ECANCELED);
  assert_rejects(all[2], UV_ECANCELED);
  assert_notes("1=ECANCELED 2=ECANCELED shutdown=ECANCELED close=none");
}

static void pending_connect_rejects_before_the_close(void **state) {
  struct sockaddr_in nowhere;
  uv_tcp_t tcp;
  (void) uv_tcp_init(loop, &tcp);
  (void) uv_ip4_addr("127.0.0.1", 1, &nowhere);
  avow_promise_t *connect =
      noted(avow_tcp_connect(&tcp, (const struct sockaddr *) &nowhere),
            "connect");

  assert_fulfills_none(noted(avow_close_handle((uv_handle_t *) &tcp), "close"));

  assert_rejects(connect, UV_ECANCELED);
  assert_notes("connect=ECANCELED close=none");
}

static void canceled_operations_do_not_prevent_the_close(void **state) {
  avow_promise_t *const all[] = { avow_read(avow_uv_stream(stream), 100),
                                  start_large_write(),
                                  avow_shutdown(avow_uv_stream(stream)) };

  for (int i = 0; i < 3; i++)
    avow_cancel(all[i]);

  assert_fulfills_none(avow_close_handle(handle));
  for (int i = 0; i < 3; i++)
    assert_rejects(all[i], UV_ECANCELED);
}

static avow_value_t close_cb(const avow_value_t *arg, void *word) {
  return avow_follow(noted(avow_close_handle(handle), word));
}

static void handler_of_a_read_may_close(void **state) {
  assert_int_equal(write(peer, "hello", 5), 5);

  avow_promise_t *p = avow_then(avow_read(avow_uv_stream(stream), 100),
                                close_cb, NULL, "close");

  assert_fulfills_none(p);
  assert_notes("close=none");
}

static avow_value_t read_and_close_cb(const avow_value_t *arg, void *word) {
  avow_unref(noted(avow_read(avow_uv_stream(stream), 100), "read"));
  return close_cb(arg, word);
}

static void handler_of_a_read_may_read_and_close(void **state) {
  assert_int_equal(write(peer, "hello", 5), 5);

  avow_promise_t *p = avow_then(avow_read(avow_uv_stream(stream), 2),
                                read_and_close_cb, NULL, "close");

  assert_fulfills_none(p);
  assert_notes("read=ECANCELED close=none");
}

static void close_cannot_be_canceled(void **state) {
  avow_promise_t *p = avow_close_handle(handle);

  avow_cancel(p);

  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_fulfills_none(p);
}

static void canceled_attach_frees_after_the_close(void **state) {
  uv_timer_t *timer = malloc(sizeof(*timer));
  (void) uv_timer_init(loop, timer);
  avow_promise_t *p = avow_close_handle((uv_handle_t *) timer);
  p = avow_attach(p, timer, free);

  avow_cancel(p);

  assert_int_equal(avow_state(p), AVOW_PENDING);
  avow_value_unref(avow_run(p));
}

static void canceled_finally_waits_for_a_shared_close(void **state) {
  avow_promise_t *closed = avow_close_handle(handle);
  avow_promise_t *p = avow_finally(avow_ref(closed), note_fn, "closed");

  avow_cancel(p);
  avow_ignore(avow_run(avow_promise_resolve(loop, avow_none()))); /* a drain */
  assert_notes("");

  assert_fulfills_none(closed);
  avow_value_unref(avow_run(p));
  assert_notes("closed");
}

static void cancel_after_the_close_changes_nothing(void **state) {
  avow_promise_t *p = avow_close_handle(handle);
  assert_fulfills_none(avow_ref(p));

  avow_cancel(p);

  assert_fulfills_none(p);
}

static void close_completes_when_its_promise_is_released(void **state) {
  avow_unref(avow_close_handle(handle));

  run();
}

static void many_handles_close_together(void **state) {
  uv_timer_t *timers = calloc(MANY, sizeof(*timers));
  avow_promise_t *all[MANY];
  for (int i = 0; i < MANY; i++) {
    (void) uv_timer_init(loop, &timers[i]);
    all[i] = avow_close_handle((uv_handle_t *) &timers[i]);
  }

  const avow_value_t v = avow_run(avow_all(loop, all, MANY));

  assert_int_equal(avow_list_len(&v), MANY);
  avow_value_unref(v);
  free(timers);
}

static void loop_close_waits_for_closing_handles(void **state) {
  avow_promise_t *p = avow_close_handle(handle);

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(uv_loop_alive(loop), 0);
  assert_int_equal(avow_state(p), AVOW_FULFILLED);
  avow_unref(p);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

/* Makes allocations fail and takes all blocks of promises. */
static int use_up_memory(avow_promise_t *taken[MANY]) {
  fail_allocation(1, true);
  for (int n = 0; n < MANY; n++) {
    taken[n] = avow_promise_resolve(loop, avow_none());
    if (avow_state(taken[n]) == AVOW_REJECTED)
      return n + 1;
  }
  fail();
  return 0;
}

static void close_works_while_memory_fails(void **state) {
  avow_promise_t *taken[MANY];
  avow_promise_t *read = avow_read(avow_uv_stream(stream), 100);
  avow_promise_t *write = start_large_write();
  int n = use_up_memory(taken);

  assert_fulfills_none(avow_close_handle(handle));

  assert_rejects(read, UV_ECANCELED);
  assert_rejects(write, UV_ECANCELED);
  while (n > 0)
    avow_unref(taken[--n]);
}

/* Closes more handles than the reserve has promises, while allocations fail. */
static void handles_close_even_without_a_promise(void **state) {
  enum { MORE = 4 * RESERVE };
  uv_timer_t timers[MORE];
  avow_promise_t *closes[MORE], *taken[MANY];
  for (int i = 0; i < MORE; i++)
    (void) uv_timer_init(loop, &timers[i]);

  int n = use_up_memory(taken);
  for (int i = 0; i < MORE; i++)
    closes[i] = avow_close_handle((uv_handle_t *) &timers[i]);

  assert_fulfills_none(closes[0]);
  for (int i = 1; i < MORE; i++) {
    assert_true(uv_is_closing((uv_handle_t *) &timers[i]));
    avow_value_unref(avow_run(closes[i]));
  }
  while (n > 0)
    avow_unref(taken[--n]);
}

/* Fails the nth allocation. Returns false if there was no nth allocation. */
static bool fails_well(void **state, long nth, bool from_then_on) {
  assert_int_equal(peer_teardown(state), 0);
  assert_int_equal(set_up(state), 0);
  fail_allocation(nth, from_then_on);
  avow_promise_t *read = avow_read(avow_uv_stream(stream), 100);
  avow_promise_t *write = start_large_write();
  assert_fulfills_none(avow_close_handle(handle));
  const bool failed = allocation_failed();
  assert_int_not_equal(avow_state(read), AVOW_PENDING);
  assert_int_not_equal(avow_state(write), AVOW_PENDING);
  avow_value_unref(avow_run(read));
  avow_value_unref(avow_run(write));
  fail_allocation(0, false);
  return failed;
}

static void close_survives_failing_memory(void **state) {
  for (int on = 0; on < 2; on++)
    for (long nth = 1; fails_well(state, nth, on != 0); nth++)
      assert_true(nth < 100);
}

static void data_fields_of_handle_and_loop_are_kept(void **state) {
  char program[1];
  handle->data = loop->data = program;
  avow_promise_t *write = start_large_write();
  assert_fulfills_int(avow_then(avow_fs_write(loop, peer, avow_string("hi"),
                                              -1),
                                note_cb, NULL, "written"),
                      2);
  avow_value_unref(avow_run(avow_read(avow_uv_stream(stream), 100)));
  avow_promise_t *shutdown = avow_shutdown(avow_uv_stream(stream));

  assert_fulfills_none(avow_close_handle(handle));

  assert_ptr_equal(handle->data, program);
  assert_ptr_equal(loop->data, program);
  assert_rejects(write, UV_ECANCELED);
  assert_rejects(shutdown, UV_ECANCELED);
}

#define HANDLE(f) cmocka_unit_test_setup_teardown(f, set_up, peer_teardown)

static void close_on_a_bare_loop(void) {
  uv_loop_t bare;
  uv_idle_t idle;
  assert_int_equal(uv_loop_init(&bare), 0);
  assert_int_equal(uv_idle_init(&bare, &idle), 0);

  assert_rejects(avow_close_handle((uv_handle_t *) &idle), AVOW_EMISUSE);

  assert_int_equal(uv_run(&bare, UV_RUN_DEFAULT), 0);
  assert_int_equal(uv_loop_close(&bare), 0); /* it closed all the same */
}

static void close_on_a_loop_without_init_is_refused(void **state) {
  assert_misuse(close_on_a_bare_loop, "call avow_loop_init(loop, NULL) first");
}

SUITE(handle) {
  const struct CMUnitTest tests[] = {
    HANDLE(close_gives_none_once_the_handle_is_closed),
    HANDLE(close_closes_handles_of_any_kind),
    HANDLE(handle_may_be_freed_in_the_close_handler),
    HANDLE(second_close_rejects),
    HANDLE(close_rejects_a_handle_that_is_closing),
    HANDLE(pending_read_rejects_when_the_program_closes),
    HANDLE(pending_read_rejects_before_the_close),
    HANDLE(pending_read_all_rejects_before_the_close),
    HANDLE(writes_and_shutdown_reject_before_the_close),
    HANDLE(pending_connect_rejects_before_the_close),
    HANDLE(canceled_operations_do_not_prevent_the_close),
    HANDLE(handler_of_a_read_may_close),
    HANDLE(handler_of_a_read_may_read_and_close),
    HANDLE(close_cannot_be_canceled),
    HANDLE(canceled_attach_frees_after_the_close),
    HANDLE(canceled_finally_waits_for_a_shared_close),
    HANDLE(cancel_after_the_close_changes_nothing),
    HANDLE(close_completes_when_its_promise_is_released),
    HANDLE(many_handles_close_together),
    HANDLE(loop_close_waits_for_closing_handles),
    HANDLE(close_works_while_memory_fails),
    HANDLE(handles_close_even_without_a_promise),
    HANDLE(close_survives_failing_memory),
    HANDLE(data_fields_of_handle_and_loop_are_kept),
    CASE(close_on_a_loop_without_init_is_refused),
  };
  return RUN(tests);
}

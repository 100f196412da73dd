/* SPDX-License-Identifier: MIT */
/* Each operation is canceled at each stage, or its loop closes. */
#include "pair.h"

typedef struct {
  const char *name; /* name of the function */
  avow_promise_t *(*start)(void);
  bool greets; /* a handshake, which needs no ends */
} subject_t;

static avow_promise_t *other; /* the handshake of the other side */

static avow_promise_t *start_client(void) {
  open_below(100, NULL);
  other = greet_server();
  return greet_client();
}

static avow_promise_t *start_server(void) {
  open_below(100, NULL);
  other = greet_client();
  return greet_server();
}

static avow_promise_t *start_read(void) {
  return avow_read(client(), 10);
}

static avow_promise_t *start_write(void) {
  char *out;
  const avow_value_t v = avow_bytes_new(1000000, &out);
  memset(out, 'x', 1000000);
  return avow_write(client(), v);
}

static avow_promise_t *start_shutdown(void) {
  avow_unref(start_write());
  return avow_shutdown(client());
}

static avow_promise_t *start_hangup(void) {
  return avow_hangup(client());
}

static const subject_t subjects[] = {
  { "avow_tls_client", start_client, true },
  { "avow_tls_server", start_server, true },
  { "avow_read", start_read, false },
  { "avow_write", start_write, false },
  { "avow_shutdown", start_shutdown, false },
  { "avow_hangup", start_hangup, false },
};
enum { SUBJECTS = sizeof(subjects) / sizeof(subjects[0]) };

static avow_promise_t *begin(const subject_t *subject, int turns) {
  if (!subject->greets) {
    open_below(100, NULL);
    greet_both();
  }
  avow_promise_t *p = subject->start();
  for (int i = 0; i < turns; i++)
    (void) uv_run(loop, UV_RUN_NOWAIT);
  return p;
}

static void end(avow_promise_t *p) {
  avow_unref(p);
  drop(&ends[0]);
  drop(&ends[1]);
  if (other != NULL)
    avow_ignore(avow_run(other)); /* any outcome is fine */
  other = NULL;
  run();
}

static void operations_may_be_canceled_at_each_stage(void **state) {
  for (int i = 0; i < SUBJECTS; i++) {
    bool over = false;
    for (int turns = 0; turns < 30 && !over; turns++) {
      avow_promise_t *p = begin(&subjects[i], turns);
      over = avow_state(p) != AVOW_PENDING;
      avow_cancel(p);
      if (!over)
        assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
      end(p);
    }
  }
}

static int settled;

static avow_value_t count(const avow_value_t *unused, void *data) {
  settled++;
  return avow_none();
}

static void loop_may_close_at_each_stage(void **state) {
  for (int i = 0; i < SUBJECTS; i++)
    for (int turns = 0; turns < 6; turns++) {
      settled = 0;
      avow_promise_t *p = begin(&subjects[i], turns);
      avow_unref(avow_then(p, count, count, NULL));
      if (other != NULL)
        avow_unref(avow_then(other, count, count, NULL));
      assert_int_equal(avow_loop_close(loop), 0);
      assert_int_equal(settled, 1 + (other != NULL));
      other = NULL;
      drop(&ends[0]);
      drop(&ends[1]);
      assert_int_equal(avow_loop_init(loop, &steady), 0);
    }
}

/* The streams are dropped before or after their loop closes. */
static void streams_outlive_their_loop(void **state) {
  speak();
  avow_unref(avow_catch(avow_read(client(), 10), count, NULL));
  settled = 0;
  renew_loop();
  assert_int_equal(settled, 1);
}

/* Data that arrives later stays for the next reader. */
static void canceled_reads_lose_no_bytes(void **state) {
  for (int turns = 0; turns < 8; turns++) {
    speak();
    avow_promise_t *p = avow_read(server(), 100);
    avow_promise_t *q = avow_write(client(), avow_string("kept"));
    for (int i = 0; i < turns; i++)
      (void) uv_run(loop, UV_RUN_NOWAIT);
    const bool over = avow_state(p) != AVOW_PENDING;
    avow_cancel(p);
    avow_unref(p);
    if (!over)
      assert_fulfills_bytes(avow_read(server(), 100), "kept");
    assert_fulfills_int(q, 4);
    drop(&ends[0]);
    drop(&ends[1]);
  }
}

/* A stream without a pending operation does not keep the loop alive. */
static void idle_streams_do_not_keep_the_loop_alive(void **state) {
  speak();
  avow_promise_t *p = avow_read(server(), 100);
  (void) uv_run(loop, UV_RUN_NOWAIT);
  avow_cancel(p);
  avow_unref(p);
  run();
}

/* All data arrives, even if the promise of the write is canceled. */
static void canceled_writes_are_still_sent(void **state) {
  open_below(1000, NULL);
  greet_both();
  avow_promise_t *p = start_write();
  avow_cancel(p);
  avow_unref(p);
  avow_unref(avow_shutdown(client()));
  const avow_value_t v = avow_run(avow_read_all(server(), 1000000));
  size_t len = 0;
  (void) avow_to_bytes(&v, &len);
  assert_int_equal(len, 1000000);
  avow_value_unref(v);
}

SUITE(tls_end) {
  const struct CMUnitTest tests[] = {
    PAIR_CASE(operations_may_be_canceled_at_each_stage),
    PAIR_CASE(loop_may_close_at_each_stage),
    PAIR_CASE(streams_outlive_their_loop),
    PAIR_CASE(canceled_reads_lose_no_bytes),
    PAIR_CASE(idle_streams_do_not_keep_the_loop_alive),
    PAIR_CASE(canceled_writes_are_still_sent),
  };
  harness_init();
  return cmocka_run_group_tests(tests, make_all_papers, free_all_papers);
}

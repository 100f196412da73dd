/* SPDX-License-Identifier: MIT */
/* Several threads: a loop in each of them, and remotes between them.
   ThreadSanitizer also runs all of these tests. */
#ifndef _WIN32
#  include <unistd.h>
#endif

#include "harness.h"

#include <stdatomic.h>

/* cmocka can fail a test only on the thread that runs it. Other threads record
   errors. */

enum { THREADS = 4 };

static void start_threads(uv_thread_t threads[], uv_thread_cb fn, void *args,
                          size_t size) {
  for (size_t i = 0; i < THREADS; i++)
    assert_int_equal(uv_thread_create(&threads[i], fn,
                                      (char *) args + i * size),
                     0);
}

static void join_threads(uv_thread_t threads[]) {
  for (size_t i = 0; i < THREADS; i++)
    assert_int_equal(uv_thread_join(&threads[i]), 0);
}

/* Loops. */

static avow_value_t add_one(const avow_value_t *arg, void *data) {
  ++*(int64_t *) data;
  return avow_int(avow_to_int(arg) + 1);
}

/* Runs a chain, a sleep and a combinator on a loop that belongs to this
   thread. */
static int64_t use_loop(uv_loop_t *own) {
  int64_t calls = 0;
  avow_promise_t *p = avow_promise_resolve(own, avow_int(0));
  for (int i = 0; i < 10; i++)
    p = avow_then(p, add_one, NULL, &calls);
  avow_promise_t *ps[] = { p, avow_sleep(own, 1) };
  const avow_value_t v = avow_run(avow_all(own, ps, 2));
  const bool right = avow_to_int(avow_list_at(&v, 0)) == calls;
  avow_value_unref(v);
  return right ? calls : -1;
}

/* Data of one thread. The first thread initializes `own`, because
   ThreadSanitizer does not see that libuv closes a file before another thread
   reuses its descriptor. */
typedef struct {
  uv_loop_t own;
  int64_t sum;
  int errors;
} share_t;

/* Opens a loop again and again at the same address. */
static void open_and_close(void *data) {
  share_t *share = data;
  for (int i = 0; i < 50; i++) {
    share->errors += avow_loop_init(&share->own, &steady) != 0;
    share->sum += use_loop(&share->own);
    avow_unref(avow_sleep(&share->own, 60000)); /* closing cancels it */
    share->errors += avow_loop_close(&share->own) != 0;
  }
}

static void each_thread_can_have_its_own_loop(void **state) {
  uv_thread_t threads[THREADS];
  share_t shares[THREADS] = { { .sum = 0 } };
  for (size_t i = 0; i < THREADS; i++)
    assert_int_equal(uv_loop_init(&shares[i].own), 0);

  start_threads(threads, open_and_close, shares, sizeof(shares[0]));
  const int64_t here = use_loop(loop);
  join_threads(threads);

  assert_int_equal(here, 10);
  for (size_t i = 0; i < THREADS; i++) {
    assert_int_equal(shares[i].sum, 500);
    assert_int_equal(shares[i].errors, 0);
    assert_int_equal(uv_loop_close(&shares[i].own), 0);
  }
}

static void run_fixture(void *data) {
  (void) uv_run(loop, UV_RUN_DEFAULT); /* 0: nothing is left */
}

static void loop_can_run_on_another_thread(void **state) {
  uv_thread_t thread;
  int64_t calls = 0;
  let_threads_take_turns();
  avow_promise_t *p = avow_promise_resolve(loop, avow_int(1));
  p = avow_then(avow_then(p, add_one, NULL, &calls), add_one, NULL, &calls);
  avow_promise_t *nap = avow_sleep(loop, 1);

  assert_int_equal(uv_thread_create(&thread, run_fixture, NULL), 0);
  assert_int_equal(uv_thread_join(&thread), 0);

  assert_int_equal(avow_to_int(avow_result(p)), 3);
  avow_unref(p); /* the other thread has ended, so this one may use the loop */
  assert_int_equal(avow_loop_close(loop), 0);
  avow_unref(nap);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

typedef struct {
  uv_loop_t *own;
  int64_t calls;
  int err;
} lent_t;

static void run_and_close(void *data) {
  lent_t *lent = data;
  lent->calls = use_loop(lent->own);
  lent->err = avow_loop_close(lent->own);
}

static void loop_can_be_closed_on_another_thread(void **state) {
  uv_loop_t other;
  lent_t lent = { .own = &other };
  uv_thread_t thread;
  assert_int_equal(uv_loop_init(&other), 0);
  assert_int_equal(avow_loop_init(&other, &taking_turns), 0);
  assert_int_equal(use_loop(&other), 10); /* the loop may move after that */

  assert_int_equal(uv_thread_create(&thread, run_and_close, &lent), 0);
  assert_int_equal(uv_thread_join(&thread), 0);

  assert_int_equal(lent.calls, 10);
  assert_int_equal(lent.err, 0);
  assert_int_equal(uv_loop_close(&other), 0);
}

/* This thread has cached the loop. Another thread closes it and opens a loop at
   the same address. */
static void reopen_fixture(void *data) {
  int *err = data;
  *err = avow_loop_close(loop);
  if (*err == 0)
    *err = avow_loop_init(loop, &taking_turns);
}

static void loop_reinitialized_on_another_thread_is_found(void **state) {
  uv_thread_t thread;
  int err = -1;
  assert_int_equal(use_loop(loop), 10);

  assert_int_equal(uv_thread_create(&thread, reopen_fixture, &err), 0);
  assert_int_equal(uv_thread_join(&thread), 0);

  assert_int_equal(err, 0);
  assert_int_equal(use_loop(loop), 10);
}

/* A sleep is left, for which the other thread may wait. */
static void run_fixture_on(void *data) {
  run_fixture(data);
  avow_unref(avow_sleep(loop, 60000));
}

static void use_after_another_thread(void) {
  avow_unref(avow_promise_resolve(loop, avow_none()));
}

static avow_value_t made;

static void make_a_pair_after_another_thread(void) {
  made = avow_duplex(loop, 1, NULL);
}

static void make_a_file_stream_after_another_thread(void) {
  made = avow_file_stream(loop, 0, 0, 1);
}

#ifndef _WIN32
static void open_a_stream_after_another_thread(void) {
  int fds[2];
  assert_int_equal(pipe(fds), 0);
  made = avow_open_stream(loop, fds[0]);
  (void) close(fds[0]);
  (void) close(fds[1]);
}
#endif

static void assert_not_made_there(void (*make)(void)) {
  assert_misuse(make, "other than the loop's");
  avow_value_clear(&made); /* set in a release build */
}

static void use_on_another_thread_is_misuse(void **state) {
  uv_thread_t thread;
  avow_unref(avow_sleep(loop, 1));

  assert_int_equal(uv_thread_create(&thread, run_fixture_on, NULL), 0);
  assert_int_equal(uv_thread_join(&thread), 0);

  assert_misuse(use_after_another_thread,
                "called on a thread other than the loop's");
  assert_not_made_there(make_a_pair_after_another_thread);
  assert_not_made_there(make_a_file_stream_after_another_thread);
#ifndef _WIN32
  assert_not_made_there(open_a_stream_after_another_thread);
#endif
}

/* Remotes. */

enum { EACH = 50000 };

typedef struct {
  size_t n;
  avow_remote_t **remotes;
  avow_promise_t **ps; /* only the loop's thread uses this and the rest */
  size_t arrived;
  int64_t next;
  bool ordered;
} producer_t;

static void produce_ints(void *data) {
  producer_t *producer = data;
  for (size_t i = 0; i < producer->n; i++)
    (void) avow_remote_resolve(producer->remotes[i], avow_int((int64_t) i));
}

static avow_value_t note_arrival(const avow_value_t *arg, void *data) {
  producer_t *producer = data;
  const int64_t i = avow_to_int(arg);
  producer->ordered = producer->ordered && i >= producer->next;
  producer->next = i + 1;
  producer->arrived++;
  return avow_none();
}

static void make_remotes(producer_t producers[], size_t n, avow_cb cb) {
  for (producer_t *one = producers; one < producers + THREADS; one++) {
    *one = (producer_t){ .n = n, .ordered = true };
    one->remotes = test_calloc(n, sizeof(avow_remote_t *));
    one->ps = test_calloc(n, sizeof(avow_promise_t *));
    for (size_t i = 0; i < n; i++) {
      one->ps[i] = avow_remote_new(loop, &one->remotes[i]);
      avow_unref(avow_then(avow_ref(one->ps[i]), cb, NULL, one));
    }
  }
}

static void free_remotes(producer_t producers[]) {
  for (producer_t *one = producers; one < producers + THREADS; one++) {
    for (size_t i = 0; i < one->n; i++)
      avow_unref(one->ps[i]);
    test_free(one->ps);
    test_free(one->remotes);
  }
}

static void all_values_arrive_once_and_in_order(void **state) {
  uv_thread_t threads[THREADS];
  producer_t producers[THREADS];
  make_remotes(producers, EACH, note_arrival);

  start_threads(threads, produce_ints, producers, sizeof(producers[0]));
  run(); /* ends when all values have arrived */
  join_threads(threads);

  for (size_t i = 0; i < THREADS; i++) {
    assert_int_equal(producers[i].arrived, EACH);
    assert_true(producers[i].ordered);
  }
  free_remotes(producers);
}

static void cancellation_is_safe_while_threads_settle(void **state) {
  uv_thread_t threads[THREADS];
  producer_t producers[THREADS];
  make_remotes(producers, 2000, note_arrival);

  start_threads(threads, produce_ints, producers, sizeof(producers[0]));
  for (size_t i = 0; i < 2000; i++) {
    avow_cancel(producers[0].ps[i]);
    if (i % 64 == 0)
      (void) uv_run(loop, UV_RUN_NOWAIT); /* delivers some meanwhile */
  }
  run();
  join_threads(threads);

  for (size_t i = 1; i < THREADS; i++) {
    assert_int_equal(producers[i].arrived, 2000);
    assert_true(producers[i].ordered);
  }
  free_remotes(producers);
}

static atomic_int destroyed;

static void count_destroy(void *self) {
  atomic_fetch_add((atomic_int *) self, 1);
}

static const avow_class_t counted = { .name = "counted",
                                      .destroy = count_destroy };

static void produce_one(avow_remote_t *r, size_t i) {
  if (i % 3 == 2) {
    avow_remote_drop(r);
    return;
  }
  const avow_value_t v = avow_object(&counted, &destroyed);
  /* UV_ECANCELED after the loop was closed; v is released in any case */
  (void) (i % 3 == 0 ? avow_remote_resolve(r, v) : avow_remote_reject(r, v));
}

static void produce_objects(void *data) {
  const producer_t *producer = data;
  for (size_t i = 0; i < producer->n; i++)
    produce_one(producer->remotes[i], i);
}

static void ignore_unhandled(uv_loop_t *of, const avow_value_t *reason,
                             const char *where, void *data) {
}

static void open_fixture(void) {
  const avow_options_t options = { STEADY, .on_unhandled = ignore_unhandled };
  assert_int_equal(uv_loop_init(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
}

static void close_fixture(void) {
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(uv_loop_close(loop), 0);
}

/* Closes the loop when the first value has arrived. All other values are
   released. */
static void close_while_threads_settle(size_t n) {
  uv_thread_t threads[THREADS];
  producer_t producers[THREADS];
  atomic_store(&destroyed, 0);
  make_remotes(producers, n, NULL);

  start_threads(threads, produce_objects, producers, sizeof(producers[0]));
  avow_value_unref(avow_run(avow_ref(producers[0].ps[0])));
  close_fixture();
  join_threads(threads);

  free_remotes(producers);
  assert_int_equal(atomic_load(&destroyed), THREADS * (n - n / 3));
  open_fixture();
}

static void loop_close_is_safe_while_threads_settle(void **state) {
  close_fixture();
  open_fixture();

  for (size_t n = 1; n < 5000; n = n * 2 + 1)
    close_while_threads_settle(n);
}

static void closing_all_handles_is_safe_while_threads_settle(void **state) {
  uv_thread_t threads[THREADS];
  producer_t producers[THREADS];
  make_remotes(producers, 2000, note_arrival);

  start_threads(threads, produce_ints, producers, sizeof(producers[0]));
  uv_walk(loop, close_handle, NULL);
  run();
  close_fixture();
  join_threads(threads);

  for (size_t i = 0; i < THREADS; i++)
    assert_true(producers[i].ordered);
  free_remotes(producers);
  open_fixture();
}

/* Two loops send a value to each other, and both keep it for a while. */

enum { THROWS = 500 };

typedef struct {
  uv_loop_t *own;
  avow_promise_t *catches[THROWS];
  avow_remote_t *throws[THROWS]; /* for promises of the other loop */
  size_t caught;
  avow_value_t kept;
} player_t;

static avow_value_t throw_back(const avow_value_t *arg, void *data) {
  player_t *player = data;
  avow_value_unref(player->kept);
  player->kept = avow_value_ref(arg);
  avow_remote_t *r = player->throws[player->caught++];
  (void) avow_remote_resolve(r, avow_value_ref(arg)); /* 0: it is open */
  return avow_none();
}

static void play(void *data) {
  player_t *player = data;
  for (size_t i = 0; i < THROWS; i++)
    avow_unref(avow_then(player->catches[i], throw_back, NULL, player));
  (void) uv_run(player->own, UV_RUN_DEFAULT); /* 0: all values have arrived */
  avow_value_unref(player->kept);
}

static void values_can_be_sent_between_loops(void **state) {
  uv_loop_t other;
  uv_thread_t thread;
  avow_remote_t *serve;
  static player_t a, b;
  assert_int_equal(uv_loop_init(&other), 0);
  assert_int_equal(avow_loop_init(&other, &taking_turns), 0);
  a = (player_t){ .own = loop };
  b = (player_t){ .own = &other };
  for (size_t i = 0; i < THROWS; i++) {
    a.catches[i] = avow_remote_new(loop, i > 0 ? &b.throws[i - 1] : &serve);
    b.catches[i] = avow_remote_new(&other, &a.throws[i]);
  }
  avow_promise_t *end = avow_remote_new(loop, &b.throws[THROWS - 1]);

  assert_int_equal(uv_thread_create(&thread, play, &b), 0);
  assert_int_equal(avow_remote_resolve(serve, avow_string("ball")), 0);
  play(&a);
  assert_int_equal(uv_thread_join(&thread), 0);

  assert_int_equal(a.caught, THROWS);
  assert_int_equal(b.caught, THROWS);
  assert_string_equal(avow_to_bytes(avow_result(end), NULL), "ball");
  avow_unref(end);
  assert_int_equal(avow_loop_close(&other), 0);
  assert_int_equal(uv_loop_close(&other), 0);
}

SUITE(threads) {
  const struct CMUnitTest tests[] = {
    CASE(each_thread_can_have_its_own_loop),
    CASE(loop_can_run_on_another_thread),
    CASE(loop_can_be_closed_on_another_thread),
    CASE(loop_reinitialized_on_another_thread_is_found),
    CASE(use_on_another_thread_is_misuse),
    CASE(all_values_arrive_once_and_in_order),
    CASE(cancellation_is_safe_while_threads_settle),
    CASE(loop_close_is_safe_while_threads_settle),
    CASE(closing_all_handles_is_safe_while_threads_settle),
    CASE(values_can_be_sent_between_loops),
  };
  return RUN(tests);
}

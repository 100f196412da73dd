/*
 * Async functions: when they run, what an await gives, and what cancelling and
 * the end of the loop do to one that is parked.
 */
#include "harness.h"

#ifdef WATCHED /* by a tool that makes all slow */
enum { MANY = 1000, PARKED = 1000, SLEEPS = 10 };
#else
enum { MANY = 1000000, PARKED = 20000, SLEEPS = 100 };
#endif

static avow_value_t give_5(void *data) {
  note("ran");
  return avow_int(5);
}

static avow_value_t throw_fn(void *data) {
  return avow_error(UV_EIO);
}

static void function_runs_inside_the_call(void **state) {
  avow_promise_t *p = avow_async(loop, give_5, NULL);

  assert_notes("ran");
  assert_int_equal(avow_state(p), AVOW_FULFILLED);
  assert_fulfils_int(p, 5);
}

static void error_returned_rejects(void **state) {
  assert_rejects(avow_async(loop, throw_fn, NULL), UV_EIO);
}

static avow_value_t sleep_20(void *data) {
  return avow_await(avow_sleep(loop, 20));
}

static void sleep_in_it_counts_from_the_present(void **state) {
  uv_sleep(30);
  const uint64_t start = uv_hrtime();

  assert_fulfils_none(avow_async(loop, sleep_20, NULL));

  assert_true(uv_hrtime() - start > 18000000);
}

/* Awaits its data, and notes what it got. */
static avow_value_t await_it(void *promise) {
  note("before");
  const avow_value_t v = avow_await(promise);
  avow_value_unref(note_value_cb(&v, "after"));
  return v;
}

static void await_gives_the_value(void **state) {
  avow_promise_t *p =
      avow_async(loop, await_it, avow_promise_resolve(loop, avow_int(7)));

  note("returned");
  assert_int_equal(avow_state(p), AVOW_PENDING);

  assert_fulfils_int(p, 7);
  assert_notes("before returned after=7");
}

static void await_gives_the_error(void **state) {
  avow_promise_t *bad = avow_promise_reject(loop, avow_error(UV_EIO));

  assert_rejects(avow_async(loop, await_it, bad), UV_EIO);
  assert_notes("before after=EIO");
}

static void await_of_what_others_hold_gives_them_all_the_value(void **state) {
  avow_promise_t *shared = avow_promise_resolve(loop, avow_string("all"));
  avow_promise_t *p = avow_async(loop, await_it, avow_ref(shared));
  avow_promise_t *q = avow_async(loop, await_it, shared);

  avow_value_unref(avow_run(p));
  avow_value_unref(avow_run(q));

  assert_notes("before before after='all' after='all'");
}

static void await_waits_for_what_is_pending(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);

  p = avow_async(loop, await_it, p);
  run();
  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_true(avow_resolve(d, avow_int(1)));

  assert_fulfils_int(p, 1);
}

static avow_value_t follow_it(void *promise) {
  return avow_follow(promise);
}

static void promise_returned_is_adopted(void **state) {
  avow_deferred_t *d;
  avow_promise_t *inner = avow_promise_new(loop, &d);
  avow_promise_t *p = avow_async(loop, follow_it, inner);

  run();
  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_true(avow_resolve(d, avow_int(3)));

  assert_fulfils_int(p, 3);
}

static avow_value_t await_in_a_loop(void *data) {
  int64_t sum = 0;
  for (int i = 0; i < MANY; i++) {
    const avow_value_t v = avow_await(avow_promise_resolve(loop, avow_int(i)));
    sum += avow_to_int(&v);
  }
  return avow_int(sum);
}

static void many_awaits_need_no_more_than_one(void **state) {
  const int64_t sum = (int64_t) MANY * (MANY - 1) / 2;

  assert_fulfils_int(avow_async(loop, await_in_a_loop, NULL), sum);
}

static avow_value_t sum_to(void *data) {
  int *n = data;
  if (*n == 0)
    return avow_int(0);
  const int mine = (*n)--;
  const avow_value_t v = avow_await(avow_async(loop, sum_to, n));
  return avow_int(mine + avow_to_int(&v));
}

static void functions_start_functions(void **state) {
  int n = 100;

  assert_fulfils_int(avow_async(loop, sum_to, &n), 5050);
}

static avow_value_t await_quietly(void *promise) {
  return avow_await(promise);
}

static avow_value_t await_traced(void *promise) {
  return avow_await(avow_trace_await("there.c", 7, promise));
}

static _Thread_local uv_loop_t *thread_loop;

static avow_value_t sleep_once(void *data) {
  avow_value_unref(avow_await(avow_sleep(thread_loop, 0)));
  return avow_int(1);
}

static avow_value_t sleep_and_sum(void *data) {
  int64_t sum = 0;
  for (int i = 0; i < SLEEPS; i++) {
    const avow_value_t v =
        avow_await(avow_async(thread_loop, sleep_once, NULL));
    sum += avow_to_int(&v);
  }
  return avow_int(sum);
}

static avow_value_t await_deep(int depth, avow_promise_t *p) {
  volatile char frame[64] = { (char) depth }; /* a stack worth keeping */
  const avow_value_t v = depth > 0 ? await_deep(depth - 1, p) : avow_await(p);
  assert_int_equal(frame[0], (char) depth);
  return v;
}

static avow_value_t await_from_below(void *promise) {
  return await_deep(50, promise);
}

static void what_it_calls_may_await(void **state) {
  avow_promise_t *p = avow_async(loop, await_from_below, avow_sleep(loop, 0));

  assert_fulfils_none(p);
}

/* As many as a server may have. */
static void very_many_can_be_parked_at_once(void **state) {
  avow_deferred_t *d;
  avow_promise_t *shared = avow_promise_new(loop, &d);
  avow_stats_t stats;
  for (int i = 0; i < PARKED; i++)
    avow_unref(avow_async(loop, await_quietly, avow_ref(shared)));

  avow_loop_stats(loop, &stats);
  assert_int_equal(stats.pending, 1 + PARKED);
  assert_true(avow_resolve(d, avow_int(1)));
  avow_unref(shared);
  run();

  avow_loop_stats(loop, &stats);
  assert_int_equal(stats.live, 0);
}

static void dump_shows_what_a_parked_function_awaits(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  p = avow_trace_await("here.c", 5, p); /* outside there is nothing to note */
  p = avow_async(loop, await_traced, p);
  char text[1024] = { 0 };
  FILE *out = tmpfile();
  assert_non_null(out);

  avow_loop_dump(loop, out, AVOW_DUMP_TEXT);
  rewind(out);
  assert_true(fread(text, 1, sizeof(text) - 1, out) > 0);
  assert_int_equal(fclose(out), 0);

  assert_non_null(strstr(text, " pending async waits for "));
#ifdef AVOW_TRACE
  assert_non_null(strstr(text, " awaits at there.c:7"));
#endif
  assert_true(avow_resolve(d, avow_int(1)));
  assert_fulfils_int(p, 1);
}

/* A loop in a thread of its own. */
static void run_a_loop(void *sum) {
  uv_loop_t own;
  if (uv_loop_init(&own) != 0 || avow_loop_init(&own, NULL) != 0)
    return;
  thread_loop = &own;
  const avow_value_t v = avow_run(avow_async(&own, sleep_and_sum, NULL));
  *(int64_t *) sum = avow_to_int(&v);
  (void) avow_loop_close(&own); /* checked by uv_loop_close() */
  if (uv_loop_close(&own) != 0)
    *(int64_t *) sum = -1;
}

static void loops_in_threads_have_functions_of_their_own(void **state) {
  int64_t sums[2] = { 0 };
  uv_thread_t threads[2];

  for (int i = 0; i < 2; i++)
    assert_int_equal(uv_thread_create(&threads[i], run_a_loop, &sums[i]), 0);
  for (int i = 0; i < 2; i++)
    assert_int_equal(uv_thread_join(&threads[i]), 0);

  assert_int_equal(sums[0], SLEEPS);
  assert_int_equal(sums[1], SLEEPS);
}

/* Cancelling. */

static avow_value_t await_and_clean_up(void *promise) {
  const avow_value_t v = avow_await(promise);
  avow_value_unref(note_value_cb(&v, "got"));
  const avow_value_t w = avow_await(avow_shield(avow_sleep(loop, 0)));
  avow_value_unref(note_value_cb(&w, "cleaned"));
  return v;
}

static void cancel_reaches_the_await_and_clean_up_may_await(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_on_cancel(d, note_free, "stop");
  p = avow_async(loop, await_and_clean_up, p);

  avow_cancel(p);
  assert_notes("stop");
  avow_deferred_drop(d);

  assert_rejects(p, UV_ECANCELED);
  assert_notes("got=ECANCELED cleaned=none");
}

static void cancel_leaves_what_others_hold(void **state) {
  avow_deferred_t *d;
  avow_promise_t *shared = avow_promise_new(loop, &d);
  avow_promise_t *p = avow_async(loop, await_and_clean_up, avow_ref(shared));

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_notes("got=ECANCELED cleaned=none");
  assert_int_equal(avow_state(shared), AVOW_PENDING);
  assert_true(avow_resolve(d, avow_int(2)));
  assert_fulfils_int(shared, 2);
}

static void cancel_keeps_a_value_that_has_arrived(void **state) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_int(4));
  p = avow_async(loop, await_and_clean_up, p);

  avow_cancel(p);

  assert_fulfils_int(p, 4);
  assert_notes("got=4 cleaned=none");
}

static avow_promise_t *self;

static avow_value_t cancel_itself(void *data) {
  avow_ignore(avow_await(avow_sleep(loop, 0))); /* none: self is set by then */
  avow_cancel(self);
  const avow_value_t v = avow_await(avow_sleep(loop, 60000));
  avow_value_unref(note_value_cb(&v, "next"));
  return avow_await(avow_promise_resolve(loop, avow_int(8)));
}

static void cancelled_while_it_runs_its_next_await_is(void **state) {
  self = avow_async(loop, cancel_itself, NULL);

  assert_fulfils_int(self, 8);
  assert_notes("next=ECANCELED");
}

static avow_value_t cancel_and_follow(void *data) {
  avow_ignore(avow_await(avow_sleep(loop, 0))); /* none: self is set by then */
  avow_cancel(self);
  return avow_follow(avow_sleep(loop, 60000));
}

static void cancelled_while_it_runs_what_it_follows_is(void **state) {
  self = avow_async(loop, cancel_and_follow, NULL);

  assert_rejects(self, UV_ECANCELED);
}

static avow_value_t await_itself(void *data) {
  avow_ignore(avow_await(avow_sleep(loop, 0))); /* none: self is set by then */
  return avow_await(avow_ref(self));
}

static void function_that_awaits_itself_can_be_cancelled(void **state) {
  self = avow_async(loop, await_itself, NULL);
  run();
  assert_int_equal(avow_state(self), AVOW_PENDING);

  avow_cancel(self);

  assert_rejects(self, UV_ECANCELED);
}

typedef struct {
  avow_promise_t *self; /* with this attached to it */
} lone_t;

static avow_value_t await_own(void *data) {
  lone_t *lone = data;
  avow_value_unref(avow_await(avow_promise_resolve(loop, avow_none())));
  const avow_value_t v = avow_await(lone->self);
  lone->self = NULL; /* it is still there to be written to */
  return note_value_cb(&v, "got");
}

static void free_lone(void *data) {
  lone_t *lone = data;
  note(lone->self == NULL ? "freed" : "freed too early");
  free(lone);
}

static avow_promise_t *lone_new(void) {
  lone_t *lone = calloc(1, sizeof(*lone));
  assert_non_null(lone);
  lone->self = avow_attach(avow_async(loop, await_own, lone), lone, free_lone);
  return lone->self;
}

/* In JavaScript it would wait for ever, with all that it needs. */
static void data_of_one_that_awaits_its_end_outlives_cancelling(void **state) {
  avow_cancel(lone_new());

  run();

  assert_notes("got=ECANCELED freed");
}

static void data_of_one_that_awaits_its_end_outlives_the_loop(void **state) {
  (void) lone_new(); /* it holds itself */
  run();

  assert_int_equal(avow_loop_close(loop), 0);

  assert_notes("got=ECANCELED freed");
  assert_int_equal(avow_loop_init(loop, NULL), 0);
}

static void cancel_of_what_is_over_does_nothing(void **state) {
  avow_promise_t *p = avow_async(loop, give_5, NULL);

  avow_cancel(p);

  assert_fulfils_int(p, 5);
  assert_notes("ran");
}

static void timeout_cancels_the_await(void **state) {
  avow_promise_t *p =
      avow_async(loop, await_and_clean_up, avow_sleep(loop, 60000));

  assert_rejects(avow_timeout(p, 1), UV_ETIMEDOUT);
  assert_notes("got=ECANCELED cleaned=none");
}

/* The end of the loop. */

/* Parks fn on a loop of its own, closes that, and says how fn ended. */
static int end_of(avow_fn fn, void *data) {
  uv_loop_t *const shared = loop;
  uv_loop_t own;
  loop = &own;
  assert_int_equal(uv_loop_init(&own), 0);
  assert_int_equal(avow_loop_init(&own, NULL), 0);
  avow_promise_t *p = avow_async(&own, fn, data);
  assert_int_equal(avow_loop_close(&own), 0);
  assert_int_equal(avow_state(p), AVOW_REJECTED);
  const int code = avow_error_code(avow_result(p));
  avow_unref(p);
  assert_int_equal(uv_loop_close(&own), 0);
  loop = shared;
  return code;
}

static avow_value_t sleep_long(void *data) {
  const avow_value_t v = avow_await(avow_sleep(loop, 60000));
  avow_value_unref(note_value_cb(&v, "got"));
  const avow_value_t w = avow_await(avow_promise_resolve(loop, avow_int(1)));
  avow_value_unref(note_value_cb(&w, "cleaned"));
  return v;
}

static void closing_the_loop_unwinds_what_is_parked(void **state) {
  assert_int_equal(end_of(sleep_long, NULL), UV_ECANCELED);
  assert_notes("got=ECANCELED cleaned=1");
}

static avow_value_t sleep_for_ever(void *data) {
  for (;;)
    avow_value_unref(avow_await(avow_sleep(loop, 60000)));
  return avow_none();
}

static avow_value_t await_none_for_ever(void *data) {
  for (;;)
    avow_value_unref(avow_await(avow_promise_resolve(loop, avow_none())));
  return avow_none();
}

static void closing_the_loop_leaves_one_that_never_ends(void **state) {
  assert_int_equal(end_of(sleep_for_ever, NULL), UV_ECANCELED);
  assert_int_equal(end_of(await_none_for_ever, NULL), UV_ECANCELED);
}

/* Misuse. */

static void await_outside(void) {
  const avow_value_t v = avow_await(avow_sleep(loop, 0));

  assert_int_equal(avow_error_code(&v), AVOW_ENOTASYNC);
  assert_string_equal(avow_err_name(v.code), "AVOW_ENOTASYNC");
}

static avow_value_t await_cb(const avow_value_t *arg, void *data) {
  return avow_await(avow_sleep(loop, 0));
}

static void await_in_a_handler(void) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());

  assert_rejects(avow_then(p, await_cb, NULL, NULL), AVOW_ENOTASYNC);
}

static void await_none(void *data) {
  const avow_value_t v = avow_await(avow_sleep(loop, 0));
  avow_value_unref(note_value_cb(&v, "await"));
}

static avow_value_t cancel_another(void *data) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_on_cancel(d, await_none, NULL);
  avow_cancel(p);
  avow_deferred_drop(d);
  avow_unref(p);
  return avow_await(avow_promise_resolve(loop, avow_int(1)));
}

static void await_in_on_cancel(void) {
  assert_fulfils_int(avow_async(loop, cancel_another, NULL), 1);
  assert_notes("await=AVOW_ENOTASYNC");
}

static avow_value_t destroy_another(void *data) {
  static const avow_class_t awaits = { .name = "awaits",
                                       .destroy = await_none };
  avow_value_unref(avow_object(&awaits, NULL));
  return avow_await(avow_promise_resolve(loop, avow_int(1)));
}

static void await_in_destroy(void) {
  assert_fulfils_int(avow_async(loop, destroy_another, NULL), 1);
  assert_notes("await=AVOW_ENOTASYNC");
}

/* It would park the function that made the call. */
static void await_in_what_avow_calls_back_is_refused(void **state) {
  assert_misuse(await_in_on_cancel, "or in what avow calls back");
  assert_misuse(await_in_destroy, "or in what avow calls back");
}

static avow_value_t note_stack(void *where) {
  char here;
  *(uintptr_t *) where = (uintptr_t) &here;
  return avow_none();
}

static void stack_that_is_free_is_used_again(void **state) {
  uintptr_t first = 0, second = 1;

  avow_unref(avow_async(loop, note_stack, &first));
  avow_unref(avow_async(loop, note_stack, &second));

  assert_int_equal(first, second);
}

/* What is past the option goes back to the system. */
static void as_many_stacks_are_kept_as_the_option_says(void **state) {
  const avow_options_t options = { .idle_stacks = 1 };
  uv_loop_t other;
  avow_deferred_t *d;
  assert_int_equal(uv_loop_init(&other), 0);
  assert_int_equal(avow_loop_init(&other, &options), 0);
  avow_promise_t *shared = avow_promise_new(&other, &d);
  for (int i = 0; i < 3; i++)
    avow_unref(avow_async(&other, await_it, avow_ref(shared)));

  assert_true(avow_resolve(d, avow_int(1)));
  assert_int_equal(uv_run(&other, UV_RUN_DEFAULT), 0);

  assert_notes("before before before after=1 after=1 after=1");
  avow_unref(shared);
  assert_int_equal(avow_loop_close(&other), 0);
  assert_int_equal(uv_loop_close(&other), 0);
}

static avow_value_t await_borrowed(void *data) {
  return avow_await(avow_ref(data));
}

/* Cancelled or over, a function makes room for another. */
static void as_many_functions_run_as_the_option_says(void **state) {
  const avow_options_t options = { .max_stacks = 2 };
  uv_loop_t other;
  avow_deferred_t *d;
  assert_int_equal(uv_loop_init(&other), 0);
  assert_int_equal(avow_loop_init(&other, &options), 0);
  avow_promise_t *shared = avow_promise_new(&other, &d);
  avow_promise_t *first = avow_async(&other, await_borrowed, shared);
  avow_promise_t *second = avow_async(&other, await_borrowed, shared);

  assert_rejects(avow_async(&other, await_borrowed, shared), UV_EAGAIN);
  avow_cancel(first);
  assert_rejects(first, UV_ECANCELED);
  avow_promise_t *third = avow_async(&other, await_borrowed, shared);
  assert_rejects(avow_async(&other, await_borrowed, shared), UV_EAGAIN);
  assert_true(avow_resolve(d, avow_int(1)));
  assert_fulfils_int(second, 1);
  assert_fulfils_int(third, 1);
  assert_fulfils_int(avow_async(&other, await_borrowed, shared), 1);

  avow_unref(shared);
  assert_int_equal(avow_loop_close(&other), 0);
  assert_int_equal(uv_loop_close(&other), 0);
}

static void await_outside_an_async_function_is_refused(void **state) {
  assert_misuse(await_outside, "avow_await() outside an async function");
  assert_misuse(await_in_a_handler, "avow_await() outside an async function");
}

static void await_elsewhere(void) {
  uv_loop_t other;
  avow_deferred_t *d;
  assert_int_equal(uv_loop_init(&other), 0);
  assert_int_equal(avow_loop_init(&other, NULL), 0);
  avow_promise_t *theirs = avow_promise_new(&other, &d);

  assert_rejects(avow_async(loop, await_it, theirs), AVOW_EMISUSE);

  avow_deferred_drop(d);
  assert_int_equal(avow_loop_close(&other), 0);
  assert_int_equal(uv_loop_close(&other), 0);
}

static void await_of_another_loops_promise_is_refused(void **state) {
  assert_misuse(await_elsewhere,
                "hand the value over with avow_remote_resolve()");
}

static avow_value_t run_it(void *promise) {
  return avow_run(promise);
}

static void run_inside(void) {
  assert_rejects(avow_async(loop, run_it, avow_sleep(loop, 0)), AVOW_EMISUSE);
}

static void run_inside_an_async_function_is_refused(void **state) {
  assert_misuse(run_inside, "use avow_await()");
}

static void start_nowhere(void) {
  uv_loop_t bare;

  assert_rejects(avow_async(&bare, give_5, NULL), AVOW_EMISUSE);
  assert_notes("");
}

static void loop_without_init_is_refused(void **state) {
  assert_misuse(start_nowhere, "call avow_loop_init() on it first");
}

static avow_value_t close_the_loop(void *data) {
  return avow_int(avow_loop_close(loop));
}

static void loop_cannot_be_closed_inside(void **state) {
  assert_fulfils_int(avow_async(loop, close_the_loop, NULL), UV_EBUSY);
}

static void it_needs_a_function(void **state) {
  assert_rejects(avow_async(loop, NULL, NULL), UV_EINVAL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    CASE(function_runs_inside_the_call),
    CASE(error_returned_rejects),
    CASE(sleep_in_it_counts_from_the_present),
    CASE(await_gives_the_value),
    CASE(await_gives_the_error),
    CASE(await_of_what_others_hold_gives_them_all_the_value),
    CASE(await_waits_for_what_is_pending),
    CASE(promise_returned_is_adopted),
    CASE(many_awaits_need_no_more_than_one),
    CASE(functions_start_functions),
    CASE(what_it_calls_may_await),
    CASE(very_many_can_be_parked_at_once),
    CASE(dump_shows_what_a_parked_function_awaits),
    CASE(loops_in_threads_have_functions_of_their_own),
    CASE(cancel_reaches_the_await_and_clean_up_may_await),
    CASE(cancel_leaves_what_others_hold),
    CASE(cancel_keeps_a_value_that_has_arrived),
    CASE(cancelled_while_it_runs_its_next_await_is),
    CASE(cancelled_while_it_runs_what_it_follows_is),
    CASE(function_that_awaits_itself_can_be_cancelled),
    CASE(data_of_one_that_awaits_its_end_outlives_cancelling),
    CASE(data_of_one_that_awaits_its_end_outlives_the_loop),
    CASE(cancel_of_what_is_over_does_nothing),
    CASE(timeout_cancels_the_await),
    CASE(closing_the_loop_unwinds_what_is_parked),
    CASE(closing_the_loop_leaves_one_that_never_ends),
    CASE(stack_that_is_free_is_used_again),
    CASE(as_many_stacks_are_kept_as_the_option_says),
    CASE(as_many_functions_run_as_the_option_says),
    CASE(await_outside_an_async_function_is_refused),
    CASE(await_in_what_avow_calls_back_is_refused),
    CASE(await_of_another_loops_promise_is_refused),
    CASE(run_inside_an_async_function_is_refused),
    CASE(loop_without_init_is_refused),
    CASE(loop_cannot_be_closed_inside),
    CASE(it_needs_a_function),
  };
  return RUN(tests);
}

/* SPDX-License-Identifier: MIT */
/* Mailboxes: functions that the loop calls because any thread has posted
   them. */
#include "harness.h"

#include <stdatomic.h>

/* Posts from the loop's thread. */

static void note_data(void *word) {
  note(word);
}

static void note_freed(void *word) {
  note("freed");
}

static int post_note(const avow_mailbox_t *mailbox, char *word) {
  return avow_post(mailbox, note_data, word, note_freed);
}

static void posted_functions_run_in_order_and_free_their_data(void **state) {
  avow_mailbox_t *mailbox = avow_mailbox_new(loop);

  assert_int_equal(post_note(mailbox, "a"), 0);
  assert_int_equal(avow_post(mailbox, note_data, "b", NULL), 0);
  assert_notes("");
  avow_mailbox_unref(mailbox);
  run();

  assert_notes("a freed b");
}

static void note_and_promise(void *word) {
  note(word);
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  avow_unref(avow_then(p, note_cb, NULL, word));
}

static void each_posted_function_is_a_task(void **state) {
  avow_mailbox_t *mailbox = avow_mailbox_new(loop);

  assert_int_equal(avow_post(mailbox, note_and_promise, "a", NULL), 0);
  assert_int_equal(avow_post(mailbox, note_and_promise, "b", NULL), 0);
  avow_mailbox_unref(mailbox);
  run();

  assert_notes("a a b b");
}

static void post_again(void *mailbox) {
  assert_int_equal(avow_loop_close(loop), UV_EBUSY);
  assert_int_equal(post_note(mailbox, "inside"), 0);
  avow_mailbox_unref(mailbox);
}

static void posted_function_may_post_again(void **state) {
  avow_mailbox_t *mailbox = avow_mailbox_new(loop);

  assert_int_equal(avow_post(mailbox, post_again, mailbox, NULL), 0);
  run();

  assert_notes("inside freed");
}

static void mailbox_keeps_the_loop_alive_until_its_release(void **state) {
  avow_mailbox_t *mailbox = avow_mailbox_new(loop);
  avow_mailbox_t *other = avow_mailbox_ref(mailbox);

  avow_mailbox_unref(mailbox);
  assert_int_not_equal(uv_run(loop, UV_RUN_NOWAIT), 0);
  avow_mailbox_unref(other);
  run();

  assert_false(uv_loop_alive(loop));
}

/* Calls that are refused. */

static void post_without_a_function_is_refused(void **state) {
  avow_mailbox_t *mailbox = avow_mailbox_new(loop);

  assert_int_equal(avow_post(mailbox, NULL, NULL, note_freed), UV_EINVAL);
  assert_int_equal(avow_post(mailbox, NULL, NULL, NULL), UV_EINVAL);

  assert_notes("freed");
  avow_mailbox_unref(mailbox);
}

static void post_returns_enomem_when_out_of_memory(void **state) {
  avow_mailbox_t *mailbox = avow_mailbox_new(loop);

  fail_allocation(1, true);
  avow_mailbox_t *none = avow_mailbox_new(loop);
  assert_int_equal(post_note(mailbox, "a"), UV_ENOMEM);
  assert_int_equal(post_note(none, "b"), UV_ENOMEM);
  fail_allocation(0, false);

  assert_notes("freed freed");
  avow_mailbox_unref(avow_mailbox_ref(none));
  avow_mailbox_unref(none);
  avow_mailbox_unref(mailbox);
}

static void loop_close_frees_the_data_of_pending_posts(void **state) {
  avow_mailbox_t *mailbox = avow_mailbox_new(loop);
  uv_walk(loop, close_handle, NULL); /* prevents the loop from calling it */
  run();
  assert_int_equal(post_note(mailbox, "a"), 0);
  assert_notes("");
  assert_int_equal(avow_loop_close(loop), 0);
  assert_notes("freed");

  assert_int_equal(post_note(mailbox, "b"), UV_ECANCELED);

  assert_notes("freed");
  avow_mailbox_unref(mailbox);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void mailbox_may_be_released_right_before_loop_close(void **state) {
  avow_mailbox_unref(avow_mailbox_new(loop));

  renew_loop();
}

/* Another loop exists at the address of the old one. */
static void reinitialized_loop_receives_no_old_posts(void **state) {
  avow_mailbox_t *old = avow_mailbox_new(loop);
  renew_loop();
  avow_mailbox_t *mailbox = avow_mailbox_new(loop);

  assert_int_equal(post_note(old, "old"), UV_ECANCELED);
  assert_int_equal(post_note(mailbox, "new"), 0);
  avow_mailbox_unref(old);
  avow_mailbox_unref(mailbox);
  run();

  assert_notes("freed new freed");
}

static void post_is_canceled_after_all_handles_are_closed(void **state) {
  avow_mailbox_unref(avow_mailbox_new(loop));
  uv_walk(loop, close_handle, NULL);
  run();

  avow_mailbox_t *mailbox = avow_mailbox_new(loop);

  assert_int_equal(post_note(mailbox, "a"), UV_ECANCELED);
  assert_notes("freed");
  avow_mailbox_unref(mailbox);
}

static void use_of_null(void) {
  if (avow_post(NULL, note_data, "a", NULL) != AVOW_EMISUSE)
    abort();
}

static void use_after_the_last_unref(void) {
  avow_mailbox_t *mailbox = avow_mailbox_new(loop);
  avow_mailbox_unref(mailbox);
  run();
#ifndef NDEBUG
  (void) avow_post(mailbox, note_data, "a", NULL); /* it was freed */
#endif
}

static void null_and_freed_mailboxes_are_reported(void **state) {
  assert_misuse(use_of_null, "mailbox is NULL");
  assert_misuse(use_after_the_last_unref, "avow_mailbox_unref");
#ifdef AVOW_DLADDR
  assert_misuse(use_after_the_last_unref, "freed it in ");
#endif
  avow_mailbox_unref(NULL);
}

/* Posts from other threads. */

enum { THREADS = 4, POSTS = 5000 };

static atomic_int freed;

static void count_freed(void *data) {
  atomic_fetch_add(&freed, 1);
}

/* Only the loop's thread increments it. */
static int called;

static void count_called(void *data) {
  called++;
}

typedef struct {
  uv_thread_t thread;
  avow_mailbox_t *mailbox;
  int posted, refused;
} poster_t;

static void post_many(void *data) {
  poster_t *poster = data;
  for (int i = 0; i < POSTS; i++) {
    const int err =
        avow_post(poster->mailbox, count_called, poster, count_freed);
    poster->posted += err == 0;
    poster->refused += err == UV_ECANCELED;
  }
  avow_mailbox_unref(poster->mailbox);
}

static void start_posters(poster_t posters[]) {
  called = 0;
  atomic_store(&freed, 0);
  avow_mailbox_t *mailbox = avow_mailbox_new(loop);
  for (int i = 0; i < THREADS; i++) {
    posters[i] = (poster_t){ .mailbox = avow_mailbox_ref(mailbox) };
    assert_int_equal(uv_thread_create(&posters[i].thread, post_many,
                                      &posters[i]),
                     0);
  }
  avow_mailbox_unref(mailbox);
}

static void join_posters(poster_t posters[]) {
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(uv_thread_join(&posters[i].thread), 0);
}

static void all_threads_may_post(void **state) {
  poster_t posters[THREADS];

  start_posters(posters);
  run(); /* until the last mailbox is released */
  join_posters(posters);

  assert_int_equal(called, THREADS * POSTS);
  assert_int_equal(atomic_load(&freed), THREADS * POSTS);
}

static void loop_may_close_while_threads_post(void **state) {
  for (int round = 0; round < 50; round++) {
    poster_t posters[THREADS];
    int refused = 0;

    start_posters(posters);
    for (int turns = 0; turns < round; turns++)
      (void) uv_run(loop, UV_RUN_NOWAIT); /* not 0: the threads still post */
    renew_loop();
    join_posters(posters);

    for (int i = 0; i < THREADS; i++) {
      refused += posters[i].refused;
      assert_int_equal(posters[i].posted + posters[i].refused, POSTS);
    }
    assert_int_equal(atomic_load(&freed), THREADS * POSTS);
    assert_int_in_range(called, 0, THREADS * POSTS - refused);
  }
}

SUITE(post) {
  const struct CMUnitTest tests[] = {
    CASE(posted_functions_run_in_order_and_free_their_data),
    CASE(each_posted_function_is_a_task),
    CASE(posted_function_may_post_again),
    CASE(mailbox_keeps_the_loop_alive_until_its_release),
    CASE(post_without_a_function_is_refused),
    CASE(post_returns_enomem_when_out_of_memory),
    CASE(loop_close_frees_the_data_of_pending_posts),
    CASE(mailbox_may_be_released_right_before_loop_close),
    CASE(reinitialized_loop_receives_no_old_posts),
    CASE(post_is_canceled_after_all_handles_are_closed),
    CASE(null_and_freed_mailboxes_are_reported),
    CASE(all_threads_may_post),
    CASE(loop_may_close_while_threads_post),
  };
  return RUN(tests);
}

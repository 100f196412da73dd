/* SPDX-License-Identifier: MIT */
/* Out of memory: channels survive it. */
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "torture.h"

static int ends[2]; /* of a pair of sockets */

/* State that two sides share. The last side to end frees it. */
typedef struct {
  avow_channel_t *channel;
  int sides;
  int sent;
} line_t;

static line_t *line_new(size_t room) {
  line_t *line = calloc(1, sizeof(*line));
  assert_non_null(line);
  line->channel = avow_channel_new(loop, room);
  line->sides = 2;
  return line;
}

static void line_unref(line_t *line) {
  if (--line->sides > 0)
    return;
  avow_channel_unref(line->channel);
  free(line);
}

/* However a side ends, the other side no longer waits for anything. */
static void sender_end(void *data) {
  const line_t *line = data;
  avow_channel_end(line->channel);
  line_unref(data);
}

static void receiver_end(void *data) {
  const line_t *line = data;
  avow_channel_close(line->channel);
  line_unref(data);
}

enum { ITEMS = 20 };

static avow_value_t send_fn(void *data) {
  line_t *line = data;
  if (line->sent++ < ITEMS)
    return avow_follow(avow_channel_send(line->channel, duty_object()));
  avow_channel_end(line->channel);
  return avow_int(ITEMS);
}

static avow_value_t item_cb(const avow_value_t *item, void *data) {
  return avow_is_none(item) ? avow_int(1) : avow_none();
}

static avow_value_t next_fn(void *data) {
  const line_t *line = data;
  return avow_follow(
      avow_then(avow_channel_next(line->channel), item_cb, NULL, NULL));
}

static avow_promise_t *move_items(size_t room) {
  line_t *line = line_new(room);
  avow_promise_t *ps[] = {
    avow_attach(avow_repeat(loop, send_fn, line), line, sender_end),
    avow_attach(avow_repeat(loop, next_fn, line), line, receiver_end),
  };
  return avow_all(loop, ps, 2);
}

static avow_promise_t *move_without_capacity(void) {
  return move_items(0);
}

static avow_promise_t *through_a_ring(void) {
  return move_items(3);
}

static avow_promise_t *through_a_ring_that_grows(void) {
  return move_items(1000);
}

static void channels_survive(void **state) {
  survive(move_without_capacity);
  survive(through_a_ring);
  survive(through_a_ring_that_grows);
}

/* Sends and receives that wait, are canceled, or leave items buffered. */
static avow_promise_t *leave_items_buffered(void) {
  avow_channel_t *full = avow_channel_new(loop, 1);
  avow_channel_t *empty = avow_channel_ref(full);
  avow_promise_t *ps[] = {
    avow_channel_send(full, duty_object()),
    avow_channel_send(full, duty_object()),
    avow_channel_send(full, duty_object()),
    avow_channel_send(full, avow_none()),
    avow_channel_next(full),
  };
  avow_cancel(ps[1]);
  avow_channel_unref(full);
  avow_channel_unref(empty);
  empty = avow_channel_new(loop, 0);
  avow_promise_t *qs[] = {
    avow_all_settled(loop, ps, 5),
    avow_channel_next(empty),
    avow_channel_next(empty),
  };
  avow_cancel(qs[1]);
  avow_channel_end(empty);
  avow_channel_unref(empty);
  return avow_all_settled(loop, qs, 3);
}

static void buffered_items_survive(void **state) {
  survive(leave_items_buffered);
}

static avow_value_t value_of(const avow_value_t *v, void *data) {
  return avow_value_ref(avow_to_outcome(v)->value);
}

/* Two selects that wait for each other, and a canceled one. */
static avow_promise_t *chosen(void) {
  avow_channel_t *c = avow_channel_new(loop, 0);
  avow_promise_t *never = avow_sleep(loop, 1 << 20);
  const avow_case_t takes[] = { avow_case_settled(never), avow_case_next(c) };
  const avow_case_t sends[] = { avow_case_send(c, duty_object()), { 0 } };
  avow_promise_t *ps[] = {
    avow_then(avow_select(takes, 2), value_of, NULL, NULL),
    avow_then(avow_select(sends, 2), value_of, NULL, NULL),
    avow_select(takes, 2),
    avow_catch(avow_sleep(loop, 1), NULL, NULL),
  };
  avow_cancel(ps[2]);
  avow_cancel(never);
  avow_unref(never);
  avow_channel_end(c);
  avow_channel_unref(c);
  return avow_all_settled(loop, ps, 4);
}

static avow_value_t next_outcome(void *data) {
  return avow_follow(avow_then(avow_channel_next(data), item_cb, NULL, NULL));
}

static void unref_channel(void *data) {
  avow_channel_unref(data);
}

/* Receives until the end or a failure. */
static avow_promise_t *all_of(avow_channel_t *c) {
  return avow_attach(avow_repeat(loop, next_outcome, c), c, unref_channel);
}

static avow_promise_t *outcomes(void) {
  avow_promise_t *ps[] = { avow_promise_resolve(loop, duty_object()),
                           avow_sleep(loop, 1), avow_sleep(loop, 0) };
  avow_gather_t *g;
  avow_channel_t *grows = avow_outcomes_new(loop, &g);
  for (int i = 0; i < 10; i++)
    avow_gather_add(g, avow_promise_resolve(loop, duty_object()));
  avow_gather_unref(g);
  avow_promise_t *both[] = { all_of(avow_outcomes(loop, ps, 3)),
                             all_of(grows) };
  return avow_all_settled(loop, both, 2);
}

static void outcomes_survive(void **state) {
  survive_some(outcomes, 5);
}

static void selects_survive(void **state) {
  survive(chosen);
}

static avow_value_t ignore_cb(const avow_value_t *error, void *data) {
  return avow_none();
}

/* Channels that libuv feeds: each item arrives at once or never. */
static avow_promise_t *fed(void) {
  avow_promise_t *ps[] = {
    avow_next_iteration(loop),
    avow_before_poll(loop),
    avow_after_poll(loop),
    avow_channel_first(avow_polls(loop, STDOUT_FILENO + 1000, UV_READABLE)),
    avow_channel_first(avow_polls(loop, ends[0], UV_WRITABLE)),
    avow_channel_first(avow_signals(loop, SIGKILL)),
    avow_channel_first(avow_signals(loop, SIGUSR1)),
    avow_channel_first(avow_fs_polls(loop, "/", 1)),
  };
  avow_cancel(ps[2]);
  for (int i = 6; i < 8; i++)
    ps[i] = avow_catch(avow_timeout(ps[i], 0), ignore_cb, NULL);
  return avow_all_settled(loop, ps, sizeof(ps) / sizeof(*ps));
}

static avow_value_t unref_fn(void *data) {
  avow_channel_unref(data);
  return avow_none();
}

/* Receives the first item, then releases the channel. */
static avow_promise_t *first_of(avow_channel_t *c) {
  avow_promise_t *p = avow_timeout(avow_channel_next(c), 0);
  return avow_finally(avow_catch(p, ignore_cb, NULL), unref_fn, c);
}

static avow_promise_t *fed_again(void) {
  avow_promise_t *ps[] = {
    first_of(avow_ticks(loop, 1)),
    first_of(avow_ticks(loop, 0)),
    first_of(avow_signals(loop, SIGUSR1)),
    first_of(avow_polls(loop, ends[0], UV_WRITABLE)),
    first_of(avow_fs_polls(loop, "/", 1)),
  };
  return avow_all_settled(loop, ps, sizeof(ps) / sizeof(*ps));
}

/* A separate program, because Linux takes milliseconds to end an inotify
   instance. */
static avow_promise_t *changed(void) {
  avow_promise_t *p =
      avow_timeout(avow_channel_first(avow_fs_events(loop, "/", 0)), 0);
  return avow_catch(p, ignore_cb, NULL);
}

static avow_promise_t *changed_again(void) {
  return first_of(avow_fs_events(loop, "/", 0));
}

static void sources_survive(void **state) {
  survive_some(fed, 5);
  survive_some(fed_again, 5);
  survive_some(changed, 5);
  survive_some(changed_again, 5);
}

/* One end belongs to the program. The other simulates another thread's end. */
static void references_end(void *sender) {
  avow_sender_t *other = avow_sender_ref(sender);
  avow_sender_unref(sender);
  avow_sender_unref(other);
}

static avow_value_t send_by_sender(const avow_value_t *none, void *sender) {
  for (int i = 0; i < 3; i++)
    (void) avow_sender_replace(sender, avow_string("a new one")); /* or fails */
  return avow_none();
}

static avow_promise_t *by_sender(void) {
  line_t *line = line_new(1);
  avow_sender_t *sender = avow_sender_new(line->channel, 2);
  avow_promise_t *ps[] = {
    avow_attach(avow_repeat(loop, next_fn, line), line, receiver_end),
    avow_attach(avow_then(avow_next_iteration(loop), send_by_sender, NULL,
                          sender),
                sender, references_end),
  };
  line->sides = 1;
  return avow_all(loop, ps, 2);
}

static void use_it(void *duty) {
  use(duty);
}

/* The data is freed whether it was posted or not. */
static avow_promise_t *by_mailbox(void) {
  avow_mailbox_t *mailbox = avow_mailbox_new(loop);
  avow_mailbox_t *other = avow_mailbox_ref(mailbox);
  for (int i = 0; i < 3; i++)
    (void) avow_post(other, use_it, duty_new(), duty_end); /* or fails */
  avow_mailbox_unref(mailbox);
  avow_mailbox_unref(other);
  return avow_next_iteration(loop);
}

static void senders_and_mailboxes_survive(void **state) {
  survive(by_sender);
  survive(by_mailbox);
}

static int start(void **state) {
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
    return -1;
  return start_pool_alone(state);
}

static int finish(void **state) {
  return close(ends[0]) != 0 || close(ends[1]) != 0 ? -1 : 0;
}

SUITE(oom_channel) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(channels_survive),
    cmocka_unit_test(buffered_items_survive),
    cmocka_unit_test(selects_survive),
    cmocka_unit_test(outcomes_survive),
    cmocka_unit_test(sources_survive),
    cmocka_unit_test(senders_and_mailboxes_survive),
  };
  harness_init();
  return cmocka_run_group_tests(tests, start, finish);
}

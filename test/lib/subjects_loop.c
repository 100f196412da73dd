/* SPDX-License-Identifier: MIT */
/* Cancelable operations: time, events, threads and channels. */
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "subjects.h"

static avow_channel_t *channel;

static void end_channel(void) {
  avow_channel_unref(channel);
  channel = NULL;
}

static avow_promise_t *next_of(avow_channel_t *made) {
  channel = made;
  return avow_channel_next(channel);
}

/* Time. */

static avow_promise_t *sleep_a_little(void) {
  return avow_sleep(loop, 1);
}

/* A timeout becomes due after iterations of the loop, not in real time. */
static void take_a_clock_that_moves(void) {
  use_clock(AVOW_CLOCK_BY_ITSELF);
}

/* Promise that keeps the loop alive. */
static avow_promise_t *keeper;

static void keep_alive(void) {
  take_a_clock_that_moves();
  keeper = avow_sleep(loop, 1 << 20);
}

static void end_keeper(void) {
  avow_cancel(keeper);
  avow_unref(keeper);
}

static avow_promise_t *doze_a_little(void) {
  return avow_sleep_weak(loop, 1);
}

static avow_promise_t *tick(void) {
  return next_of(avow_ticks(loop, 50));
}

static avow_promise_t *next_turn(void) {
  return avow_next_iteration(loop);
}

static avow_promise_t *before_poll(void) {
  return avow_before_poll(loop);
}

static avow_promise_t *after_poll(void) {
  return avow_after_poll(loop);
}

/* Signals: a signal with no effect if it has no listener. */

static avow_promise_t *signal_once(void) {
  return avow_channel_first(avow_signals(loop, SIGURG));
}

static avow_promise_t *next_signal(void) {
  return next_of(avow_signals(loop, SIGURG));
}

static void send_signal(void) {
  assert_int_equal(kill(getpid(), SIGURG), 0);
}

/* Sockets. */

static int ends[2];

static void open_pair(void) {
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
}

static void close_pair(void) {
  end_channel();
  run(); /* until no handle watches the socket */
  (void) close(ends[0]);
  (void) close(ends[1]);
}

static avow_promise_t *poll_once(void) {
  return avow_channel_first(avow_polls(loop, ends[0], UV_READABLE));
}

static avow_promise_t *next_poll(void) {
  return next_of(avow_polls(loop, ends[0], UV_READABLE));
}

static void make_readable(void) {
  assert_int_equal(write(ends[1], "x", 1), 1);
}

/* Files that change or do not exist. */

static avow_promise_t *fs_event_once(void) {
  return avow_channel_first(avow_fs_events(loop, at(""), 0));
}

static avow_promise_t *next_fs_event(void) {
  return next_of(avow_fs_events(loop, at(""), 0));
}

static void change_folder(void) {
  make_file("new", "");
}

static avow_value_t ignore_cb(const avow_value_t *error, void *data) {
  return error->code == UV_ENOENT ? avow_none() : avow_value_ref(error);
}

static avow_promise_t *fs_poll_once(void) {
  return avow_catch(avow_channel_first(avow_fs_polls(loop, at("missing"), 1)),
                    ignore_cb, NULL);
}

static avow_promise_t *next_fs_poll(void) {
  return avow_catch(next_of(avow_fs_polls(loop, at("missing"), 1)), ignore_cb,
                    NULL);
}

/* Threads. */

static avow_value_t answer(void *data) {
  return avow_string("a value with memory of its own");
}

static int data_held;

static void free_data(void *data) {
  data_held--;
}

static avow_promise_t *work(void) {
  data_held++;
  return avow_work(loop, answer, &data_held, free_data);
}

static avow_promise_t *detached_work(void) {
  data_held++;
  return avow_work_detached(loop, answer, &data_held, free_data);
}

static void end_work(void) {
  run();
  assert_int_equal(data_held, 0);
}

static avow_promise_t *random_bytes(void) {
  return avow_random(loop, 100);
}

static avow_promise_t *getaddrinfo_of_name(void) {
  return avow_getaddrinfo(loop, "localhost", "80", NULL);
}

static avow_promise_t *getnameinfo_of_service(void) {
  struct sockaddr_in address;
  (void) uv_ip4_addr("127.0.0.1", 80, &address); /* the address is valid */
  return avow_getnameinfo(loop, (const struct sockaddr *) &address,
                          NI_NUMERICHOST);
}

static avow_remote_t *remote;

static avow_promise_t *from_afar(void) {
  return avow_remote_new(loop, &remote);
}

static void resolve_from_afar(void) {
  (void) avow_remote_resolve(remote, answer(NULL)); /* may fail */
}

static avow_loops_t *loops;

static void start_loops(void) {
  loops = avow_loops_new(1);
}

static void close_loops(void) {
  assert_fulfills_none(avow_loops_close(loops, loop));
}

static avow_value_t answer_later(uv_loop_t *own, void *data) {
  avow_promise_t *p = avow_sleep(own, 1);
  return avow_follow(p);
}

static avow_promise_t *loops_run(void) {
  return avow_loops_run(loops, 0, loop, answer_later, NULL);
}

static avow_promise_t *loops_close(void) {
  return avow_loops_close(loops, loop);
}

static avow_value_t server; /* the server's value while it listens */

static void bind_server(void) {
  start_loops();
  server = made(avow_bind(loop, "127.0.0.1", "0"));
}

static avow_value_t pass(const avow_value_t *arg, void *data) {
  return avow_none();
}

static avow_promise_t *loops_listen(void) {
  return avow_loops_listen(loops, avow_value_ref(&server), pass, NULL, NULL);
}

static void close_server(void) {
  uv_handle_t *handle =
      (uv_handle_t *) avow_stream_handle(avow_to_stream(&server));
  if (!uv_is_closing(handle))
    avow_unref(avow_close_handle(handle));
}

static void end_server(void) {
  discard(&server);
  close_loops();
}

/* Channels created by the program. */

static avow_value_t forgive(const avow_value_t *error, void *data) {
  return error->code == UV_EPIPE ? avow_none() : avow_value_ref(error);
}

/* Closing avow closes the channel too. */
static void send_to(const avow_channel_t *c) {
  avow_promise_t *p = avow_channel_send(c, answer(NULL));
  avow_unref(avow_catch(p, forgive, NULL));
}

static void open_channel(void) {
  channel = avow_channel_new(loop, 0);
}

static avow_promise_t *channel_next(void) {
  return avow_channel_next(channel);
}

static void send_one(void) {
  send_to(channel);
}

static avow_promise_t *channel_send(void) {
  return avow_channel_send(channel, answer(NULL));
}

static void take_one(void) {
  avow_unref(avow_channel_next(channel));
}

static avow_promise_t *select_next(void) {
  const avow_case_t cases[] = { avow_case_next(channel),
                                { 0 },
                                avow_case_next(channel) };
  return avow_select(cases, 3);
}

static avow_promise_t *select_send(void) {
  const avow_case_t cases[] = { avow_case_send(channel, answer(NULL)) };
  return avow_select(cases, 1);
}

static avow_promise_t *select_settled(void) {
  avow_promise_t *p = avow_channel_next(channel);
  const avow_case_t cases[] = { avow_case_settled(p) };
  avow_promise_t *selects = avow_select(cases, 1);
  avow_unref(p);
  return selects;
}

static avow_channel_t *source;

static avow_promise_t *debounced(void) {
  source = avow_channel_new(loop, 1);
  return next_of(
      avow_channel_debounce(avow_channel_ref(source), 1, AVOW_EDGE_TRAILING));
}

static avow_value_t pass_on(const avow_value_t *item, void *data) {
  return avow_value_ref(item);
}

static avow_value_t say_yes(const avow_value_t *item, void *data) {
  return avow_int(1);
}

static avow_promise_t *channel_map(void) {
  source = avow_channel_new(loop, 1);
  return next_of(
      avow_channel_map(avow_channel_ref(source), pass_on, NULL, NULL));
}

static avow_promise_t *channel_map_ahead(void) {
  const avow_map_options_t options = { .concurrency = 2 };
  source = avow_channel_new(loop, 1);
  return next_of(
      avow_channel_map(avow_channel_ref(source), pass_on, NULL, &options));
}

static avow_promise_t *channel_filter(void) {
  source = avow_channel_new(loop, 1);
  return next_of(
      avow_channel_filter(avow_channel_ref(source), say_yes, NULL, NULL));
}

static avow_promise_t *channel_take(void) {
  source = avow_channel_new(loop, 1);
  return next_of(avow_channel_take(avow_channel_ref(source), 1));
}

static avow_promise_t *channel_batch(void) {
  source = avow_channel_new(loop, 1);
  return next_of(avow_channel_batch(avow_channel_ref(source), 1, 0));
}

static avow_promise_t *channel_merge(void) {
  source = avow_channel_new(loop, 1);
  avow_channel_t *both[] = { avow_channel_ref(source),
                             avow_channel_new(loop, 0) };
  return next_of(avow_channel_merge(loop, both, 2));
}

static avow_promise_t *throttled(void) {
  source = avow_channel_new(loop, 1);
  return next_of(
      avow_channel_throttle(avow_channel_ref(source), 1, AVOW_EDGE_LEADING));
}

static void send_to_source(void) {
  send_to(source);
}

static avow_sender_t *sender;

static void open_sender(void) {
  open_channel();
  sender = avow_sender_new(channel, 1);
}

static void send_by_sender(void) {
  (void) avow_sender_blocking_send(sender, answer(NULL)); /* may fail */
}

static void end_sender(void) {
  avow_sender_clear(&sender);
  end_channel();
}

static void end_channels(void) {
  end_channel();
  avow_channel_unref(source);
  source = NULL;
}

/* Time. */

static void take_a_clock_of_its_own(void) {
  use_clock(AVOW_CLOCK_BY_HAND);
}

static avow_promise_t *advance_by_an_hour(void) {
  return avow_clock_advance(loop, 3600000);
}

static const subject_t subjects[] = {
  { "avow_sleep_weak", BY_ITSELF, AT_ONCE, .start = doze_a_little,
    .set = keep_alive, .strike = end_keeper },
  { "avow_sleep", BY_ITSELF, AT_ONCE, .start = sleep_a_little },
  { "avow_clock_advance", BY_ITSELF, AT_ONCE, advance_by_an_hour,
    .set = take_a_clock_of_its_own },
  { "avow_ticks", BY_ITSELF, AT_ONCE, tick, .set = take_a_clock_that_moves,
    .strike = end_channel },
  { "avow_next_iteration", BY_ITSELF, AT_ONCE, .start = next_turn },
  { "avow_before_poll", BY_ITSELF, AT_ONCE, .start = before_poll },
  { "avow_after_poll", BY_ITSELF, AT_ONCE, .start = after_poll },
  { "avow_channel_first", WHEN_TOLD, AT_ONCE, signal_once,
    .complete = send_signal },
  { "avow_signals", WHEN_TOLD, AT_ONCE, next_signal, send_signal,
    .strike = end_channel },
  { "avow_channel_first of avow_polls", WHEN_TOLD, AT_ONCE, poll_once,
    make_readable, .set = open_pair, .strike = close_pair },
  { "avow_polls", WHEN_TOLD, AT_ONCE, next_poll, make_readable,
    .set = open_pair, .strike = close_pair },
  { "avow_channel_first of avow_fs_events", WHEN_TOLD, AT_ONCE, fs_event_once,
    .complete = change_folder },
  { "avow_fs_events", WHEN_TOLD, AT_ONCE, next_fs_event, change_folder,
    .strike = end_channel },
  { "avow_channel_first of avow_fs_polls", ON_FILE, AT_ONCE,
    .start = fs_poll_once },
  { "avow_fs_polls", ON_FILE, AT_ONCE, next_fs_poll, .strike = end_channel },
  { "avow_work", IN_POOL, UNWINDS, work, .strike = end_work },
  { "avow_work_detached", IN_POOL, AT_ONCE, detached_work, .strike = end_work },
  { "avow_random", IN_POOL, AT_ONCE, .start = random_bytes },
  { "avow_getaddrinfo", IN_POOL, AT_ONCE, .start = getaddrinfo_of_name },
  { "avow_getnameinfo", IN_POOL, AT_ONCE, .start = getnameinfo_of_service },
  { "avow_remote_new", WHEN_TOLD, AT_ONCE, from_afar,
    .complete = resolve_from_afar },
  { "avow_loops_run", BY_ITSELF, UNWINDS, loops_run, .set = start_loops,
    .strike = close_loops },
  { "avow_loops_listen", WHEN_TOLD, UNWINDS, loops_listen, close_server,
    .set = bind_server, .strike = end_server },
  { "avow_loops_close", BY_ITSELF, UNWINDS, loops_close, .set = start_loops },
  { "avow_channel_next", WHEN_TOLD, AT_ONCE, channel_next, send_one,
    .set = open_channel, .strike = end_channel },
  { "avow_channel_next of a sender's", WHEN_TOLD, AT_ONCE, channel_next,
    send_by_sender, .set = open_sender, .strike = end_sender },
  { "avow_channel_send", WHEN_TOLD, AT_ONCE, channel_send, take_one,
    .set = open_channel, .strike = end_channel },
  { "avow_select", WHEN_TOLD, AT_ONCE, select_next, send_one,
    .set = open_channel, .strike = end_channel },
  { "avow_select to send", WHEN_TOLD, AT_ONCE, select_send, take_one,
    .set = open_channel, .strike = end_channel },
  { "avow_select of a promise", WHEN_TOLD, AT_ONCE, select_settled, send_one,
    .set = open_channel, .strike = end_channel },
  { "avow_channel_map", WHEN_TOLD, AT_ONCE, channel_map, send_to_source,
    .strike = end_channels },
  { "avow_channel_map ahead", WHEN_TOLD, AT_ONCE, channel_map_ahead,
    send_to_source, .strike = end_channels },
  { "avow_channel_filter", WHEN_TOLD, AT_ONCE, channel_filter, send_to_source,
    .strike = end_channels },
  { "avow_channel_take", WHEN_TOLD, AT_ONCE, channel_take, send_to_source,
    .strike = end_channels },
  { "avow_channel_batch", WHEN_TOLD, AT_ONCE, channel_batch, send_to_source,
    .strike = end_channels },
  { "avow_channel_merge", WHEN_TOLD, AT_ONCE, channel_merge, send_to_source,
    .strike = end_channels },
  { "avow_channel_throttle", WHEN_TOLD, AT_ONCE, throttled, send_to_source,
    .strike = end_channels },
  { "avow_channel_debounce", WHEN_TOLD, AT_ONCE, debounced, send_to_source,
    .strike = end_channels },
};

const subjects_t loop_subjects = SUBJECTS(subjects);

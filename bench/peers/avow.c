/* SPDX-License-Identifier: MIT */
/*
 * avow CASE N ROUNDS: runs one of the cases below with N operations at a time,
 * ROUNDS times. Without arguments, it prints the version of avow. The other
 * files here do the same in other languages and libraries.
 */
#include <avow/all.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uv_loop_t loop;
static size_t n;
static avow_promise_t **ps; /* capacity for n */
static avow_deferred_t **ds;

static avow_value_t pass(const avow_value_t *v, void *data) {
  return avow_int(avow_to_int(v) + 1);
}

/* Promises with a handler each, all of which are then settled. */
static void settle(void) {
  for (size_t i = 0; i < n; i++)
    ps[i] = avow_then(avow_promise_new(&loop, &ds[i]), pass, NULL, NULL);
  for (size_t i = 0; i < n; i++) {
    (void) avow_resolve(ds[i], avow_int(1)); /* returns true */
    if (i + 1 < n)
      avow_unref(ps[i]);
  }
  avow_ignore(avow_run(ps[n - 1])); /* an INT */
}

static void chain(void) {
  avow_promise_t *p = avow_promise_new(&loop, ds);
  for (size_t i = 0; i < n; i++)
    p = avow_then(p, pass, NULL, NULL);
  (void) avow_resolve(ds[0], avow_int(0)); /* returns true */
  avow_ignore(avow_run(p));
}

/* Handlers that return promises. */
static avow_value_t follow_one(const avow_value_t *v, void *data) {
  return avow_follow(avow_promise_resolve(&loop, avow_int(1)));
}

static void follow(void) {
  avow_promise_t *p = avow_promise_resolve(&loop, avow_int(1));
  for (size_t i = 0; i < n; i++)
    p = avow_then(p, follow_one, NULL, NULL);
  avow_ignore(avow_run(p));
}

typedef avow_promise_t *(*combinator_t)(uv_loop_t *loop,
                                        avow_promise_t *const ps[], size_t n);

/* Combines pending promises, which are then settled. */
static void combine(combinator_t combinator) {
  for (size_t i = 0; i < n; i++)
    ps[i] = avow_promise_new(&loop, &ds[i]);
  avow_promise_t *p = combinator(&loop, ps, n);
  for (size_t i = 0; i < n; i++)
    (void) avow_resolve(ds[i], avow_int(1));
  avow_value_unref(avow_run(p));
}

static void all(void) {
  combine(avow_all);
}

static void all_settled(void) {
  combine(avow_all_settled);
}

static void race(void) {
  combine(avow_race);
}

/* Awaits settled promises. */
static avow_value_t await_all(void *data) {
  int64_t sum = 0;
  for (size_t i = 0; i < n; i++) {
    const avow_value_t v = avow_await(avow_promise_resolve(&loop, avow_int(1)));
    sum += avow_to_int(&v);
  }
  return avow_int(sum);
}

static void await(void) {
  avow_ignore(avow_run(avow_async(&loop, await_all, NULL)));
}

static avow_value_t nothing(void *data) {
  return avow_none();
}

/* Functions that return at once. */
static void start(void) {
  for (size_t i = 0; i < n; i++)
    ps[i] = avow_async(&loop, nothing, NULL);
  avow_value_unref(avow_run(avow_all(&loop, ps, n)));
}

/* Two functions and a channel of capacity 0. */
static avow_value_t send_all(void *channel) {
  for (size_t i = 0; i < n; i++)
    avow_value_unref(avow_await(avow_channel_send(channel, avow_int(1))));
  return avow_none();
}

static avow_value_t take_all(void *channel) {
  for (size_t i = 0; i < n; i++)
    avow_ignore(avow_await(avow_channel_next(channel)));
  return avow_none();
}

static void channel(void) {
  avow_channel_t *c = avow_channel_new(&loop, 0);
  avow_promise_t *both[] = { avow_async(&loop, send_all, c),
                             avow_async(&loop, take_all, c) };
  avow_value_unref(avow_run(avow_all(&loop, both, 2)));
  avow_channel_unref(c);
}

/* Items through a sender. This thread both sends and receives. */
static avow_channel_t *sent;

static void send_by_sender(void) {
  sent = avow_channel_new(&loop, 0);
  avow_sender_t *sender = avow_sender_new(sent, n);
  for (size_t i = 0; i < n; i++)
    /* 0: the buffer has capacity */
    (void) avow_sender_blocking_send(sender, avow_int(1));
  avow_sender_unref(sender);
}

static avow_value_t take_another(const avow_value_t *item, void *data) {
  if (avow_is_none(item))
    avow_channel_unref(sent);
  else
    avow_unref(avow_then(avow_channel_next(sent), take_another, NULL, NULL));
  return avow_none();
}

static void sender(void) {
  send_by_sender();
  avow_unref(avow_then(avow_channel_next(sent), take_another, NULL, NULL));
  (void) uv_run(&loop, UV_RUN_DEFAULT); /* 0: nothing is left */
}

/* Receives all buffered items with each item. */
static avow_value_t take_the_others(const avow_value_t *item, void *data) {
  avow_value_t other;
  while (avow_channel_try_next(sent, &other) == 0 && !avow_is_none(&other)) {
  }
  return take_another(item, data);
}

static void sender_row(void) {
  send_by_sender();
  avow_unref(avow_then(avow_channel_next(sent), take_the_others, NULL, NULL));
  (void) uv_run(&loop, UV_RUN_DEFAULT); /* 0: nothing is left */
}

static void sleep_ms(void) {
  for (size_t i = 0; i < n; i++)
    ps[i] = avow_sleep(&loop, 1);
  avow_value_unref(avow_run(avow_all(&loop, ps, n)));
}

/* Reads one file n times at once. */
static avow_value_t read_file(void *path) {
  const avow_value_t v = avow_await(avow_read_file(&loop, path, 65536));
  const bool failed = avow_is_error(&v);
  avow_value_unref(v);
  return failed ? avow_error(UV_EIO) : avow_none();
}

static void file(void) {
  char *path = getenv("PEER_FILE");
  for (size_t i = 0; i < n; i++)
    ps[i] = avow_async(&loop, read_file, path);
  avow_value_unref(avow_run(avow_all(&loop, ps, n)));
}

/* Reads the file with four requests. io_uring handles them if libuv, the loop
   and the environment (UV_USE_IO_URING=1) allow it. */
static avow_value_t make_requests(void *path) {
  int64_t fd;
  AVOW_TRY(avow_await_int(avow_fs_open(&loop, path, O_RDONLY, 0), &fd));
  AVOW_TRY(avow_await_done(avow_fs_fstat(&loop, (uv_file) fd)));
  AVOW_TRY(avow_await_done(avow_fs_read(&loop, (uv_file) fd, 65536, 0)));
  return avow_await(avow_fs_close(&loop, (uv_file) fd));
}

static void requests(void) {
  char *path = getenv("PEER_FILE");
  for (size_t i = 0; i < n; i++)
    ps[i] = avow_async(&loop, make_requests, path);
  avow_value_unref(avow_run(avow_all(&loop, ps, n)));
}

/* Another thread settles the promises. */
static void settle_all(void *remotes) {
  for (size_t i = 0; i < n; i++)
    (void) avow_remote_resolve(((avow_remote_t **) remotes)[i], avow_int(1));
}

static void thread(void) {
  avow_remote_t **remotes = calloc(n, sizeof(avow_remote_t *));
  uv_thread_t other;
  if (remotes == NULL)
    exit(1);
  for (size_t i = 0; i < n; i++)
    ps[i] = avow_remote_new(&loop, &remotes[i]);
  if (uv_thread_create(&other, settle_all, remotes) != 0)
    exit(1);
  avow_value_unref(avow_run(avow_all(&loop, ps, n)));
  (void) uv_thread_join(&other);
  free(remotes);
}

/* Pending promises, to measure their memory. */
static void pending(void) {
  for (size_t i = 0; i < n; i++)
    ps[i] = avow_then(avow_promise_new(&loop, &ds[i]), pass, NULL, NULL);
  _exit(0);
}

static const struct {
  const char *name;
  void (*run)(void);
} cases[] = {
  { "settle", settle },
  { "chain", chain },
  { "follow", follow },
  { "await", await },
  { "start", start },
  { "all", all },
  { "race", race },
  { "channel", channel },
  { "sender", sender },
  { "sender_row", sender_row },
  { "sleep", sleep_ms },
  { "file", file },
  { "thread", thread },
  { "pending", pending },
  { "all_settled", all_settled },
  { "requests", requests },
};

static bool begin(void) {
  if (uv_loop_init(&loop) != 0)
    return false;
#if UV_VERSION_HEX >= 0x013100
  if (uv_loop_configure(&loop, UV_LOOP_USE_IO_URING_SQPOLL) != 0)
    return false;
#endif
  return avow_loop_init(&loop, NULL) == 0;
}

int main(int argc, char *argv[]) {
  if (argc == 1)
    return puts(avow_version_string()) < 0;
  if (argc != 4 || !begin())
    return 2;
  n = strtoul(argv[2], NULL, 10);
  ps = calloc(n, sizeof(avow_promise_t *));
  ds = calloc(n, sizeof(avow_deferred_t *));
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
    for (size_t left = strtoul(argv[3], NULL, 10);
         strcmp(cases[i].name, argv[1]) == 0 && left > 0; left--)
      cases[i].run();
  free(ps);
  free(ds);
  return 0;
}

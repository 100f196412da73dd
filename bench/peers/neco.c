/* SPDX-License-Identifier: MIT */
/*
 * neco CASE N ROUNDS: see avow.c. A waiting coroutine takes the place of a
 * promise with a handler, and its channel takes the place of the promise.
 */
#include <neco.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t n;
static neco_chan **channels; /* capacity for n */
static neco_waitgroup done;

static void check(int err) {
  if (err != NECO_OK)
    _exit(1);
}

/* The functions of the coroutines. */

static void nothing(int argc, void *argv[]) {
  check(neco_waitgroup_done(&done));
}

static void take_one(int argc, void *argv[]) {
  int v;
  check(neco_chan_recv(argv[0], &v));
  check(neco_waitgroup_done(&done));
}

static void hop(int argc, void *argv[]) {
  int v;
  check(neco_chan_recv(argv[0], &v));
  v++;
  check(neco_chan_send(argv[1], &v));
}

static void send_all(int argc, void *argv[]) {
  for (size_t i = 0; i < n; i++)
    check(neco_chan_send(argv[0], &(int){ 1 }));
}

static void nap(int argc, void *argv[]) {
  check(neco_sleep(NECO_MILLISECOND));
  check(neco_waitgroup_done(&done));
}

/* The cases. */

static void make_channels(size_t room) {
  for (size_t i = 0; i < n; i++)
    check(neco_chan_make(&channels[i], sizeof(int), room));
}

static void release_channels(void) {
  for (size_t i = 0; i < n; i++)
    check(neco_chan_release(channels[i]));
}

static void settle(void) {
  make_channels(1);
  check(neco_waitgroup_add(&done, (int) n));
  for (size_t i = 0; i < n; i++)
    check(neco_start(take_one, 1, channels[i]));
  for (size_t i = 0; i < n; i++)
    check(neco_chan_send(channels[i], &(int){ 1 }));
  check(neco_waitgroup_wait(&done));
  release_channels();
}

static void chain(void) {
  int v = 0;
  make_channels(1);
  for (size_t i = 1; i < n; i++)
    check(neco_start(hop, 2, channels[i - 1], channels[i]));
  check(neco_chan_send(channels[0], &v));
  check(neco_chan_recv(channels[n - 1], &v));
  release_channels();
}

static void await(void) {
  for (size_t i = 0; i < n; i++) {
    int v = 1;
    neco_chan *c;
    check(neco_chan_make(&c, sizeof(int), 1));
    check(neco_chan_send(c, &v));
    check(neco_chan_recv(c, &v));
    check(neco_chan_release(c));
  }
}

static void start(void) {
  check(neco_waitgroup_add(&done, (int) n));
  for (size_t i = 0; i < n; i++)
    check(neco_start(nothing, 0));
  check(neco_waitgroup_wait(&done));
}

static void channel(void) {
  neco_chan *c;
  check(neco_chan_make(&c, sizeof(int), 0));
  check(neco_start(send_all, 1, c));
  for (size_t i = 0; i < n; i++) {
    int v;
    check(neco_chan_recv(c, &v));
  }
  check(neco_chan_release(c));
}

static void sleep_ms(void) {
  check(neco_waitgroup_add(&done, (int) n));
  for (size_t i = 0; i < n; i++)
    check(neco_start(nap, 0));
  check(neco_waitgroup_wait(&done));
}

/* Waiting coroutines, to measure their memory. */
static void pending(void) {
  make_channels(1);
  for (size_t i = 0; i < n; i++)
    check(neco_start(take_one, 1, channels[i]));
  _exit(0);
}

static const struct {
  const char *name;
  void (*run)(void);
} cases[] = {
  { "settle", settle },   { "chain", chain },     { "await", await },
  { "start", start },     { "channel", channel }, { "sleep", sleep_ms },
  { "pending", pending },
};

int neco_main(int argc, char *argv[]) {
  if (argc != 4)
    return 2;
  n = strtoul(argv[2], NULL, 10);
  channels = calloc(n, sizeof(neco_chan *));
  check(neco_waitgroup_init(&done));
  for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
    if (strcmp(cases[i].name, argv[1]) != 0)
      continue;
    for (size_t left = strtoul(argv[3], NULL, 10); left > 0; left--)
      cases[i].run();
    return 0;
  }
  return 3;
}

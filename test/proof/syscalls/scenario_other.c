/* SPDX-License-Identifier: MIT */
/* Programs that make no calls on files or sockets of their own. */
#include "avow/net.h"
#include "scenario.h"

enum { THREADS = 4 };

static int expected;
static int done;

void scenario_expect(int code) {
  expected = code;
}

int scenario_expected(void) {
  return expected;
}

/* Settles as the end with the expected failure, or else as the first one. */
avow_value_t scenario_outcome(const avow_value_t *settled, void *data) {
  const avow_value_t *first = NULL;
  for (size_t i = 0; i < avow_list_len(settled); i++) {
    const avow_outcome_t end = avow_outcome_at(settled, i);
    if (end.status != AVOW_REJECTED)
      continue;
    if (end.reason->code == expected)
      return avow_value_ref(end.reason);
    if (first == NULL || first->code == UV_ECANCELED)
      first = end.reason;
  }
  return first != NULL ? avow_value_ref(first) : avow_none();
}

static avow_value_t count_cb(const avow_value_t *arg, void *data) {
  done++;
  return avow_none();
}

static bool is_done(void) {
  return done == 1;
}

static avow_promise_t *start_nothing(void) {
  done = 0;
  return avow_then(avow_promise_resolve(loop, avow_none()), count_cb, NULL,
                   NULL);
}

const scenario_t doing_nothing = { .name = "doing nothing",
                                   .start = start_nothing,
                                   .is_intact = is_done };

static avow_value_t check_address(const avow_value_t *list, void *data) {
  const struct addrinfo *info = avow_to_addrinfo(list);
  struct sockaddr_in address;
  memcpy(&address, info->ai_addr, sizeof(address));
  done = info->ai_family == AF_INET && ntohs(address.sin_port) == 80 &&
         ntohl(address.sin_addr.s_addr) == INADDR_LOOPBACK;
  return avow_none();
}

static avow_promise_t *start_looking_up(void) {
  const struct addrinfo hints = { .ai_family = AF_INET,
                                  .ai_socktype = SOCK_STREAM,
                                  .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
  done = 0;
  return avow_then(avow_getaddrinfo(loop, "127.0.0.1", "80", &hints),
                   check_address, NULL, NULL);
}

const scenario_t looking_up = { .name = "looking up a name",
                                .start = start_looking_up,
                                .is_intact = is_done,
                                .calls = BIT(CALL_LOOKUP) };

static avow_value_t forgive_timeout(const avow_value_t *reason, void *data) {
  const bool timed_out = avow_error_code(reason) == UV_ETIMEDOUT;
  return timed_out ? avow_none() : avow_value_ref(reason);
}

/* Some sleeps that end, and one that is canceled. */
static avow_promise_t *start_sleeping(void) {
  avow_promise_t *ps[] = { avow_sleep(loop, 0), avow_sleep(loop, 2),
                           avow_timeout(avow_sleep(loop, 1), 60000),
                           avow_timeout(avow_sleep(loop, 60000), 1) };
  done = 0;
  ps[3] = avow_catch(ps[3], forgive_timeout, NULL);
  return avow_then(avow_all(loop, ps, 4), count_cb, NULL, NULL);
}

const scenario_t sleeping = { .name = "sleeping",
                              .start = start_sleeping,
                              .is_intact = is_done };

static uv_thread_t threads[THREADS];

static void settle(void *remote) {
  (void) avow_remote_resolve(remote, avow_string("done")); /* fails if freed */
}

static avow_value_t join_all(void *data) {
  for (int i = 0; i < THREADS; i++)
    (void) uv_thread_join(&threads[i]); /* the thread runs */
  return avow_none();
}

static avow_promise_t *start_settling(void) {
  avow_promise_t *ps[THREADS];
  done = 0;
  for (int i = 0; i < THREADS; i++) {
    avow_remote_t *remote;
    ps[i] = avow_remote_new(loop, &remote);
    assert_int_equal(uv_thread_create(&threads[i], settle, remote), 0);
  }
  avow_promise_t *p = avow_all(loop, ps, THREADS);
  return avow_finally(avow_then(p, count_cb, NULL, NULL), join_all, NULL);
}

const scenario_t settling_from_threads = { .name = "settling from threads",
                                           .start = start_settling,
                                           .is_intact = is_done };

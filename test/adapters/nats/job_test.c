/* SPDX-License-Identifier: MIT */
#include "job_test.h"

#include <stdio.h>

avow_value_t queue;
char name[32];
int calls;

int job_setup(void **state) {
  static int number;
  if (nats_setup(state) != 0)
    return -1;
  calls = 0;
  (void) snprintf(name, sizeof(name), "q%d", ++number);
  queue = connected(avow_nats_queue(&nats, name, NULL));
  return 0;
}

int job_setup_by_hand(void **state) {
  return by_hand(job_setup, state);
}

int job_teardown(void **state) {
  avow_value_clear(&queue);
  return nats_teardown(state);
}

avow_value_t shout_cb(const avow_value_t *arg, void *data) {
  char text[64];
  const avow_nats_job_t *job = avow_to_nats_job(arg);
  (void) snprintf(text, sizeof(text), "%s!",
                  avow_to_bytes(&job->payload, NULL));
  calls++;
  return avow_string(text);
}

avow_promise_t *work(avow_cb handler, size_t concurrency) {
  const avow_nats_work_options_t options = { .concurrency = concurrency,
                                             .attempts = 3,
                                             .ack_wait = HOUR,
                                             .delay = 1 };
  return avow_nats_work(&queue, handler, NULL, &options);
}

void stop(avow_promise_t *worker) {
  avow_cancel(worker);
  const avow_value_t v = avow_run(worker);
  if (avow_error_code(&v) != UV_ECANCELED)
    fail_msg("%s", avow_error_message(&v));
  avow_value_unref(v);
}

avow_promise_t *job(const char *id, const char *text) {
  return avow_nats_job(&queue, id, avow_string(text));
}

void wait_for_len(int64_t n) {
  int64_t len = -1;
  while (len != n) {
    const avow_value_t v = connected(avow_nats_queue_len(&queue));
    len = avow_to_int(&v);
  }
}

void cancel_job(avow_promise_t *p) {
  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
}

avow_deferred_t *in_hand;

static avow_value_t hang_cb(const avow_value_t *arg, void *data) {
  avow_deferred_t *d = in_hand;
  in_hand = NULL;
  calls++;
  if (d != NULL)
    (void) avow_resolve(d, avow_none());
  return avow_follow(avow_sleep(loop, UINT64_MAX));
}

avow_promise_t *hanging(const avow_value_t *on, unsigned attempts,
                        uint64_t ack_wait) {
  const avow_nats_work_options_t options = { .attempts = attempts,
                                             .ack_wait = ack_wait };
  avow_promise_t *is_in_hand = avow_promise_new(loop, &in_hand);
  avow_promise_t *worker = avow_nats_work(on, hang_cb, NULL, &options);
  assert_fulfills_none(is_in_hand);
  return worker;
}

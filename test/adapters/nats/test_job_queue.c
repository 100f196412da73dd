/* SPDX-License-Identifier: MIT */
/* Queues: what they are made of, and who can work on them. */
#include "nats_test.h"

static avow_value_t none_cb(const avow_value_t *job, void *data) {
  return avow_none();
}

static void existing_queue_opens_if_its_options_match(void **state) {
  const avow_nats_queue_options_t keeps = { .keep = 1000 },
                                  other = { .reserved = { 1 } };
  avow_value_unref(connected(avow_nats_queue(&nats, "q", NULL)));
  assert_rejects(avow_nats_queue(&nats, "q", &keeps), UV_EEXIST);
  assert_rejects(avow_nats_queue(&nats, "q", &other), UV_EINVAL);
  assert_rejects(avow_nats_queue(&nats, "a.b", NULL), UV_EINVAL);
  assert_rejects(avow_nats_queue(&nats, "", NULL), UV_EINVAL);
  assert_rejects(avow_nats_queue(&nats, NULL, NULL), UV_EINVAL);
  avow_value_unref(connected(avow_nats_queue(&nats, "q", NULL)));
}

static void work_refuses_invalid_arguments(void **state) {
  const avow_nats_work_options_t many = { .concurrency = 4097 },
                                 other = { .reserved = { 1 } };
  const avow_value_t queue = connected(avow_nats_queue(&nats, "q", NULL));
  assert_rejects(avow_nats_work(&queue, NULL, NULL, NULL), UV_EINVAL);
  assert_rejects(avow_nats_work(&queue, none_cb, NULL, &many), UV_EINVAL);
  assert_rejects(avow_nats_work(&queue, none_cb, NULL, &other), UV_EINVAL);
  assert_null(avow_to_nats_job(&queue));
  avow_value_unref(queue);
}

SUITE(job_queue) {
  const struct CMUnitTest tests[] = {
    NATS_CASE(existing_queue_opens_if_its_options_match),
    NATS_CASE(work_refuses_invalid_arguments),
  };
  return RUN_JETSTREAM(tests);
}

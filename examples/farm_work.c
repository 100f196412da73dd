/* SPDX-License-Identifier: MIT */
/*
 * A worker of a farm. Its jobs only wait. Some of them fail, or fail at the
 * first attempt, as real jobs do.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "farm.h"
#include "program.h"
#include "text.h"

typedef struct {
  unsigned n, attempt;
  char id[128];
} task_t;

static const char *own_name(void) {
  static char name[64];
  char host[32] = "";
  (void) gethostname(host, sizeof(host) - 1); /* on failure it stays "" */
  (void) snprintf(name, sizeof(name), "%s:%d", host, (int) uv_os_getpid());
  return name;
}

static void say(const task_t *task, const char *what) {
  (void) text_print(stdout, task->id, TEXT_WHOLE);
  printf(", attempt %u: %s\n", task->attempt, what);
  (void) program_flush();
}

static avow_value_t answer(const avow_value_t *none, void *data) {
  char text[128];
  const task_t *task = data;
  const bool fails =
      task->n % 13 == 12 || (task->n % 7 == 3 && task->attempt == 1);
  say(task, fails ? "failed" : "done");
  if (fails)
    return avow_error_new(UV_EAGAIN, avow_none(), "%s %u out of luck",
                          own_name(), task->attempt);
  (void) snprintf(text, sizeof(text), "%s %u %llu", own_name(), task->attempt,
                  (unsigned long long) task->n * task->n);
  return avow_string(text);
}

static avow_value_t forget(const avow_value_t *arg, void *data) {
  return avow_none();
}

/* Tells the client of the job which worker has it. */
static void announce(const farm_t *farm, const task_t *task) {
  char text[128];
  (void) snprintf(text, sizeof(text), "%s %u", own_name(), task->attempt);
  avow_promise_t *p = avow_nats_put(&farm->bucket, task->id, avow_string(text));
  avow_unref(avow_then(p, forget, forget, NULL)); /* a failure is ignored */
}

/* The payload is "NUMBER MILLISECONDS". */
static avow_value_t work_on(const avow_value_t *arg, void *data) {
  const farm_t *farm = data;
  char *rest;
  const avow_nats_job_t *job = avow_to_nats_job(arg);
  task_t *task = calloc(1, sizeof(*task));
  if (task == NULL)
    return avow_error(UV_ENOMEM);
  task->n = (unsigned) strtoul(avow_to_bytes(&job->payload, NULL), &rest, 10);
  task->attempt = job->attempt;
  (void) snprintf(task->id, sizeof(task->id), "%s", job->id);
  announce(farm, task);
  avow_promise_t *p = avow_sleep(farm->loop, strtoull(rest, NULL, 10));
  return avow_follow(avow_attach(avow_then(p, answer, NULL, task), task, free));
}

int farm_work(farm_t *farm, uint64_t at_a_time, uint64_t ack) {
  avow_value_t v = avow_none();
  const avow_nats_work_options_t options = { .concurrency = (size_t) at_a_time,
                                             .ack_wait = ack,
                                             .delay = 100 };
  printf("%s works for %s\n", own_name(), farm->url);
  (void) program_flush();
  avow_promise_t *p = avow_nats_work(&farm->queue, work_on, farm, &options);
  if (farm_wait(farm, avow_ref(p), &v) == 0) {
    avow_unref(p);
    return program_complain(v);
  }
  avow_cancel(p); /* returns unfinished jobs to the queue */
  avow_ignore(avow_run(p));
  return 0;
}

/* SPDX-License-Identifier: MIT */
/* Many requests at once: the program around fanout.c or fanout_await.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo_servers.h"
#include "fanout.h"
#include "options.h"
#include "program.h"
#include "terminal.h"
#include "text.h"

enum { TIMEOUT = 10000, DEMO_TIMEOUT = 1000 };

static uint64_t timeout; /* of one attempt; 0: not given */
static uint64_t retries;
static const char *mode = "all-settled";

static const option_t options[] = {
  { "timeout", "MS", "timeout of each attempt (10000; without URLs 1000)",
    .number = &timeout, .min = 1, .max = 9999999 },
  { "retries", "N", "retries after a failure (0)", .number = &retries,
    .max = 1000 },
  { "mode", "MODE",
    "the promise to wait for (all-settled):\n"
    "    all            all answers, or the first failure\n"
    "    all-settled    an outcome for each target\n"
    "    race           the first outcome, an answer or a failure\n"
    "    any            the first answer, or all failures",
    .text = &mode },
  { .name = NULL },
};

static const command_line_t command_line = {
  .operands = "[URL]...",
  .most = 10000,
  .about =
      "Requests all URLs at once, over HTTP or HTTPS, and shows how each\n"
      "request ended. Cancels requests that are no longer needed. Without\n"
      "URLs, the program requests seven servers that it starts itself.",
  .options = options,
  .status = "0 if the promise was fulfilled, 1 if it was rejected",
  .example = "--timeout 2000 https://example.org/ localhost:8080/health",
};

typedef avow_promise_t *(*combinator_t)(uv_loop_t *loop,
                                        avow_promise_t *const ps[], size_t n);

typedef struct fanout_s {
  uv_loop_t *loop;
  avow_curl_t *client;
  combinator_t combine;
  demo_server_t servers[DEMO_SERVERS];
  job_t *jobs; /* arrays of n, as are rows and ps */
  row_t *rows;
  avow_promise_t **ps;
  size_t n;
  size_t done;
  avow_deferred_t *last; /* settled when all jobs are done */
} fanout_t;

static void finish(job_t *job, row_state_t state) {
  fanout_t *fanout = job->fanout;
  job->row->state = state;
  job->row->end = uv_hrtime();
  progress_show(++fanout->done, fanout->n);
  if (fanout->done == fanout->n)
    /* No other call settles it, so the result is always true. */
    (void) avow_resolve(fanout->last, avow_none());
}

avow_value_t job_answered(const avow_value_t *body, void *data) {
  job_t *job = data;
  (void) avow_to_bytes(body, &job->row->bytes);
  finish(job, FULFILLED);
  return avow_pointer(job->row);
}

/* Adds the name of the target to the reason. */
avow_value_t job_failed(const avow_value_t *reason, void *data) {
  job_t *job = data;
  const int code = avow_error_code(reason);
  const char *text = web_reason(reason);
  (void) snprintf(job->row->reason, sizeof(job->row->reason), "%s", text);
  finish(job, code == UV_ECANCELED ? CANCELED : REJECTED);
  return avow_error_new(code, avow_value_ref(reason), "%s: %s", job->row->name,
                        text);
}

static avow_promise_t *start_all(fanout_t *fanout) {
  for (size_t i = 0; i < fanout->n; i++) {
    fanout->rows[i].begin = uv_hrtime();
    fanout->ps[i] = job_start(&fanout->jobs[i]);
  }
  return avow_cancel_losers(
      fanout->combine(fanout->loop, fanout->ps, fanout->n));
}

static void print_line(const char *begin, const char *text) {
  printf("%s", begin);
  (void) text_print(stdout, text, TEXT_WHOLE);
  printf("\n");
}

static void print_reasons(const avow_value_t *reasons) {
  for (size_t i = 0; reasons != NULL && i < avow_list_len(reasons); i++)
    print_line("  ", avow_error_message(avow_list_at(reasons, i)));
}

static void print_outcomes(const avow_value_t *list) {
  size_t fulfilled = 0;
  const size_t n = avow_list_len(list);
  for (size_t i = 0; i < n; i++)
    fulfilled += avow_outcome_at(list, i).status == AVOW_FULFILLED;
  printf("%zu %s: %zu fulfilled, %zu rejected\n", n,
         n == 1 ? "outcome" : "outcomes", fulfilled, n - fulfilled);
}

static void print_result(const avow_value_t *result) {
  printf("\n%s was %s with ", mode,
         avow_is_error(result) ? "rejected" : "fulfilled");
  if (avow_error_code(result) == AVOW_EAGGREGATE) {
    printf("all reasons:\n");
    print_reasons(avow_error_cause(result));
  } else if (avow_is_error(result)) {
    print_line("", avow_error_message(result));
  } else if (result->tag == AVOW_LIST) {
    print_outcomes(result);
  } else {
    const row_t *row = avow_to_pointer(result);
    (void) text_print(stdout, row->name, TEXT_WHOLE);
    printf(": HTTP %d, %zu bytes\n", row->status, row->bytes);
  }
}

static void print_times(const fanout_t *fanout, uint64_t took) {
  double sum = 0;
  for (size_t i = 0; i < fanout->n; i++)
    sum += row_ms(&fanout->rows[i]);
  printf("It took %.1f ms; the parts add up to %.1f ms.\n", (double) took / 1e6,
         sum);
}

/* Returns the exit status. */
static int run(fanout_t *fanout) {
  avow_promise_t *all_done = avow_promise_new(fanout->loop, &fanout->last);
  progress_show(0, fanout->n);
  const uint64_t begin = uv_hrtime();
  const avow_value_t result = avow_run(start_all(fanout));
  const uint64_t took = uv_hrtime() - begin;
  avow_value_unref(avow_run(all_done)); /* waits for canceled jobs, too */
  progress_erase();
  rows_print(fanout->rows, fanout->n);
  print_result(&result);
  print_times(fanout, took);
  const int status = avow_is_error(&result) ? 1 : 0;
  avow_value_unref(result);
  return status;
}

static void prepare(fanout_t *fanout, size_t n, uint64_t usual_timeout) {
  if (timeout == 0)
    timeout = usual_timeout;
  fanout->n = n;
  fanout->jobs = calloc(n, sizeof(*fanout->jobs));
  fanout->rows = calloc(n, sizeof(*fanout->rows));
  fanout->ps = calloc(n, sizeof(avow_promise_t *));
  if (fanout->jobs == NULL || fanout->rows == NULL || fanout->ps == NULL)
    program_fail("no memory", UV_ENOMEM);
}

static void add_job(fanout_t *fanout, size_t i, const char *name,
                    web_target_t target) {
  job_t *job = &fanout->jobs[i];
  job->fanout = fanout;
  job->loop = fanout->loop;
  job->client = fanout->client;
  job->target = target;
  job->timeout = timeout;
  job->retries = retries;
  job->row = &fanout->rows[i];
  job->row->name = name;
}

static void add_targets(fanout_t *fanout, char *targets[], size_t n) {
  prepare(fanout, n, TIMEOUT);
  for (size_t i = 0; i < n; i++) {
    const char *problem = web_check(targets[i]);
    if (problem != NULL)
      options_refuse(targets[i], problem);
    add_job(fanout, i, targets[i], (web_target_t){ .url = targets[i] });
  }
}

static void add_demo(fanout_t *fanout) {
  demo_start(fanout->loop, fanout->servers, DEMO_SERVERS);
  prepare(fanout, DEMO_SERVERS, DEMO_TIMEOUT);
  for (size_t i = 0; i < DEMO_SERVERS; i++)
    add_job(fanout, i, fanout->servers[i].name, fanout->servers[i].target);
  printf("No URLs given: asking seven servers of my own.\n\n");
}

static combinator_t find_mode(void) {
  static const struct {
    const char *name;
    combinator_t combine;
  } modes[] = {
    { "all", avow_all },
    { "all-settled", avow_all_settled },
    { "race", avow_race },
    { "any", avow_any },
  };
  for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
    if (strcmp(modes[i].name, mode) == 0)
      return modes[i].combine;
  options_refuse(mode, "a mode is all, all-settled, race or any");
}

int main(int argc, char *argv[]) {
  fanout_t fanout = { .loop = NULL };
  size_t n;
  char **targets = options_parse(&command_line, argc, argv, &n);
  fanout.combine = find_mode();
  fanout.loop = program_begin();
  fanout.client = avow_curl_new(fanout.loop, NULL);
  if (n > 0)
    add_targets(&fanout, targets, n);
  else
    add_demo(&fanout);
  const int status = run(&fanout);
  demo_stop(fanout.servers, DEMO_SERVERS);
  avow_curl_unref(fanout.client);
  free(fanout.jobs);
  free(fanout.rows);
  free(fanout.ps);
  return program_end(fanout.loop, status);
}

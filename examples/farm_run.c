/* SPDX-License-Identifier: MIT */
/*
 * Many jobs at once, and their table. On a terminal the table is redrawn when
 * something changes; otherwise it is printed once at the end. A change in the
 * bucket tells which worker has a job. The result of a job is the result of its
 * promise.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <avow/stages.h>

#include "farm.h"
#include "program.h"
#include "table.h"
#include "terminal.h"

typedef enum { WAITS, IN_HAND, DONE, FAILED, LEFT } farm_state_t;

typedef struct {
  char id[96];
  farm_state_t state;
  uint64_t begin, end; /* in nanoseconds */
  unsigned attempts;
  char worker[64];
  char outcome[128];
} farm_row_t;

typedef struct {
  uv_loop_t *loop;
  farm_row_t *rows; /* arrays of n, as is ps */
  avow_promise_t **ps;
  size_t n;
  size_t drawn;  /* lines on the terminal */
  bool is_stale; /* the table needs to be redrawn */
} run_t;

static const struct {
  const char *text, *color;
} states[] = {
  [WAITS] = { "waits", "" },       [IN_HAND] = { "in hand", "\033[33m" },
  [DONE] = { "done", "\033[32m" }, [FAILED] = { "failed", "\033[31m" },
  [LEFT] = { "left", "\033[33m" },
};

/* The table. */

static void draw_row(table_t table, const farm_row_t *row) {
  char middle[64], last[256];
  const uint64_t end = row->end > 0 ? row->end : uv_hrtime();
  (void) snprintf(middle, sizeof(middle), "%-8s %8.1f  %3u",
                  states[row->state].text, (double) (end - row->begin) / 1e6,
                  row->attempts);
  (void) snprintf(last, sizeof(last), "%s%s%s", row->worker,
                  row->worker[0] != '\0' ? "  " : "", row->outcome);
  table_line(table, row->id, states[row->state].color, middle, last);
}

static void draw(const run_t *run, size_t first, size_t n) {
  static const char head[] = "outcome        ms  try";
  int widest = table_wider(0, "job");
  for (size_t i = first; i < first + n; i++)
    widest = table_wider(widest, run->rows[i].id);
  const table_t table = table_of(widest, (int) sizeof(head) - 1);
  table_line(table, "job", "", head, "worker, and what it says");
  for (size_t i = first; i < first + n; i++)
    draw_row(table, &run->rows[i]);
}

static void erase(run_t *run) {
  if (run->drawn > 0)
    printf("\033[%zuA\033[J", run->drawn);
  run->drawn = 0;
}

/* Draws as many rows as the terminal can show, from the first unfinished
   one. */
static avow_value_t draw_anew(const avow_value_t *ticks, void *data) {
  run_t *run = data;
  const size_t lines = terminal_lines(), room = lines > 3 ? lines - 3 : 1;
  const size_t n = run->n < room ? run->n : room;
  size_t first = 0;
  while (first + n < run->n && run->rows[first].state >= DONE)
    first++;
  if (!run->is_stale)
    return avow_none();
  run->is_stale = false;
  erase(run);
  draw(run, first, n);
  run->drawn = n + 1;
  (void) fflush(stdout);
  return avow_none();
}

static avow_promise_t *draw_now_and_then(run_t *run) {
  avow_channel_t *ticks = avow_ticks(run->loop, 100);
  avow_promise_t *p = avow_each(ticks, draw_anew, run, NULL);
  avow_channel_unref(ticks);
  return p;
}

/* The results of jobs. */

/* Parses "WORKER ATTEMPT TEXT". If the text has another form, all of it is the
   result. */
static void note(farm_row_t *row, const char *text) {
  int len = 0;
  if (sscanf(text, "%63s %u %n", row->worker, &row->attempts, &len) < 2)
    len = 0;
  (void) snprintf(row->outcome, sizeof(row->outcome), "%s", text + len);
}

static void finish(farm_row_t *row, farm_state_t state) {
  row->state = state;
  row->end = uv_hrtime();
}

static avow_value_t done(const avow_value_t *outcome, void *data) {
  farm_row_t *row = data;
  finish(row, DONE);
  note(row, avow_to_bytes(outcome, NULL));
  return avow_none();
}

static avow_value_t failed(const avow_value_t *reason, void *data) {
  farm_row_t *row = data;
  const bool left = avow_error_code(reason) == UV_ECANCELED;
  finish(row, left ? LEFT : FAILED);
  if (!left)
    note(row, avow_error_message(reason));
  return avow_value_ref(reason);
}

/* The key of a change is the job's id, which ends in its number. */
static avow_value_t taken(const avow_value_t *item, void *data) {
  run_t *run = data;
  const avow_nats_change_t *change = avow_to_nats_change(item);
  const char *number = strrchr(change->key, '-');
  const size_t i = number != NULL ? strtoul(number + 1, NULL, 10) : run->n;
  run->is_stale = true;
  if (i >= run->n || strcmp(run->rows[i].id, change->key) != 0 ||
      run->rows[i].state >= DONE || change->value.tag != AVOW_BYTES)
    return avow_none();
  run->rows[i].state = IN_HAND;
  note(&run->rows[i], avow_to_bytes(&change->value, NULL));
  return avow_none();
}

static avow_promise_t *watch(run_t *run, const farm_t *farm) {
  static const avow_map_options_t all = { .concurrency = 1,
                                          .kind = AVOW_ALL_SETTLED };
  avow_channel_t *changes = avow_nats_watch(&farm->bucket, "*");
  avow_promise_t *p = avow_each(changes, taken, run, &all);
  avow_channel_unref(changes);
  return p;
}

static void ask(run_t *run, const farm_t *farm, const char *name, uint64_t ms) {
  for (size_t i = 0; i < run->n; i++) {
    char text[64];
    farm_row_t *row = &run->rows[i];
    row->begin = uv_hrtime();
    (void) snprintf(row->id, sizeof(row->id), "%s-%zu", name, i);
    (void) snprintf(text, sizeof(text), "%zu %llu", i, (unsigned long long) ms);
    run->ps[i] =
        avow_then(avow_nats_job(&farm->queue, row->id, avow_string(text)), done,
                  failed, row);
  }
}

/* Removes unfinished jobs from the queue. */
static void take_out(run_t *run) {
  for (size_t i = 0; i < run->n; i++)
    avow_cancel(run->ps[i]);
  for (size_t i = 0; i < run->n; i++)
    avow_ignore(avow_run(avow_ref(run->ps[i])));
}

/* The length also counts jobs of other clients and, for a moment, jobs that
   have just ended. It is -1 if the server does not answer or the user
   interrupts. */
static int64_t in_queue(farm_t *farm) {
  int64_t len = 1;
  for (int i = 0; i < 25 && len > 0; i++) {
    avow_value_t v = avow_none();
    if (i > 0)
      avow_ignore(avow_run(avow_sleep(farm->loop, 20)));
    const int signal = farm_wait(farm, avow_nats_queue_len(&farm->queue), &v);
    len = signal != 0 || avow_is_error(&v) ? -1 : avow_to_int(&v);
    avow_value_unref(v);
  }
  return len;
}

/* Returns the exit status. */
static int report(const run_t *run, farm_t *farm) {
  size_t counts[LEFT + 1] = { 0 };
  for (size_t i = 0; i < run->n; i++)
    counts[run->rows[i].state]++;
  const size_t left = counts[WAITS] + counts[IN_HAND] + counts[LEFT];
  printf("\n%zu %s: %zu done, %zu failed, %zu left; ", run->n,
         run->n == 1 ? "job" : "jobs", counts[DONE], counts[FAILED], left);
  (void) program_flush();
  const int64_t len = in_queue(farm);
  if (len >= 0)
    printf("%lld in the queue\n", (long long) len);
  else
    printf("the server does not say what is in the queue\n");
  return counts[DONE] == run->n ? 0 : 1;
}

static int wait_for_all(run_t *run, farm_t *farm, const char *name) {
  avow_value_t v = avow_none();
  avow_promise_t **copies = calloc(run->n, sizeof(avow_promise_t *));
  if (copies == NULL)
    program_fail("no memory", UV_ENOMEM);
  for (size_t i = 0; i < run->n; i++)
    copies[i] = avow_ref(run->ps[i]);
  const int signal =
      farm_wait(farm, avow_all_settled(run->loop, copies, run->n), &v);
  avow_value_unref(v);
  free(copies);
  erase(run);
  draw(run, 0, run->n);
  if (signal == SIGINT)
    take_out(run);
  else if (signal != 0 && farm->folder[0] == '\0')
    printf("interrupted: --name %s --server %s goes on with it\n", name,
           farm->url);
  return report(run, farm);
}

static void stop(avow_promise_t *p) {
  avow_cancel(p);
  avow_ignore(avow_run(p));
}

int farm_run(farm_t *farm, size_t n, const char *name, uint64_t ms) {
  run_t run = { .loop = farm->loop, .n = n, .is_stale = true };
  run.rows = farm->rows = calloc(n, sizeof(*run.rows));
  run.ps = calloc(n, sizeof(avow_promise_t *));
  if (run.rows == NULL || run.ps == NULL)
    program_fail("no memory", UV_ENOMEM);
  avow_promise_t *watched = watch(&run, farm);
  avow_promise_t *drawn =
      terminal_obeys(stdout) ? draw_now_and_then(&run) : NULL;
  ask(&run, farm, name, ms);
  printf("%zu %s, %s-0 and so on, by %s\n\n", n, n == 1 ? "job" : "jobs", name,
         farm->url);
  (void) program_flush();
  const int status = wait_for_all(&run, farm, name);
  if (drawn != NULL)
    stop(drawn);
  stop(watched);
  for (size_t i = 0; i < n; i++)
    avow_unref(run.ps[i]);
  free(run.ps);
  return status;
}

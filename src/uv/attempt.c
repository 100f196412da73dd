/* SPDX-License-Identifier: MIT */
#include "uv/attempt.h"

#include "base/container.h"
#include "engine/loop_time.h"
#include "uv/cached_file.h"
#include "uv/fs.h"

/* Attempts may take 1/PART of the time of an iteration. That is little, because
   other events wait meanwhile. If the rest of the iteration takes more than
   BUSY times as long, the pool does what waits. */
enum { PART = 64, BUSY = 2, ATTEMPT_NS = 1000 };

/* An attempt in vain costs time. So after each one, about twice as many
   operations as before go to the pool at once. */
static void attempt_missed(avow__files_t *files) {
  files->penalty = (uint8_t) (files->penalty * 2U + 1); /* at most 255 */
  files->skip = files->penalty;
}

static void attempt_make(avow__files_t *files, avow__attempt_t *attempt) {
  if (attempt->at_once(attempt)) {
    files->penalty = 0;
    return;
  }
  attempt_missed(files);
  attempt->on_pool(attempt);
}

static avow__attempt_t *attempt_take(avow__files_t *files) {
  avow__attempt_t *attempt =
      AVOW__CONTAINER(avow__attempt_t, link,
                      avow__list_take_first(&files->attempts));
  attempt->context->requests--;
  attempt->context = NULL;
  return attempt;
}

static void attempts_to_pool(avow__files_t *files) {
  while (files->attempts != NULL) {
    avow__attempt_t *attempt = attempt_take(files);
    attempt->on_pool(attempt);
  }
}

/* Makes attempts until the time is over, and returns the time. */
static uint64_t attempts_make(avow__context_t *c, avow__files_t *files,
                              uint64_t began, uint64_t most) {
  uint64_t now = began;
  while (files->attempts != NULL &&
         avow__may_deliver(c, &files->attempts_iteration)) {
    attempt_make(files, attempt_take(files));
    avow__end_task(c);
    now = uv_hrtime();
    if (avow__elapsed(began, now) >= most)
      break;
  }
  return now;
}

static void attempts_go_on(avow__context_t *c) {
  avow__files_t *files = avow__files_of(c);
  const uint64_t most = c->options.budget_us * (uint64_t) ATTEMPT_NS / PART;
  const uint64_t began = uv_hrtime();
  const uint64_t waited = avow__elapsed(files->attempts_end, began);
  const bool is_busy = files->attempts_left && waited > BUSY * most;
  files->attempts_end = attempts_make(c, files, began, most);
  if (is_busy)
    attempts_to_pool(files);
  files->attempts_left = files->attempts != NULL;
  c->budget.attempts_wait = files->attempts_left;
}

static bool may_attempt(const avow__context_t *c, avow__files_t *files) {
  if (c->options.files_on_pool || !avow__cached_is_there())
    return false;
  if (files->skip == 0)
    return true;
  files->skip--;
  return false;
}

void avow__attempt_start(avow__context_t *c, avow__attempt_t *attempt) {
  avow__files_t *files = avow__files_open(c);
  if (files == NULL || !may_attempt(c, files)) {
    attempt->on_pool(attempt);
    return;
  }
  avow__list_append(&files->attempts, &attempt->link);
  attempt->context = c;
  c->requests++;
  c->attempts_go_on = attempts_go_on;
  c->budget.attempts_wait = true;
  if (!c->awake)
    avow__wake(c);
}

bool avow__attempt_withdraw(avow__attempt_t *attempt) {
  if (attempt->context == NULL)
    return false;
  avow__context_t *c = attempt->context;
  avow__list_remove(&avow__files_of(c)->attempts, &attempt->link);
  c->requests--;
  attempt->context = NULL;
  return true;
}

/* SPDX-License-Identifier: MIT */
/*
 * The model's loop: sleeps, cross-thread results, and the order of work in an
 * iteration.
 */
#include "model.h"

void model_sleep(node_t *sleep) {
  sleep->stage = WAITING;
  sleep->deadline = model.cached + sleep->ms;
  model.sleeps[model.n_sleeps++] = sleep;
}

static void remove_sleep(size_t i) {
  for (model.n_sleeps--; i < model.n_sleeps; i++)
    model.sleeps[i] = model.sleeps[i + 1];
}

void model_forget_sleep(const node_t *sleep) {
  size_t i = 0;
  while (model.sleeps[i] != sleep)
    i++;
  remove_sleep(i);
}

/* Returns the oldest of the sleeps that are due first. */
static size_t next_due(void) {
  size_t next = 0;
  for (size_t i = 1; i < model.n_sleeps; i++)
    if (model.sleeps[i]->deadline < model.sleeps[next]->deadline)
      next = i;
  return next;
}

/* Tells whether a sleep is pending that the last check found due. */
static bool is_due(void) {
  return model.n_sleeps > 0 && model.sleeps[next_due()]->due;
}

/* The timer checks which sleeps are due. */
static void look(void) {
  model.cached = model.present;
  for (size_t i = 0; i < model.n_sleeps; i++)
    model.sleeps[i]->due = model.sleeps[i]->deadline <= model.cached;
}

/* Notes that the loop has polled since these sleeps became due. */
static void note_poll(void) {
  for (size_t i = 0; i < model.n_sleeps; i++)
    model.sleeps[i]->polled = model.sleeps[i]->due;
}

/* Ends due sleeps one by one. Time limits end only after a poll. */
static void end_sleeps(void) {
  while (model.n_sleeps > 0) {
    const size_t i = next_due();
    node_t *sleep = model.sleeps[i];
    if (!sleep->due || (sleep->code != 0 && !sleep->polled))
      return;
    remove_sleep(i);
    model_settle(sleep, sleep->code == 0 ? fulfilled(digest_int(-1))
                                         : rejected(sleep->code));
    model_drain();
  }
}

static void fire(void) {
  const bool left = is_due();
  look();
  model_drain();
  if (!left)
    end_sleeps();
}

/* The remaining sleeps continue after the timers. */
static void go_on(void) {
  if (!is_due())
    return;
  model.cached = model.present;
  end_sleeps();
}

static void deliver(void) {
  for (size_t i = 0; i < model.n_sent; i++) {
    (void) model_resolve(model.sent[i], model.sent_outcomes[i]); /* or late */
    model_drain();
  }
  model.n_sent = 0;
}

void model_turn(void) {
  if (!model.woken && model.n_sleeps == 0 && model.waiting_remotes == 0)
    return;
  fire();
  go_on();
  model.cached = model.present; /* the poll updates the time */
  deliver();
  note_poll();
  fire();
  model.woken = is_due();
}

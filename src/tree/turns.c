/*
 * Work in turns: a repeat, each step of which is a job. The work belongs to the
 * repeat and to the job that runs, which may outlive it.
 */
#include "tree/turns.h"

#include "avow/timer.h"
#include "base/alloc.h"

typedef struct {
  avow__job_t job;
  avow__turns_t *turns;
} turn_t;

void *avow__turns_new(uv_loop_t *loop, size_t size) {
  avow__turns_t *turns = avow__calloc(1, size);
  if (turns == NULL)
    return NULL;
  turns->loop = loop;
  turns->refs = 1;
  return turns;
}

void avow__turns_unref(void *data) {
  avow__turns_t *turns = data;
  if (--turns->refs > 0)
    return;
  turns->free_fn(turns);
  avow__free(turns);
}

bool avow__turns_is_over(const avow__turns_t *turns) {
  return turns->job != NULL &&
         (avow__job_is_unwanted(turns->job) || uv_hrtime() > turns->deadline);
}

static avow_value_t turns_run(avow__job_t *job) {
  avow__turns_t *turns = ((turn_t *) job)->turns;
  turns->job = job;
  turns->deadline = uv_hrtime() + AVOW__TURN;
  turns->wait = 0;
  return turns->turn(turns);
}

static void turns_end(avow__job_t *job) {
  avow__turns_t *turns = ((turn_t *) job)->turns;
  if (turns->after != NULL && !avow__job_is_unwanted(job))
    turns->after(turns);
  avow__turns_unref(turns);
}

static avow_promise_t *start_turn(avow__turns_t *turns) {
  avow_promise_t *p;
  turn_t *turn = avow__job_new(turns->loop, sizeof(*turn), &p);
  if (turn == NULL)
    return p;
  turn->turns = turns;
  turns->refs++;
  turn->job.run = turns_run;
  turn->job.end = turns_end;
  avow__job_start(&turn->job);
  return p;
}

static avow_value_t after_wait(const avow_value_t *none, void *data) {
  return avow_follow(start_turn(data));
}

static avow_value_t turns_step(void *data) {
  avow__turns_t *turns = data;
  if (turns->wait == 0)
    return avow_follow(start_turn(turns));
  return avow_follow(
      avow_then(avow_sleep(turns->loop, turns->wait), after_wait, NULL, turns));
}

avow_promise_t *avow__turns_start(avow__turns_t *turns) {
  return avow_attach(avow_repeat(turns->loop, turns_step, turns), turns,
                     avow__turns_unref);
}

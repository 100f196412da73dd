/* SPDX-License-Identifier: MIT */
/*
 * A question that goes to a second expert if the first one takes too long. The
 * program pays the expert whose answer comes first. The defect: both experts
 * settle the same promise, and the program pays both.
 */
#include "programs.h"

enum { PATIENCE = 50 };

typedef struct {
  uv_loop_t *loop;
  avow_deferred_t *answer;
  int paid;
} question_t;

static avow_value_t think(void *data) {
  return avow_int(42);
}

static avow_value_t ask_expert(void *data) {
  question_t *question = data;
  const avow_value_t v =
      avow_await(avow_work(question->loop, think, NULL, NULL));
  const bool first = avow_resolve(avow_deferred_ref(question->answer), v);
#ifdef MENDED
  question->paid += first;
#else
  (void) first;
  question->paid++;
#endif
  return avow_none();
}

static avow_value_t run(void *data) {
  question_t question = { .loop = data };
  avow_promise_t *answer = avow_promise_new(question.loop, &question.answer);
  avow_promise_t *first = avow_async(question.loop, ask_expert, &question);
  avow_promise_t *second = NULL;
  const avow_value_t v = avow_await(avow_timeout(avow_ref(answer), PATIENCE));
  if (avow_is_timeout(&v))
    second = avow_async(question.loop, ask_expert, &question);
  avow_value_unref(v);
  avow_value_unref(avow_await(first));
  if (second != NULL)
    avow_value_unref(avow_await(second));
  avow_deferred_drop(question.answer);
  avow_unref(answer);
  if (question.paid == 1)
    return avow_none();
  return avow_error_new(UV_EINVAL, avow_none(), "%d experts were paid",
                        question.paid);
}

static avow_promise_t *begin(uv_loop_t *loop, void *data) {
  return avow_async(loop, run, loop);
}

const program_t settled_twice = {
  .name = "settled twice",
  .defect = "the result of avow_resolve() is ignored",
  .begin = begin,
};

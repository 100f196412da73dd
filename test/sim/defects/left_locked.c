/* SPDX-License-Identifier: MIT */
/*
 * Workers that share a machine, which is marked as busy while a worker uses it.
 * The defect: a worker that is canceled returns without unmarking it.
 */
#include "programs.h"

enum { WORKERS = 4, TURN = 20 };

typedef struct {
  uv_loop_t *loop;
  bool busy;
} machine_t;

static avow_value_t use(void *data) {
  machine_t *machine = data;
  if (machine->busy)
    return avow_none(); /* the worker gives up */
  machine->busy = true;
  const avow_value_t v = avow_await(avow_sleep(machine->loop, TURN));
#ifndef MENDED
  if (avow_is_error(&v))
    return v;
#endif
  machine->busy = false;
  return v;
}

static avow_value_t run(void *data) {
  machine_t machine = { data, false };
  avow_promise_t *all[WORKERS];
  for (int i = 0; i < WORKERS; i++)
    all[i] = avow_async(machine.loop, use, &machine);
  avow_promise_t *p = avow_all_settled(machine.loop, all, WORKERS);
  AVOW_TRY(avow_await(avow_join_losers(p)));
  if (!machine.busy)
    return avow_none();
  return avow_error_new(UV_EINVAL, avow_none(), "the machine stays busy");
}

static avow_promise_t *begin(uv_loop_t *loop, void *data) {
  return avow_async(loop, run, loop);
}

const program_t left_locked = {
  .name = "left locked",
  .defect = "a canceled function does not release its lock",
  .begin = begin,
  .bears = BEARS_CANCEL,
};

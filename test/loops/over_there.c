/* SPDX-License-Identifier: MIT */
#include "over_there.h"

avow_loops_t *loops;
uv_sem_t arrived;
atomic_int notes;

int loops_setup(void **state) {
  notes = 0;
  while (uv_sem_trywait(&arrived) == 0) /* of the previous test */
    continue;
  const int err = harness_setup(state);
  loops = avow_loops_new(LOOPS);
  return err;
}

void end_loops(void) {
  assert_fulfills_none(avow_loops_close(loops, loop));
}

avow_value_t sleep_there(uv_loop_t *own, void *data) {
  return avow_follow(avow_sleep(own, 1));
}

avow_value_t clean_up(void *own) {
  notes++;
  return avow_follow(avow_sleep(own, 1));
}

avow_value_t hang(uv_loop_t *own, void *data) {
  uv_sem_post(&arrived);
  avow_promise_t *p = avow_sleep(own, 100000000);
  return avow_follow(avow_finally(p, clean_up, own));
}

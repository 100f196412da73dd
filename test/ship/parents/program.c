/* SPDX-License-Identifier: MIT */
/* A program that uses an installed avow, or an avow that is part of it. */
#include <avow/all.h>

#include <limits.h>
#include <stdio.h>

static avow_value_t twice(const avow_value_t *v, void *none) {
  (void) none;
  return avow_int(2 * avow_to_int(v));
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  if (avow_loop_init(loop, &(avow_options_t){ .slow_us = UINT_MAX }) != 0)
    return 1;

  avow_promise_t *p = avow_promise_resolve(loop, avow_int(21));
  avow_value_t v = avow_run(avow_then(p, twice, NULL, NULL));
  printf("avow %s says %d\n", AVOW_VERSION, (int) avow_to_int(&v));

  if (avow_to_int(&v) != 42 || avow_loop_close(loop) != 0)
    return 1;
  return uv_loop_close(loop);
}

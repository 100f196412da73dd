/* SPDX-License-Identifier: MIT */
/* The program of the start page without async functions, for zig.sh. */
#include <avow.h>
#include <stdio.h>

static avow_value_t greet(const avow_value_t *none, void *data) {
  return avow_string("hello after 100 ms");
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  if (avow_loop_init(loop, NULL) != 0)
    return 1;
  avow_promise_t *p = avow_then(avow_sleep(loop, 100), greet, NULL, NULL);
  avow_value_t v = avow_run(p);
  puts(avow_is_error(&v) ? avow_error_message(&v) : avow_to_bytes(&v, NULL));
  avow_value_unref(v);
  avow_loop_close(loop);
  return uv_loop_close(loop);
}

/* SPDX-License-Identifier: MIT */
/* Prints which avow it runs with, and misuses avow. A checked build reports the
   misuse and aborts. A release build rejects. */
#include <avow.h>

#include <stdio.h>

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  if (avow_loop_init(loop, NULL) != 0)
    return 1;
  (void) puts(avow_version_string());
  (void) fflush(stdout); /* abort() would discard it */

  avow_value_t v = avow_run(avow_timeout(NULL, 1));
  const int code = avow_error_code(&v);
  avow_value_unref(v);
  (void) puts(code == AVOW_EMISUSE ? "misuse" : "no misuse");
  return avow_loop_close(loop) != 0 || uv_loop_close(loop) != 0;
}

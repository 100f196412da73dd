#include <avow.h>
#include <signal.h>
#include <stdio.h>

static avow_value_t greet(const avow_value_t *none, void *name) {
  printf("hello, %s\n", (char *) name);
  return avow_string(name);
}

int main(void) {
  signal(SIGPIPE, SIG_IGN); /* or a peer that hangs up ends the program */
  uv_loop_t *loop = uv_default_loop();
  if (avow_loop_init(loop, NULL) != 0)
    return 1;

  char a[] = "one", b[] = "two";
  avow_promise_t *const both[] = {
    avow_then(avow_sleep(loop, 200), greet, NULL, a),
    avow_then(avow_sleep(loop, 100), greet, NULL, b),
  };
  avow_value_t names = avow_run(avow_all(loop, both, 2));
  printf("%zu greeted, first %s\n", avow_list_len(&names),
         avow_to_bytes(avow_list_at(&names, 0), NULL));
  avow_value_unref(names);

  avow_loop_close(loop);
  return uv_loop_close(loop);
}

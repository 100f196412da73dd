/*
 * Prints the live promises of a small fan-out as a graph, for Graphviz:
 *
 *   graph | dot -Tsvg >promises.svg
 *
 * A build with -Dtrace=true also says where each was made.
 */
#include <avow.h>
#include <stdio.h>

static avow_value_t parse(const avow_value_t *answer, void *data) {
  return avow_value_ref(answer);
}

static avow_value_t use_default(const avow_value_t *error, void *data) {
  return avow_int(0);
}

static avow_value_t say_goodbye(void *data) {
  return avow_none();
}

/* Two answers that are awaited with a limit, one of which has come. */
static avow_promise_t *start(uv_loop_t *loop, avow_deferred_t **out) {
  avow_promise_t *slow = avow_promise_new(loop, out);
  slow = avow_then(slow, parse, NULL, NULL);
  avow_promise_t *quick = avow_promise_resolve(loop, avow_int(1));
  avow_promise_t *const answers[] = {
    avow_timeout(slow, 1000),
    avow_catch(quick, use_default, NULL),
  };
  avow_promise_t *all = avow_all(loop, answers, 2);
  return avow_finally(all, say_goodbye, NULL);
}

int main(void) {
  uv_loop_t *loop = uv_default_loop();
  if (avow_loop_init(loop, NULL) != 0)
    return 1;
  avow_deferred_t *deferred;
  avow_promise_t *p = start(loop, &deferred);

  avow_loop_dump(loop, stdout, AVOW_DUMP_DOT);

  avow_cancel(p);
  avow_unref(p);
  avow_deferred_drop(deferred);
  (void) avow_loop_close(loop); /* called where it may be */
  return uv_loop_close(loop);
}

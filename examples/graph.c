/*
 * Prints the live promises of a small fan-out as a graph, for Graphviz. See
 * graph --help.
 */
#include <avow.h>
#include <stdio.h>

#include "options.h"
#include "program.h"

static const command_line_t command_line = {
  .operands = "",
  .about =
      "Prints the live promises of a small fan-out as a graph, for "
      "Graphviz. A build with\n-Dtrace=true also says where each was "
      "made.",
  .status = "0",
  .example = "| dot -Tsvg >promises.svg",
};

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

int main(int argc, char *argv[]) {
  size_t n;
  (void) options_parse(&command_line, argc, argv, &n);
  uv_loop_t *loop = program_begin();
  avow_deferred_t *deferred;
  avow_promise_t *p = start(loop, &deferred);

  avow_loop_dump(loop, stdout, AVOW_DUMP_DOT);

  avow_cancel(p);
  avow_unref(p);
  avow_deferred_drop(deferred);
  return program_end(loop, 0);
}

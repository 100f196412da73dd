/* SPDX-License-Identifier: MIT */
/* Dumps as graphs: each promise is a node, and each wait an edge. */
#include "harness.h"

#include <stdio.h>

enum { LINES = 64, WORD = 64, CHAIN = 5 };

/* A node has a state and a kind. An edge has a source. */
typedef struct {
  char id[WORD], state[WORD], kind[WORD];
  char upstream[WORD];
} entry_t;

static entry_t entries[LINES];
static size_t count;

static void parse_dot_line(const char *line) {
  entry_t *entry = &entries[count++];
  assert_true(count <= LINES);
  *entry = (entry_t){ .id = "" };
  if (strstr(line, " -> ") != NULL) {
    assert_int_equal(sscanf(line, "  %63s -> %63[^;];", entry->id,
                            entry->upstream),
                     2);
    return;
  }
  char color[WORD];
  assert_int_equal(sscanf(line,
                          "  %63s [fillcolor=%63[a-z], "
                          "label=\"%63[^\\]\\n%63[^\\]\\n",
                          entry->id, color, entry->kind, entry->state),
                   4);
  assert_string_equal(line + strlen(line) - 3, "\"];");
}

static void read_graph(void) {
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  assert_non_null(out);
  avow_loop_dump_dot(loop, out);
  assert_int_equal(fclose(out), 0);
  assert_string_equal(strtok(text, "\n"), "digraph promises {");
  assert_non_null(strstr(strtok(NULL, "\n"), "node ["));
  count = 0;
  const char *line;
  while ((line = strtok(NULL, "\n")) != NULL && strcmp(line, "}") != 0)
    parse_dot_line(line);
  assert_non_null(line);
  assert_null(strtok(NULL, "\n"));
  free(text);
}

static const entry_t *find(const char *kind) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(entries[i].kind, kind) == 0)
      return &entries[i];
  fail_msg("no %s among %zu promises", kind, count);
  return NULL;
}

static bool has_node(const char *id) {
  for (size_t i = 0; i < count; i++)
    if (entries[i].upstream[0] == '\0' && strcmp(entries[i].id, id) == 0)
      return true;
  return false;
}

/* Returns the number of edges. Each of them joins two nodes. */
static size_t edges(void) {
  size_t n = 0;
  for (size_t i = 0; i < count; i++) {
    if (entries[i].upstream[0] != '\0') {
      assert_true(has_node(entries[i].id));
      assert_true(has_node(entries[i].upstream));
      n++;
    }
  }
  return n;
}

static avow_deferred_t *d;

static avow_promise_t *pending(void) {
  return avow_promise_new(loop, &d);
}

static void graph_of_an_idle_loop_is_empty(void **state) {
  read_graph();

  assert_int_equal(count, 0);
}

static void graph_of_a_chain_has_an_edge_for_each_wait(void **state) {
  avow_promise_t *p = pending();
  for (int i = 0; i < CHAIN; i++)
    p = avow_then(p, note_cb, NULL, "then");

  read_graph();

  assert_int_equal(count, 2 * CHAIN + 1);
  assert_int_equal(edges(), CHAIN);
  assert_string_equal(find("deferred")->state, "pending");
  avow_unref(p);
  assert_true(avow_resolve(d, avow_none()));
}

static void graph_of_a_gather_joins_it_to_its_inputs(void **state) {
  avow_promise_t *const ps[] = { avow_sleep(loop, 0), pending() };
  avow_promise_t *p = avow_all(loop, ps, 2);

  read_graph();

  assert_int_equal(count, 5); /* inputs are edges only */
  assert_int_equal(edges(), 2);
  for (size_t i = 0; i < count; i++)
    if (entries[i].upstream[0] != '\0')
      assert_string_equal(entries[i].id, find("all")->id);
  assert_true(avow_resolve(d, avow_none()));
  avow_value_unref(avow_run(p));
}

static avow_promise_t *another;

/* A cancellation inside a callback of another one waits until that one ends. */
static void cancel_and_read_graph(void *data) {
  avow_cancel(another);
  read_graph();
}

static void graph_shows_promises_that_wait_for_cancellation(void **state) {
  avow_deferred_t *of_another;
  another = avow_promise_new(loop, &of_another);
  avow_promise_t *const ps[] = { pending(), avow_sleep(loop, 60000) };
  avow_on_cancel(d, cancel_and_read_graph, NULL);
  avow_promise_t *inner = avow_race(loop, ps, 2);
  avow_promise_t *p = avow_all(loop, &inner, 1);

  avow_cancel(p);

  assert_int_equal(edges(), 2);
  assert_rejects(p, UV_ECANCELED);
  assert_rejects(another, UV_ECANCELED);
  avow_deferred_drop(of_another);
  avow_deferred_drop(d);
}

static void graph_allocates_nothing(void **state) {
  avow_promise_t *p = avow_timeout(pending(), 60000);
  const long calls = allocation_calls();

  read_graph();

  assert_int_equal(allocation_calls(), calls);
  assert_true(avow_resolve(d, avow_none()));
  assert_fulfills_none(p);
}

static void graph_names_the_code_of_a_rejection(void **state) {
  avow_promise_t *p = avow_promise_reject(loop, avow_error(UV_EIO));

  read_graph();

  assert_int_equal(count, 1);
  assert_string_equal(find("value")->state, "rejected EIO");
  assert_rejects(p, UV_EIO);
}

static void graph_is_valid_for_graphviz(void **state) {
  if (system("command -v dot >/dev/null 2>&1") != 0) {
    puts("missing: dot, of graphviz");
    skip();
  }
  const avow_value_t quotes = avow_error_new(UV_EIO, avow_none(), "\"]; x ->");
  avow_promise_t *const ps[] = {
    avow_then(pending(), note_cb, NULL, "then"),
    avow_finally(avow_sleep(loop, 0), note_fn, "finally"),
    avow_promise_reject(loop, quotes),
  };
  avow_promise_t *p = avow_all_settled(loop, ps, 3);

  FILE *graphviz = popen("dot -Tplain >/dev/null", "w");
  assert_non_null(graphviz);
  avow_loop_dump_dot(loop, graphviz);

  assert_int_equal(pclose(graphviz), 0);
  assert_true(avow_resolve(d, avow_none()));
  avow_value_unref(avow_run(p));
}

SUITE(dump_dot) {
  const struct CMUnitTest tests[] = {
    CASE(graph_of_an_idle_loop_is_empty),
    CASE(graph_of_a_chain_has_an_edge_for_each_wait),
    CASE(graph_of_a_gather_joins_it_to_its_inputs),
    CASE(graph_shows_promises_that_wait_for_cancellation),
    CASE(graph_allocates_nothing),
    CASE(graph_names_the_code_of_a_rejection),
    CASE(graph_is_valid_for_graphviz),
  };
  return RUN(tests);
}

/* SPDX-License-Identifier: MIT */
/* Dumps: which promises exist, their states, and the promises that they wait
   for. The tests use addresses only to follow them from line to line. */
#include "harness.h"

#include <stdio.h>

enum { LINES = 64, WORD = 64, CHAIN = 5 };

/* One promise of a dump. */
typedef struct {
  char id[WORD], state[WORD], kind[WORD];
  char upstream[WORD]; /* "" if it waits for no promise */
  char reason[WORD];   /* "" if it has no reason */
} entry_t;

static entry_t entries[LINES];
static size_t count;

/* The caller frees the result. */
static char *dump(void) {
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  assert_non_null(out);
  avow_loop_dump(loop, out);
  assert_int_equal(fclose(out), 0);
  return text;
}

static void parse_line(const char *line) {
  entry_t *entry = &entries[count++];
  assert_true(count <= LINES);
  *entry = (entry_t){ .id = "" };
  assert_int_equal(sscanf(line, "%63s %63s %63s", entry->id, entry->state,
                          entry->kind),
                   3);
  const char *reason = strstr(line, " (");
  const char *place = strstr(line, " made in "); /* in trace builds */
  if (reason != NULL && (place == NULL || reason < place))
    assert_int_equal(sscanf(reason, " (%63[^)])", entry->reason), 1);
  const char *upstream = strstr(line, " waits for ");
  if (upstream != NULL)
    assert_int_equal(sscanf(upstream, " waits for %63s", entry->upstream), 1);
}

/* Dumps the loop as text and parses the text into the entries. */
static void read_dump(void) {
  char *text = dump();
  count = 0;
  for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
    parse_line(line);
  free(text);
}

static const entry_t *find(const char *kind) {
  const entry_t *found = NULL;
  for (size_t i = 0; i < count; i++) {
    if (strcmp(entries[i].kind, kind) == 0) {
      assert_null(found);
      found = &entries[i];
    }
  }
  if (found == NULL)
    fail_msg("no %s among %zu promises", kind, count);
  return found;
}

static void assert_waits(const char *kind, const char *upstream) {
  assert_string_equal(find(kind)->state, "pending");
  assert_string_equal(find(kind)->upstream, find(upstream)->id);
}

static avow_deferred_t *d;

static avow_promise_t *pending(void) {
  return avow_promise_new(loop, &d);
}

static void dump_of_an_idle_loop_is_empty(void **state) {
  read_dump();

  assert_int_equal(count, 0);
}

static void dump_of_a_chain_shows_each_source(void **state) {
  avow_promise_t *p = avow_then(pending(), note_cb, NULL, "then");
  p = avow_finally(p, note_fn, "finally");
  p = avow_attach(p, "attach", note_free);

  read_dump();

  assert_int_equal(count, 4);
  assert_string_equal(find("deferred")->state, "pending");
  assert_string_equal(find("deferred")->upstream, "");
  assert_waits("then", "deferred");
  assert_waits("finally", "then");
  assert_waits("attach", "finally");
  assert_true(avow_resolve(d, avow_int(1)));
  assert_fulfills_int(p, 1);
}

static void dump_shows_outcomes_of_settled_promises(void **state) {
  avow_promise_t *const ps[] = {
    avow_promise_resolve(loop, avow_int(1)),
    avow_promise_reject(loop,
                        avow_error_new(UV_EIO, avow_none(), "disk on fire")),
  };

  read_dump();

  assert_int_equal(count, 2);
  const entry_t *fulfilled = &entries[entries[0].state[0] == 'f' ? 0 : 1];
  const entry_t *rejected = &entries[entries[0].state[0] == 'f' ? 1 : 0];
  assert_string_equal(fulfilled->state, "fulfilled");
  assert_string_equal(fulfilled->reason, "");
  assert_string_equal(rejected->state, "rejected");
  assert_string_equal(rejected->reason, "disk on fire");
  avow_unref(ps[0]);
  assert_rejects(ps[1], UV_EIO);
}

static void assert_gather(avow_gather_kind_t kind, const char *name) {
  avow_gather_t *g;
  avow_promise_t *p = avow_gather_new(loop, kind, &g);
  avow_gather_add(g, avow_sleep(loop, 0));
  avow_gather_add(g, pending());
  avow_gather_unref(g);

  read_dump();

  const char *id = find(name)->id;
  assert_int_equal(count, 5);
  size_t inputs = 0;
  for (size_t i = 0; i < count; i++) {
    if (strcmp(entries[i].kind, "input") == 0) {
      assert_string_equal(entries[i].id, id);
      inputs++;
    }
  }
  assert_int_equal(inputs, 2);
  assert_true(avow_resolve(d, avow_none()));
  avow_value_unref(avow_run(p));
  run(); /* lets the loser's sleep end */
}

static void dump_shows_kind_and_inputs_of_gathers(void **state) {
  assert_gather(AVOW_ALL, "all");
  assert_gather(AVOW_ALL_SETTLED, "all_settled");
  assert_gather(AVOW_RACE, "race");
  assert_gather(AVOW_ANY, "any");
}

static void dump_shows_the_source_of_each_input(void **state) {
  avow_promise_t *const ps[] = { avow_sleep(loop, 0), pending() };
  avow_promise_t *p = avow_all(loop, ps, 2);

  read_dump();

  size_t for_sleep = 0, for_deferred = 0;
  for (size_t i = 0; i < count; i++) {
    for_sleep += strcmp(entries[i].upstream, find("sleep")->id) == 0;
    for_deferred += strcmp(entries[i].upstream, find("deferred")->id) == 0;
  }
  assert_int_equal(for_sleep, 1);
  assert_int_equal(for_deferred, 1);
  assert_true(avow_resolve(d, avow_none()));
  avow_value_unref(avow_run(p));
}

static void dump_shows_a_timeout_as_until_and_sleep(void **state) {
  avow_promise_t *p = avow_timeout(pending(), 60000);

  read_dump();

  assert_string_equal(find("until")->state, "pending");
  assert_string_equal(find("sleep")->state, "pending");
  assert_string_equal(find("sleep")->upstream, "");
  assert_true(avow_resolve(d, avow_none()));
  assert_fulfills_none(p);
}

static avow_value_t follow(void *promise) {
  return avow_follow(promise);
}

static void dump_shows_the_followed_promise(void **state) {
  avow_promise_t *p = avow_try(loop, follow, pending());
  run();

  read_dump();

  assert_int_equal(count, 2);
  assert_waits("follow", "deferred");
  assert_true(avow_resolve(d, avow_int(2)));
  assert_fulfills_int(p, 2);
}

static void dump_shows_the_step_of_a_repeat(void **state) {
  avow_promise_t *p = avow_repeat(loop, follow, pending());
  run();

  read_dump();

  assert_int_equal(count, 2);
  assert_waits("repeat", "deferred");
  assert_true(avow_resolve(d, avow_int(2)));
  assert_fulfills_int(p, 2);
}

static avow_deferred_t *foreign_deferred;

static avow_value_t keep_deferred(void *self, avow_deferred_t *deferred) {
  foreign_deferred = deferred;
  return avow_none();
}

static void dump_shows_a_foreign_promise_as_thenable(void **state) {
  static const avow_class_t foreign = { .name = "foreign",
                                        .then = keep_deferred };
  avow_promise_t *p = avow_promise_resolve(loop, avow_object(&foreign, &d));

  read_dump();
  assert_int_equal(count, 1);
  assert_string_equal(find("thenable")->state, "pending");
  run();
  read_dump();

  assert_waits("thenable", "deferred");
  assert_true(avow_resolve(foreign_deferred, avow_int(3)));
  assert_fulfills_int(p, 3);
}

static avow_value_t dump_inside(const avow_value_t *arg, void *data) {
  read_dump();
  return avow_none();
}

static void dump_in_a_handler_shows_it_running(void **state) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());

  assert_fulfills_none(avow_then(p, dump_inside, NULL, NULL));

  assert_int_equal(count, 2);
  assert_string_equal(find("running")->state, "pending");
}

static void count_unhandled(uv_loop_t *l, const avow_value_t *reason,
                            const char *where, void *data) {
  ++*(int *) data;
}

static void dump_shows_channel_state_and_pending_sends(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 0);
  avow_promise_t *p = avow_channel_send(c, avow_int(1));

  read_dump();
  assert_int_equal(count, 2);
  assert_string_equal(find("channel")->state, "open");
  assert_string_equal(find("send")->upstream, find("channel")->id);
  avow_channel_end(c);
  read_dump();

  assert_string_equal(find("channel")->state, "ended");
  avow_channel_close(c);
  read_dump();
  assert_string_equal(find("send")->state, "rejected");
  assert_string_equal(find("send")->upstream, "");
  avow_unref(p);
  avow_channel_unref(c);
}

static void dump_does_not_handle_a_rejection(void **state) {
  int unhandled = 0;
  const avow_options_t options = { STEADY, .on_unhandled = count_unhandled,
                                   .data = &unhandled };
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
  avow_promise_t *p = avow_promise_reject(loop, avow_error(UV_EIO));

  free(dump());
  avow_unref(p);

  assert_int_equal(unhandled, 1);
}

static void dump_allocates_nothing(void **state) {
  avow_promise_t *p = avow_timeout(pending(), 60000);
  const long calls = allocation_calls();

  free(dump());

  assert_int_equal(allocation_calls(), calls);
  assert_true(avow_resolve(d, avow_none()));
  assert_fulfills_none(p);
}

static avow_promise_t *another;

/* Cancels another promise and dumps the loop. That promise and the inputs that
   are still to be canceled wait until this callback returns. */
static void cancel_another_and_dump(void *data) {
  avow_cancel(another);
  read_dump();
}

static void cancel_and_dump(void) {
  avow_deferred_t *of_another;
  another = avow_promise_new(loop, &of_another);
  avow_promise_t *const ps[] = { pending(), avow_sleep(loop, 60000) };
  avow_on_cancel(d, cancel_another_and_dump, NULL);
  avow_promise_t *inner = avow_race(loop, ps, 2);
  avow_promise_t *p = avow_all(loop, &inner, 1);

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_rejects(another, UV_ECANCELED);
  avow_deferred_drop(of_another);
  avow_deferred_drop(d);
}

static void dump_in_a_cancel_callback_shows_queued_cancels(void **state) {
  cancel_and_dump();

  size_t yet_to_be = 0;
  for (size_t i = 0; i < count; i++)
    yet_to_be += strcmp(entries[i].kind, "cancel") == 0 &&
                 strcmp(entries[i].id, entries[i].upstream) != 0;
  assert_int_equal(yet_to_be, 2);
  assert_string_equal(find("sleep")->state, "pending");
  assert_string_equal(find("gather")->state, "rejected");
}

SUITE(dump) {
  const struct CMUnitTest tests[] = {
    CASE(dump_of_an_idle_loop_is_empty),
    CASE(dump_in_a_cancel_callback_shows_queued_cancels),
    CASE(dump_of_a_chain_shows_each_source),
    CASE(dump_shows_outcomes_of_settled_promises),
    CASE(dump_shows_kind_and_inputs_of_gathers),
    CASE(dump_shows_the_source_of_each_input),
    CASE(dump_shows_a_timeout_as_until_and_sleep),
    CASE(dump_shows_the_followed_promise),
    CASE(dump_shows_the_step_of_a_repeat),
    CASE(dump_shows_a_foreign_promise_as_thenable),
    CASE(dump_in_a_handler_shows_it_running),
    CASE(dump_shows_channel_state_and_pending_sends),
    CASE(dump_does_not_handle_a_rejection),
    CASE(dump_allocates_nothing),
  };
  return RUN(tests);
}

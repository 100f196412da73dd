/* SPDX-License-Identifier: MIT */
/* The world of the simulator: time, tasks and choices. */
#include "sim/world.h"

#include "harness.h"
#include "sim/chance.h"
#include "sim/event_log.h"

typedef struct {
  sim_task_t task;
  int number;
} step_t;

static int ran[16];
static int n_ran;

static void note_step(sim_task_t *task) {
  ran[n_ran++] = ((step_t *) task)->number;
}

static void begin_world(uint64_t seed, bool on) {
  sim_world =
      (sim_world_t){ .on = on, .seed = seed, .options.max_events = 1000 };
  n_ran = 0;
}

static void poll_at(uint64_t ns) {
  sim_time_reach(ns);
  sim_tasks_run(NULL);
}

static void end_world(void) {
  sim_heap_free(&sim_world.tasks);
  assert_int_equal(sim_world.blocks, 0);
  begin_world(0, false);
}

static void tasks_run_at_their_time(void **state) {
  step_t steps[] = { { .number = 0 }, { .number = 1 }, { .number = 2 } };
  begin_world(0, false);
  sim_task_set(&steps[0].task, 30, note_step);
  sim_task_set(&steps[1].task, 10, note_step);
  sim_task_set(&steps[2].task, 20, note_step);

  assert_int_equal(sim_tasks_next(NULL), 10);
  poll_at(9);
  assert_int_equal(n_ran, 0);
  poll_at(20);

  assert_int_equal(n_ran, 2);
  assert_int_equal(ran[0], 1);
  assert_int_equal(ran[1], 2);
  assert_int_equal(sim_now(), 20);
  assert_int_equal(sim_tasks_next(NULL), 30);
  sim_task_unset(&steps[0].task);
  sim_task_unset(&steps[0].task);
  assert_int_equal(sim_tasks_next(NULL), UINT64_MAX);
  end_world();
}

static void tasks_of_another_loop_wait_for_it(void **state) {
  static uv_loop_t loops[2];
  step_t steps[] = { { .number = 0, .task.loop = &loops[0] },
                     { .number = 1, .task.loop = &loops[1] } };
  begin_world(0, false);
  sim_task_set(&steps[0].task, 10, note_step);
  sim_task_set(&steps[1].task, 20, note_step);

  assert_int_equal(sim_tasks_next(&loops[1]), 20);
  sim_time_reach(30);
  sim_tasks_run(&loops[1]);
  assert_int_equal(n_ran, 1);
  assert_int_equal(ran[0], 1);
  sim_tasks_run(&loops[0]);

  assert_int_equal(n_ran, 2);
  end_world();
}

enum { CROWD = 5 };

static uint64_t order_of_due_tasks(uint64_t seed) {
  step_t steps[CROWD] = { 0 };
  begin_world(seed, true);
  for (int i = 0; i < CROWD; i++) {
    steps[i].number = i;
    sim_task_set(&steps[i].task, 10, note_step);
  }
  poll_at(10);
  uint64_t order = 0;
  for (int i = 0; i < n_ran; i++)
    order = order * CROWD + (uint64_t) ran[i];
  assert_int_equal(n_ran, CROWD);
  end_world();
  return order;
}

static void seed_orders_tasks_due_at_the_same_time(void **state) {
  uint64_t others = 0;
  const uint64_t first = order_of_due_tasks(1);

  assert_int_equal(order_of_due_tasks(1), first);
  for (uint64_t seed = 2; seed < 100; seed++)
    others += order_of_due_tasks(seed) != first;

  assert_in_range(others, 80, 98);
}

static step_t second;

static void unset_the_other(sim_task_t *task) {
  note_step(task);
  sim_task_unset(&second.task);
  sim_task_set(task, 0, note_step);
}

static void due_task_can_be_unset_and_new_task_waits_for_a_poll(void **state) {
  step_t first = { .number = 1 };
  begin_world(0, false);
  sim_task_set(&first.task, 0, unset_the_other);
  sim_task_set(&second.task, 0, note_step);

  poll_at(0);
  assert_int_equal(n_ran, 1);
  assert_false(sim_task_is_set(&second.task));
  assert_true(sim_task_is_set(&first.task));
  poll_at(0);

  assert_int_equal(n_ran, 2);
  end_world();
}

/* The numbers are the same on each machine. */
static void choices_are_the_same_on_each_machine(void **state) {
  begin_world(7, true);

  const uint64_t a = sim_choose(1000, "test.a");
  const uint64_t b = sim_choose(1000, "test.b");
  const uint64_t c = sim_choose(1000, "test.a");
  const uint64_t hash = sim_world.hash;

  assert_int_equal(a, 663);
  assert_int_equal(b, 708);
  assert_int_equal(c, 900);
  assert_true(hash == UINT64_C(0x485683ff72045083));
  end_world();
}

static void kinds_of_choices_are_independent(void **state) {
  begin_world(7, true);
  const uint64_t first = sim_choose(1000, "test.a");
  const uint64_t next = sim_choose(1000, "test.a");
  end_world();

  begin_world(7, true);
  assert_int_equal(sim_choose(1000, "test.a"), first);
  (void) sim_choose(1000, "test.b");
  assert_int_equal(sim_choose(1000, "test.a"), next);
  end_world();
}

static void choices_outside_a_run_are_plain(void **state) {
  begin_world(7, false);
  sim_world.options.faults = AVOW_SIM_FS;
  sim_world.options.fault_rate = 10000;
  for (int ending = 0; ending < 2; ending++) {
    for (int i = 0; i < 20; i++) {
      assert_int_equal(sim_choose(1000, "test.a"), 0);
      assert_false(sim_strikes("fs.a"));
      assert_int_equal(sim_delay("net.a"), 20 * SIM_US);
    }
    sim_world.on = sim_world.ending = true;
  }
  end_world();
}

static int strikes_of(uint64_t seed, unsigned faults) {
  begin_world(seed, true);
  sim_world.options.faults = faults;
  sim_world.options.fault_rate = 100;
  int n = 0;
  for (int i = 0; i < 1000; i++)
    n += sim_strikes("fs.a");
  end_world();
  return n;
}

static void runs_have_many_or_no_faults_of_a_kind(void **state) {
  int none = 0;
  int many = 0;
  for (uint64_t seed = 1; seed <= 100; seed++) {
    const int n = strikes_of(seed, AVOW_SIM_FS);
    none += n == 0;
    many += n > 100;
    assert_int_equal(strikes_of(seed, AVOW_SIM_NET), 0);
  }
  assert_in_range(none, 10, 40);
  assert_in_range(many, 10, 40);
}

static uint64_t hash_of_an_event(const char *text, uint64_t at) {
  begin_world(1, true);
  sim_time_reach(at);
  sim_note("%s", text);
  const uint64_t hash = sim_world.hash;
  assert_non_null(sim_history_line(0));
  assert_null(sim_history_line(1));
  end_world();
  return hash;
}

static void hash_depends_on_events_and_their_times(void **state) {
  const uint64_t hash = hash_of_an_event("one", 1);

  assert_true(hash_of_an_event("one", 1) == hash);
  assert_true(hash_of_an_event("two", 1) != hash);
  assert_true(hash_of_an_event("one", 2) != hash);
}

static void failed_run_reports_its_first_reason(void **state) {
  begin_world(1, true);

  sim_fail("reason %d", 1);
  sim_fail("reason %d", 2);

  assert_string_equal(sim_world.why, "reason 1");
  assert_true(sim_is_ending());
  assert_non_null(strstr(sim_history_line(0), "failed: reason 1"));
  end_world();
}

SUITE(world) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(tasks_run_at_their_time),
    cmocka_unit_test(tasks_of_another_loop_wait_for_it),
    cmocka_unit_test(seed_orders_tasks_due_at_the_same_time),
    cmocka_unit_test(due_task_can_be_unset_and_new_task_waits_for_a_poll),
    cmocka_unit_test(choices_are_the_same_on_each_machine),
    cmocka_unit_test(kinds_of_choices_are_independent),
    cmocka_unit_test(choices_outside_a_run_are_plain),
    cmocka_unit_test(runs_have_many_or_no_faults_of_a_kind),
    cmocka_unit_test(hash_depends_on_events_and_their_times),
    cmocka_unit_test(failed_run_reports_its_first_reason),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

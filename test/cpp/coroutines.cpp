/* SPDX-License-Identifier: MIT */
/* Coroutines run in the same order as functions that call avow_await(). */
#include "check.hpp"

#include <climits>
#include <stdexcept>

static avow::promise twice(uv_loop_t *on, avow::promise p, std::string name) {
  note(name + "0");
  const avow::value v = co_await std::move(p);
  note(name + "1");
  (void) co_await avow::resolve(on, 1);
  note(name + "2");
  co_return v.to<int>() * 2;
}

/* The same task as an async function with a stack. */
struct task {
  avow_promise_t *p;
  std::string name;
};

static avow_value_t await_twice(void *data) {
  task *me = static_cast<task *>(data);
  note(me->name + "0");
  const avow::value v = avow_await(me->p);
  note(me->name + "1");
  avow_ignore(avow_await(avow::resolve(loop, 1).release()));
  note(me->name + "2");
  return avow_int(v.to<int>() * 2);
}

static avow::promise chained(avow::promise p, const char *first,
                             const char *second) {
  return std::move(p).then([first] { note(first); }).then([second] {
    note(second);
  });
}

static void coroutine_runs_up_to_its_await_inside_the_call() {
  avow::promise p = twice(loop, avow::resolve(loop, 4), "c");
  CHECK_NOTES("c0");
  CHECK(std::move(p).run().to<int>() == 8);
  CHECK_NOTES("c1 c2");
}

/* Both run side by side. If one of them took an additional round, it would be
   behind. */
static void awaits_take_as_many_jobs_as_avow_await() {
  avow::promise start = avow::resolve(loop, 4);
  task by_stack{ start.ref().release(), "s" };
  avow::promise ps[] = {
    twice(loop, start.ref(), "c").then([] { note("c3"); }),
    avow::promise(avow_async(loop, await_twice, &by_stack)).then([] {
      note("s3");
    }),
    chained(start.ref(), "t1", "t2"),
    twice(loop, start.ref(), "d").then([] { note("d3"); }),
  };
  (void) avow::all(loop, ps, 4).run();
  CHECK_NOTES("c0 s0 d0 c1 s1 t1 d1 c2 s2 t2 d2 c3 s3 d3");
}

static avow::promise give(uv_loop_t *on) {
  co_return avow::resolve(on, 6);
}

static avow_value_t give_by_stack(void *) {
  return avow_follow(avow_promise_resolve(loop, avow_int(6)));
}

static avow::promise count_jobs(uv_loop_t *on) {
  for (int i = 1; i <= 4; i++) {
    (void) co_await avow::resolve(on, 0);
    note(std::to_string(i));
  }
  co_return{};
}

/* Rules 3 and 4 of docs/semantics.md: the adoption takes until the third
   round. */
static void returned_promise_is_adopted_after_as_many_jobs() {
  avow::promise counts = count_jobs(loop);
  avow::promise p =
      give(loop).then([](int i) { note("co" + std::to_string(i)); });
  avow::promise q = avow_async(loop, give_by_stack, nullptr);
  q = std::move(q).then([](int i) { note("as" + std::to_string(i)); });
  (void) avow::all(loop, std::move(counts), std::move(p), std::move(q)).run();
  CHECK_NOTES("1 2 3 co6 as6 4");
}

static avow::promise fail(uv_loop_t *, int how) {
  if (how == 1)
    throw std::runtime_error("a text");
  if (how == 2)
    throw avow::error(UV_EPERM);
  co_return avow::error(UV_EIO);
}

static avow::promise catch_it(uv_loop_t *on) {
  try {
    co_await fail(on, 2);
  } catch (const avow::error &e) {
    note(e.what());
  }
  const avow::value v = co_await avow::outcome(fail(on, 0));
  note(avow_err_name(v.code()));
  co_await fail(on, 1);
  note("not here");
  co_return{};
}

static void errors_are_thrown_and_exceptions_reject() {
  const avow::value v = catch_it(loop).run();
  CHECK(v.code() == AVOW_ETHROWN && std::string(v.message()) == "a text");
  CHECK_NOTES("operation not permitted EIO");
}

static avow::promise wait(uv_loop_t *on, avow::promise p) {
  const guest here;
  const avow::value v = co_await avow::outcome(std::move(p));
  note(v.is_error() ? avow_err_name(v.code()) : "a value");
  (void) co_await avow_shield(avow_sleep(on, 0));
  note("cleaned");
  co_return v.ref();
}

static void cancellation_reaches_the_await_and_permits_cleanup() {
  avow::promise p = wait(loop, avow_sleep(loop, 60000));
  CHECK(guest::alive == 1);
  p.cancel();
  CHECK(guest::alive == 1);
  CHECK(std::move(p).run().code() == UV_ECANCELED);
  CHECK(guest::alive == 0);
  CHECK_NOTES("ECANCELED cleaned");
}

static avow::promise wait_for_ever(uv_loop_t *on) {
  const guest here;
  for (;;)
    (void) co_await avow::outcome(avow_sleep(on, 60000));
}

static void loop_close_ends_an_endless_coroutine() {
  uv_loop_t own;
  avow_options_t options{};
  options.slow_us = UINT_MAX;
  CHECK(uv_loop_init(&own) == 0 && avow_loop_init(&own, &options) == 0);
  avow::promise p = wait_for_ever(&own);
  CHECK(guest::alive == 1);
  CHECK(avow_loop_close(&own) == 0 && uv_loop_close(&own) == 0);
  CHECK(guest::alive == 0);
  CHECK(avow_error_code(avow_result(p.get())) == UV_ECANCELED);
}

/* A member function, whose loop is that of its object. */
class server {
 public:
  operator uv_loop_t *() const {
    return loop;
  }
  avow::promise serve(int n) {
    co_return n + (co_await next()).to<int>();
  }
  avow::promise next() const {
    return avow::resolve(*this, 1);
  }
};

static void members_may_be_coroutines() {
  CHECK(server().serve(4).run().to<int>() == 5);
}

static avow::promise scene() {
  const auto nested = [](uv_loop_t *on, guest) -> avow::promise {
    (void) co_await avow::outcome(wait(on, avow_sleep(on, 0)));
    co_await avow::resolve(on, "text");
    co_return avow::value::object<guest>();
  };
  return avow::all_settled(loop, nested(loop, guest()), wait(loop, give(loop)));
}

void test_coroutines() {
  coroutine_runs_up_to_its_await_inside_the_call();
  awaits_take_as_many_jobs_as_avow_await();
  returned_promise_is_adopted_after_as_many_jobs();
  errors_are_thrown_and_exceptions_reject();
  cancellation_reaches_the_await_and_permits_cleanup();
  loop_close_ends_an_endless_coroutine();
  members_may_be_coroutines();
  survives(scene);
}

/* SPDX-License-Identifier: MIT */
/* Promises as senders, and senders as promises: with stdexec, which
   test/ship/execution.sh gets as a checkout. */
#include <avow/execution.hpp>
#include <cassert>
#include <cstdio>
#include <cstring>
#include <exec/static_thread_pool.hpp>
#include <exec/when_any.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

namespace ex = stdexec;

constexpr int hour = 3600000;

static uv_loop_t *loop;
static std::string said;

/* A receiver that notes its completion. */
struct note {
  using receiver_concept = ex::receiver_t;
  ex::inplace_stop_source *stop = nullptr;
  struct env {
    ex::inplace_stop_token token;
    auto query(ex::get_stop_token_t) const noexcept { return token; }
  };
  template <class... A> void set_value(A &&...) && noexcept { said += " value"; }
  void set_error(avow::error e) && noexcept { said += std::string(" ") + e.what(); }
  void set_error(std::exception_ptr) && noexcept { said += " exception"; }
  void set_stopped() && noexcept { said += " stopped"; }
  env get_env() const noexcept {
    return { stop != nullptr ? stop->get_token() : ex::inplace_stop_token() };
  }
};

static auto nap(int ms) {
  return avow::sender(loop, [=] { return avow_sleep(loop, static_cast<uint64_t>(ms)); });
}

static auto number(int64_t n) {
  return avow::sender(loop, [=] { return avow_promise_resolve(loop, avow_int(n)); });
}

static auto missing() {
  return avow::sender(loop, [] { return avow_read_file(loop, "missing", 80); });
}

/* Runs the loop until nothing is left, so a sleep of an hour must be gone. */
template <class S> static void completes(S sender, const char *expected) {
  said.clear();
  auto operation = ex::connect(std::move(sender), note{});
  ex::start(operation);
  assert(uv_run(loop, UV_RUN_DEFAULT) == 0);
  if (said != expected)
    std::fprintf(stderr, "%s, not%s\n", said.c_str(), expected);
  assert(said == expected);
}

static void senders_complete() {
  completes(number(42), " value");
  completes(nap(1), " value");
  completes(missing(), " read 'missing': no such file or directory");
  completes(avow::sender(loop, []() -> avow_promise_t * { throw avow::error(UV_EBUSY); }),
            " resource busy or locked");
  completes(ex::when_all(number(1), nap(1)), " value");
}

static void stop_requests_cancel_the_work() {
  completes(exec::when_any(nap(hour), nap(1)), " value");
  completes(ex::when_all(nap(hour), missing()),
            " read 'missing': no such file or directory");
}

static void any_thread_may_request_a_stop() {
  said.clear();
  ex::inplace_stop_source stop;
  auto operation = ex::connect(nap(hour), note{ &stop });
  ex::start(operation);
  std::thread other([&] { stop.request_stop(); });
  assert(uv_run(loop, UV_RUN_DEFAULT) == 0);
  other.join();
  assert(said == " stopped");
}

static void stop_may_be_requested_before_the_start() {
  said.clear();
  ex::inplace_stop_source stop;
  stop.request_stop();
  auto operation = ex::connect(nap(hour), note{ &stop });
  ex::start(operation);
  assert(uv_run(loop, UV_RUN_DEFAULT) == 0);
  assert(said == " stopped");
}

static void senders_become_promises() {
  assert(avow::from_sender(loop, ex::just()).run().is_none());
  assert(avow::from_sender(loop, ex::just(42)).run().to<int>() == 42);
  const avow::value two = avow::from_sender(loop, ex::just(1, "b")).run();
  assert(avow_list_len(two.get()) == 2);
  assert(avow::from_sender(loop, ex::just_stopped()).run().code() == UV_ECANCELED);
  assert(avow::from_sender(loop, missing()).run().code() == UV_ENOENT);
  const avow::value thrown = avow::from_sender(loop, ex::just() | ex::then([] {
    throw std::runtime_error("thrown");
  })).run();
  assert(thrown.code() == AVOW_ETHROWN);
  assert(std::strstr(thrown.message(), "thrown") != nullptr);
  const avow::value six =
      avow::from_sender(loop, number(5) | ex::then([](avow::value v) {
        return v.to<int>() + 1;
      })).run();
  assert(six.to<int>() == 6);
}

struct unready {
  operator avow::value() const { throw std::runtime_error("unready"); }
};

static void failed_conversions_reject() {
  const avow::value v = avow::from_sender(loop, ex::just(unready{})).run();
  assert(v.code() == AVOW_ETHROWN);
  assert(avow::from_sender(loop, ex::just(1, unready{})).run().is_error());
}

static void functions_may_be_movable_only() {
  auto owned = std::make_unique<int>(7);
  avow::sender sender(loop, [owned = std::move(owned)] {
    return avow_promise_resolve(loop, avow_int(*owned));
  });
  assert(avow::from_sender(loop, std::move(sender)).run().to<int>() == 7);
}

static void other_threads_may_complete() {
  exec::static_thread_pool pool(2);
  auto work = ex::schedule(pool.get_scheduler()) | ex::then([] { return 7; });
  for (int i = 0; i < 100; i++)
    assert(avow::from_sender(loop, work).run().to<int>() == 7);
}

static void canceled_promises_request_a_stop() {
  avow::promise p = avow::from_sender(loop, ex::when_all(nap(hour), nap(hour)));
  avow_cancel(p.get());
  assert(std::move(p).run().code() == UV_ECANCELED);
  assert(uv_run(loop, UV_RUN_DEFAULT) == 0);
}

int main() {
  loop = uv_default_loop();
  assert(avow_loop_init(loop, nullptr) == 0);
  senders_complete();
  stop_requests_cancel_the_work();
  any_thread_may_request_a_stop();
  stop_may_be_requested_before_the_start();
  senders_become_promises();
  failed_conversions_reject();
  functions_may_be_movable_only();
  other_threads_may_complete();
  canceled_promises_request_a_stop();
  assert(avow_loop_close(loop) == 0);
  assert(uv_loop_close(loop) == 0);
  std::puts("all passed");
}

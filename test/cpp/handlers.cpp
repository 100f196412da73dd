/* SPDX-License-Identifier: MIT */
/* Lambdas as handlers: their parameters and results, and their destruction. */
#include "check.hpp"

#include <memory>
#include <stdexcept>

static avow::promise one() {
  return avow::resolve(loop, 1);
}

static avow::promise broken() {
  return avow::resolve(loop, avow::error(UV_EIO));
}

static void note_number(int i) {
  note(std::to_string(i));
}
static void note_quietly(int i) noexcept {
  note(std::to_string(i));
}

/* Can be made from text, but is not text. */
struct buffer {
  std::string text;
  buffer(const char *bytes, size_t len) : text(bytes, len) {
  }
};

static void handlers_receive_the_type_that_they_declare() {
  one().then([] { note("none"); }).run();
  one()
      .then([](const avow::value &v) { note(v.to<int>() == 1 ? "v" : "?"); })
      .run();
  one().then([](int i) { note(std::to_string(i)); }).run();
  avow::resolve(loop, "text")
      .then([](std::string_view text) { note(std::string(text)); })
      .run();
  avow::resolve(loop, "copy")
      .then([](const std::string &text) { note(text); })
      .run();
  avow::resolve(loop, avow::value::object<buffer>("object", 6u))
      .then([](buffer &b) { note(b.text); })
      .run();
  int sum = 0;
  one().then([sum](int i) mutable { note(std::to_string(sum += i)); }).run();
  one().then(note_number).run();
  one().then(note_quietly).run();
  one().then([](int i) noexcept { return i; }).run();
  CHECK(one().then([](std::string_view) {}).run().code() == AVOW_EMISUSE);
  CHECK_NOTES("none v 1 text copy object 1 1 1");
}

static void results_of_handlers_settle_the_promise() {
  CHECK(one().then([] {}).run().is_none());
  CHECK(one().then([] { return 2; }).run().to<int>() == 2);
  CHECK(one().then([] { return std::string("s"); }).run().to<std::string>() ==
        "s");
  CHECK(one().then([] { return one(); }).run().to<int>() == 1);
  CHECK(one().then([] { return avow_sleep(loop, 0); }).run().is_none());
  CHECK(one().then([] { return avow::error(UV_EPERM); }).run().code() ==
        UV_EPERM);
}

static void exceptions_reject() {
  const avow::value v =
      one().then([] { throw std::runtime_error("a text"); }).run();
  CHECK(v.code() == AVOW_ETHROWN && std::string(v.message()) == "a text");
  CHECK(one().then([] { throw 7; }).run().code() == AVOW_ETHROWN);
  CHECK(one().then([] { throw std::bad_alloc(); }).run().code() == UV_ENOMEM);
  CHECK(one().then([] { throw avow::error(UV_EPERM); }).run().code() ==
        UV_EPERM);
  CHECK(one().finally([] { throw avow::error(UV_EPERM); }).run().code() ==
        UV_EPERM);
}

static void errors_are_passed_as_exceptions() {
  broken()
      .catch_([](const avow::error &e) {
        note(e.reason().code() == UV_EIO ? "error" : "?");
      })
      .run();
  broken().catch_([](const std::exception &e) { note(e.what()); }).run();
  broken().then([] {}, [](const avow::error &) { note("second"); }).run();
  CHECK(broken().catch_([](const avow::error &e) { return e; }).run().code() ==
        UV_EIO);
  CHECK(one().then([] { throw avow::error(avow::value(7)); }).run().code() ==
        AVOW_EREASON);
  CHECK_NOTES("error i/o error second");
}

static void each_outcome_calls_its_handler() {
  CHECK(broken().then([] { note("not this"); }).run().code() == UV_EIO);
  CHECK(broken()
            .catch_([](const avow::value &e) { return e.code(); })
            .run()
            .to<int>() == UV_EIO);
  CHECK(one().catch_([] { note("nor this"); }).run().to<int>() == 1);
  CHECK(one().then([] { return 3; }, [] { return 4; }).run().to<int>() == 3);
  CHECK(broken().then([] { return 3; }, [] { return 4; }).run().to<int>() == 4);
  CHECK(broken().finally([] { note("last"); }).run().code() == UV_EIO);
  CHECK_NOTES("last");
}

static void handlers_are_destroyed_whether_called_or_not() {
  one().then([g = guest()] { note(std::to_string(guest::alive)); }).run();
  CHECK(guest::alive == 0);
  (void) broken().then([g = guest()] { note("not called"); }).run();
  CHECK(guest::alive == 0);

  auto [shared, d] = avow::deferred::make(loop);
  avow::promise p = shared.ref().then([g = guest()] { note("not called"); });
  CHECK(guest::alive == 1);
  p.cancel();
  CHECK(guest::alive == 0);
  CHECK(std::move(p).run().code() == UV_ECANCELED);

  p = shared.ref().finally([g = guest()] { note("called"); });
  p.cancel();
  CHECK(std::move(p).run().code() == UV_ECANCELED && guest::alive == 0);
  CHECK_NOTES("1 called");
}

static avow::promise noted(avow::promise p, const char *first,
                           const char *second) {
  return std::move(p).then([first] { note(first); }).then([second] {
    note(second);
  });
}

static avow_value_t note_c(const avow_value_t *, void *word) {
  note(static_cast<const char *>(word));
  return avow_none();
}

/* A lambda runs in the same round as a handler in C. */
static void lambdas_are_called_in_order() {
  avow::promise start = one();
  static char a[] = "a1", b[] = "a2";
  avow::promise in_c =
      avow_then(avow_then(start.ref().release(), note_c, nullptr, a), note_c,
                nullptr, b);
  avow::promise follows =
      start.ref().then([] { return one(); }).then([] { note("followed"); });
  avow::promise in_cpp = noted(start.ref(), "b1", "b2");
  avow::all(loop, std::move(in_c), std::move(follows), std::move(in_cpp)).run();
  CHECK_NOTES("a1 b1 a2 b2 followed");
}

static avow::promise chain() {
  return avow::promise(avow_sleep(loop, 0))
      .then([g = guest()] { return avow::value::object<guest>(); })
      .finally([g = guest()] {})
      .then([g = guest()](guest &) { return one(); })
      .catch_([g = guest()] { return 0; });
}

void test_handlers() {
  handlers_receive_the_type_that_they_declare();
  results_of_handlers_settle_the_promise();
  exceptions_reject();
  errors_are_passed_as_exceptions();
  each_outcome_calls_its_handler();
  handlers_are_destroyed_whether_called_or_not();
  lambdas_are_called_in_order();
  survives(chain);
}

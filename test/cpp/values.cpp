/* SPDX-License-Identifier: MIT */
/* Values, errors, C++ objects, and objects with a single owner. */
#include "check.hpp"

#include <cstdint>
#include <stdexcept>

/* Returns the code of the exception that the conversion throws, or 0. */
template <class T>
static int refusal(const avow::value &v) {
  try {
    (void) v.to<T>();
    return 0;
  } catch (const avow::error &e) {
    return e.code();
  }
}

static void values_have_the_type_of_their_source() {
  CHECK(avow::value().is_none());
  CHECK(avow::value(-7).to<int>() == -7);
  CHECK(avow::value(true).to<bool>());
  CHECK(avow::value(UINT32_MAX).to<uint32_t>() == UINT32_MAX);
  CHECK(avow::value(0.5).to<double>() > 0.4);
  CHECK(avow::value("text").to<std::string_view>() == "text");
  CHECK(avow::value(std::string("a\0b", 3)).to<std::string>().size() == 3);
  CHECK(avow::value(avow::error(UV_EIO)).code() == UV_EIO);
  const avow::value said = avow::error(UV_EIO, "a word");
  CHECK(std::string(said.message()) == "a word");
}

enum color { RED, GREEN };

static void enums_are_numbers() {
  CHECK(avow::value(GREEN).to<int>() == 1);
  CHECK(avow::value(GREEN).to<color>() == GREEN);
  CHECK(avow::value(UV_ENOENT).to<int>() == UV_ENOENT);
  CHECK(avow::value(RED).get()->tag == AVOW_INT);
  CHECK(refusal<color>("text") == AVOW_EMISUSE);
}

/* The number must not be converted to another one. */
static void number_above_the_int_range_is_an_error() {
  CHECK(avow::value(UINT64_MAX).code() == AVOW_EMISUSE);
  CHECK(avow::value(static_cast<uint64_t>(INT64_MAX)).to<int64_t>() ==
        INT64_MAX);
  CHECK(std::string(avow::value(UINT64_MAX).message()) ==
        "a number that its type cannot hold");
}

/* An error rejects, whatever it was made from. */
static void error_of_any_source_is_an_error() {
  const avow::error seven(avow::value(7));
  CHECK(seven.code() == AVOW_EREASON);
  CHECK(avow_to_int(avow_error_cause(seven.reason().get())) == 7);
  const avow::error zero(0, "a word");
  CHECK(zero.code() == AVOW_EREASON);
  CHECK(std::string(zero.what()) == "a word");
  CHECK(avow::error(0).reason().is_error());
  CHECK(avow::error(UV_EIO).code() == UV_EIO);
  CHECK(avow::error(avow::value(7)).code() == AVOW_EREASON);
}

static void conversion_to_another_type_is_refused() {
  CHECK(refusal<int>("text") == AVOW_EMISUSE);
  CHECK(refusal<std::string>(4) == AVOW_EMISUSE);
  CHECK(refusal<double>(4) == AVOW_EMISUSE);
  CHECK(refusal<guest>(4) == AVOW_EMISUSE);
  CHECK(refusal<int8_t>(128) == AVOW_EMISUSE);
  CHECK(refusal<int8_t>(-128) == 0);
  CHECK(refusal<unsigned>(-1) == AVOW_EMISUSE);
  CHECK(refusal<uint64_t>(-1) == AVOW_EMISUSE);
  CHECK(refusal<bool>(2) == AVOW_EMISUSE);
  CHECK(refusal<int>(avow::error(UV_EIO)) == UV_EIO);
}

static void object_is_destroyed_with_its_last_value() {
  avow::value v = avow::value::object<guest>();
  avow::value other = v.ref();
  CHECK(&v.to<guest>() == &other.to<guest>());
  CHECK(refusal<std::runtime_error>(v) == AVOW_EMISUSE);

  v = avow::value(1);
  CHECK(guest::alive == 1);
  other = avow::value();
  CHECK(guest::alive == 0);
}

static void moved_from_object_is_empty() {
  avow::promise p = avow::resolve(loop, "x");
  avow::promise q = std::move(p);
  CHECK(p.get() == nullptr && q.get() != nullptr);
  p = q.ref();
  CHECK(p.get() == q.get());
  avow::value v = std::move(p).run(), w = std::move(v);
  CHECK(v.is_none() && w.to<std::string_view>() == "x");
}

static void deferreds_settle_or_break() {
  auto [p, d] = avow::deferred::make(loop);
  CHECK(d.resolve("done"));
  CHECK(std::move(p).run().to<std::string>() == "done");

  auto [q, dropped] = avow::deferred::make(loop);
  dropped = avow::deferred();
  CHECK(std::move(q).run().code() == AVOW_EBROKEN);
}

static void channels_deliver_items_and_end() {
  avow::channel c = avow_channel_new(loop, 2);
  CHECK(!c.send(1).run().is_error());
  CHECK(!c.send("two").run().is_error());
  c.end();
  CHECK(c.next().run().to<int>() == 1);
  CHECK(c.next().run().to<std::string>() == "two");
  CHECK(c.next().run().is_none());
}

static void combinators_take_ownership_of_their_inputs() {
  const avow::value list =
      avow::all(loop, avow::resolve(loop, 1), avow_sleep(loop, 0)).run();
  CHECK(list.size() == 2 && list[0].to<int>() == 1 && list[1].is_none());

  avow::promise ps[] = { avow_sleep(loop, 60000), avow::resolve(loop, 2) };
  avow::promise first = avow::race(loop, ps, 2);
  CHECK(ps[0].get() == nullptr && ps[1].get() == nullptr);
  first = std::move(first).by(avow_cancel_losers);
  CHECK(std::move(first).run().to<int>() == 2);
  CHECK(avow::all(loop).run().size() == 0);
}

void test_values() {
  values_have_the_type_of_their_source();
  enums_are_numbers();
  number_above_the_int_range_is_an_error();
  error_of_any_source_is_an_error();
  conversion_to_another_type_is_refused();
  object_is_destroyed_with_its_last_value();
  moved_from_object_is_empty();
  deferreds_settle_or_break();
  channels_deliver_items_and_end();
  combinators_take_ownership_of_their_inputs();
}

/* SPDX-License-Identifier: MIT */
/* A program in C++. Handlers are lambdas without captures, and get their state
   as `data`. A value is released at the end of its block. */
#include <avow/all.h>
#include <avow/stackless.h>

#include <climits>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace {

struct value {
  avow_value_t v;
  explicit value(avow_value_t taken) : v(taken) {
  }
  value(const value &) = delete;
  value &operator=(const value &) = delete;
  ~value() {
    avow_value_unref(v);
  }
};

struct greeting {
  std::string name;
  std::vector<std::string> *heard;
};

/* The promise owns the greeting until it settles. */
avow_promise_t *greet(uv_loop_t *loop, uint64_t ms, greeting g) {
  auto *own = new greeting(std::move(g));
  avow_promise_t *p = avow_then(
      avow_sleep(loop, ms),
      [](const avow_value_t *, void *data) {
        auto *self = static_cast<greeting *>(data);
        self->heard->push_back("hello, " + self->name);
        return avow_string(self->name.c_str());
      },
      nullptr, own);
  return avow_attach(p, own,
                     [](void *data) { delete static_cast<greeting *>(data); });
}

avow_value_t turned(const avow_value_t *error, void *) {
  return avow_string(avow_error_message(error));
}

} // namespace

int main() {
  auto loop = std::make_unique<uv_loop_t>();
  avow_options_t options{};
  options.slow_us = UINT_MAX;
  if (uv_loop_init(loop.get()) != 0 ||
      avow_loop_init(loop.get(), &options) != 0)
    return 1;

  std::vector<std::string> heard;
  avow_promise_t *const both[] = { greet(loop.get(), 20, { "one", &heard }),
                                   greet(loop.get(), 1, { "two", &heard }) };
  value names(avow_run(avow_all(loop.get(), both, 2)));
  value late(avow_run(avow_catch(avow_timeout(avow_sleep(loop.get(), 60000), 1),
                                 turned, nullptr)));

  auto text = [](const avow_value_t *v) {
    return std::string(avow_to_bytes(v, nullptr));
  };
  for (const auto &line : heard)
    std::cout << line << '\n';
  bool right =
      heard == std::vector<std::string>{ "hello, two", "hello, one" } &&
      avow_list_len(&names.v) == 2 &&
      text(avow_list_at(&names.v, 0)) == "one" &&
      text(&late.v).find("timed out") != std::string::npos;

#ifndef AVOW_NO_ASYNC
  value awaited(avow_run(avow_async(
      loop.get(),
      [](void *data) {
        auto *l = static_cast<uv_loop_t *>(data);
        value v(avow_await(avow_promise_resolve(l, avow_int(41))));
        return avow_int(avow_to_int(&v.v) + 1);
      },
      loop.get())));
  right = right && avow_to_int(&awaited.v) == 42;
#endif

  right = right && avow_loop_close(loop.get()) == 0 &&
          uv_loop_close(loop.get()) == 0;
  return right ? 0 : 1;
}

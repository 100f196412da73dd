/* SPDX-License-Identifier: MIT */
/*
 * A plug-in in C++ for test_plug.c. Each function is a test and returns the
 * number of failures.
 */
#include <avow/all.h>
#include <avow/stackless.h>

#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>

static uv_loop_t *loop;

static avow_value_t sleep_ms(int ms) {
  return avow_await(avow_sleep(loop, ms));
}

/* Two of these run at a time, and the first continues first. The latest
   exception of the thread then belongs to the second. */
static avow_value_t rethrow(void *data) {
  const int ms = *static_cast<int *>(data);
  const std::string mine = "after " + std::to_string(ms);
  try {
    try {
      throw std::runtime_error(mine);
    } catch (const std::exception &) {
      avow_value_unref(sleep_ms(ms));
      throw;
    }
  } catch (const std::exception &e) {
    return avow_int(mine != e.what());
  }
}

static avow_value_t end_much_later(void *data) {
  try {
    throw std::runtime_error("early");
  } catch (...) {
    avow_ignore(avow_await_done(avow_sleep(loop, 20)));
  }
  return avow_int(std::current_exception() != nullptr);
}

struct awaiter {
  ~awaiter() {
    avow_value_unref(sleep_ms(1));
  }
};

/* The exception is in flight while the destructor awaits. */
static avow_value_t await_while_it_unwinds(void *data) {
  try {
    awaiter waits;
    throw std::runtime_error("unwinding");
  } catch (const std::exception &) {
    return avow_int(std::uncaught_exception());
  }
}

static int sum(avow_value_t v) {
  int wrong = avow_is_error(&v) ? 1 : 0;
  for (size_t i = 0; i < avow_list_len(&v); i++)
    wrong += static_cast<int>(avow_to_int(avow_list_at(&v, i)));
  avow_value_unref(v);
  return wrong;
}

extern "C" {
AVOW_API void plug_in(uv_loop_t *of_host);
AVOW_API int functions_have_their_own_exceptions(void);
AVOW_API int a_caller_keeps_its_exceptions(void);
AVOW_API int functions_that_throw_reject(void);
AVOW_API void throw_in_a_handler(void);
AVOW_API void throw_in_a_try(void);
AVOW_API void throw_in_a_step(void);
AVOW_API void throw_in_a_canceler(void);
AVOW_API void throw_in_a_destroy(void);
AVOW_API avow_value_t plug_rethrow(void *data);
AVOW_API avow_value_t plug_throw(void *data);
}

void plug_in(uv_loop_t *of_host) {
  loop = of_host;
}

int functions_have_their_own_exceptions(void) {
  int first = 5, second = 10;
  avow_promise_t *const both[] = {
    avow_async(loop, end_much_later, nullptr),
    avow_async(loop, rethrow, &first),
    avow_async(loop, rethrow, &second),
    avow_async(loop, await_while_it_unwinds, nullptr),
  };
  const bool left = std::current_exception() != nullptr;
  return sum(avow_run(avow_all(loop, both, 4))) + left +
         (std::current_exception() != nullptr);
}

int a_caller_keeps_its_exceptions(void) {
  int ms = 1;
  try {
    try {
      throw std::runtime_error("of the caller");
    } catch (...) {
      avow_promise_t *const one[] = { avow_async(loop, rethrow, &ms) };
      if (sum(avow_run(avow_all(loop, one, 1))) != 0)
        return 1;
      throw;
    }
  } catch (const std::exception &e) {
    return std::strcmp(e.what(), "of the caller") != 0;
  }
}

static avow_value_t throw_text(void *data) {
  avow_value_unref(sleep_ms(1));
  throw std::runtime_error("a text");
}

static avow_value_t throw_int(void *data) {
  throw 7;
}

static avow_value_t run_out(void *data) {
  throw std::bad_alloc();
}

static int differs(avow_fn fn, int code, const char *text) {
  avow_value_t v = avow_run(avow_async(loop, fn, nullptr));
  const bool same = avow_error_code(&v) == code &&
                    std::strcmp(avow_error_message(&v), text) == 0;
  avow_value_unref(v);
  return !same;
}

int functions_that_throw_reject(void) {
  return differs(throw_text, AVOW_ETHROWN, "a text") +
         differs(throw_int, AVOW_ETHROWN, avow_strerror(AVOW_ETHROWN)) +
         differs(run_out, UV_ENOMEM, avow_strerror(UV_ENOMEM));
}

/* Functions that the host starts. */

avow_value_t plug_rethrow(void *data) {
  return rethrow(data);
}

avow_value_t plug_throw(void *data) {
  throw std::runtime_error("out of a function of C");
}

/* Each of the following functions ends the process. */

static avow_value_t throw_cb(const avow_value_t *arg, void *data) {
  throw std::runtime_error("out of a handler");
}

static void catch_outside(void (*fn)(void)) {
  try {
    fn();
  } catch (...) {
    std::puts("caught outside");
  }
}

void throw_in_a_handler(void) {
  catch_outside([] {
    avow_value_unref(
        avow_run(avow_then(avow_sleep(loop, 0), throw_cb, nullptr, nullptr)));
  });
}

void throw_in_a_try(void) {
  catch_outside([] { avow_unref(avow_try(loop, plug_throw, nullptr)); });
}

void throw_in_a_step(void) {
  static avow_frame_t frame;
  catch_outside([] { avow_unref(avow_stackless(loop, throw_cb, &frame)); });
}

static void throw_data(void *data) {
  plug_throw(data);
}

void throw_in_a_canceler(void) {
  catch_outside([] {
    avow_deferred_t *d;
    avow_promise_t *p = avow_promise_new(loop, &d);
    avow_on_cancel(d, throw_data, nullptr);
    avow_cancel(p);
  });
}

void throw_in_a_destroy(void) {
  static const avow_class_t bad = { "bad", throw_data, nullptr,
                                    false, nullptr,    {} };
  catch_outside([] { avow_value_unref(avow_object(&bad, nullptr)); });
}

/* SPDX-License-Identifier: MIT */
/*
 * C++20 coroutines that return an avow::promise and await other promises.
 * avow.hpp includes this header. A coroutine runs, settles and is canceled like
 * a function of avow_async(), but has no separate stack.
 *
 *   avow::promise greet(uv_loop_t *loop, std::string name) {
 *     avow::value text = co_await avow_read_file(loop, "greeting", 80);
 *     co_return text.to<std::string>() + name;
 *   }
 *
 * A coroutine runs on the loop of its first parameter that converts to
 * uv_loop_t *. co_await returns a value, and throws an error as an avow::error.
 * Without exceptions, an error ends the coroutine, and the promise of the
 * coroutine rejects with that error.
 */
#ifndef AVOW_COROUTINE_HPP
#define AVOW_COROUTINE_HPP

#include <avow.hpp>

#include <coroutine>

namespace avow {

/** A promise whose error co_await returns as a value, without throwing it. */
struct outcome : promise {
  explicit outcome(promise p) noexcept : promise(std::move(p)) {}
};

/* The promise type of the coroutine. */
class coroutine : avow_frame_t {
  using self = std::coroutine_handle<coroutine>;
  struct begin : std::suspend_always {
    void await_suspend(self h) const {
      if (!avow_coroutine_start(h.promise().made_))
        h.destroy();
    }
  };
  struct awaiter : std::suspend_always {
    const coroutine &by;
    value await_resume() const {
      value got = value::of(by.got_).ref();
      if (by.throws_ && got.is_error())
        detail::raise(got.ref());
      return got;
    }
  };

public:
  template <class... A> explicit coroutine(A &...args)
      : avow_frame_t(), loop_(loop_of(args...)) {}
  template <class... A>
  [[gnu::always_inline]] void *operator new(size_t size, A &...args) noexcept {
    failed_ = loop_of(args...);
    return ::operator new(size, std::nothrow);
  }
  [[gnu::always_inline]] void operator delete(void *frame) { ::operator delete(frame); }
  static promise get_return_object_on_allocation_failure() {
    return resolve(failed_, avow_error(UV_ENOMEM));
  }
  promise get_return_object() {
    return made_ = avow_coroutine_new(loop_, step, this);
  }
  begin initial_suspend() const noexcept { return {}; }
  std::suspend_always final_suspend() const noexcept { return {}; }
  awaiter await_transform(promise &&p) { return wait_for(p, true); }
  awaiter await_transform(outcome &&p) { return wait_for(p, false); }
  template <class T = value> void return_value(T &&v) {
    result_ = value(std::forward<T>(v));
  }
  void unhandled_exception() noexcept {
    result_ = detail::guard(
        []() -> value { std::rethrow_exception(std::current_exception()); });
  }

private:
  template <class T = void> static uv_loop_t *loop_of() {
    static_assert(!std::is_void_v<T>, "a coroutine needs a parameter that is "
                                      "a uv_loop_t *, or becomes one");
    return nullptr;
  }
  template <class A, class... B> static uv_loop_t *loop_of(A &arg, B &...more) {
    if constexpr (std::is_convertible_v<A &, uv_loop_t *>)
      return arg;
    else
      return loop_of(more...);
  }
  awaiter wait_for(promise &p, bool throws) {
    awaited_ = p.release();
    throws_ = throws;
    return { {}, *this };
  }
  /* Without exceptions an error ends the coroutine. */
  static avow_value_t step(const avow_value_t *got, void *data) {
    auto *me = static_cast<coroutine *>(static_cast<avow_frame_t *>(data));
    const self h = self::from_promise(*me);
    if (got == nullptr)
      return h.destroy(), avow_none();
    me->line = 0;
    me->got_ = got;
    if (!detail::throws && me->throws_ && avow_is_error(got))
      return avow_value_ref(got);
    h.resume();
    if (h.done())
      return me->result_.release();
    me->line = 1;
    return avow_follow(me->awaited_);
  }

  static inline thread_local uv_loop_t *failed_ = nullptr;
  uv_loop_t *loop_;
  avow_promise_t *made_ = nullptr, *awaited_ = nullptr;
  const avow_value_t *got_ = nullptr;
  bool throws_ = false;
  value result_;
};

} // namespace avow

#endif

/* SPDX-License-Identifier: MIT */
/*
 * avow for C++17: classes that release avow's objects in their destructors, and
 * lambdas as handlers. With C++20 the header includes coroutines.
 *
 * To pass ownership of a variable, write std::move(). Pass get() to a C
 * function that borrows the object, and release() to a C function that takes
 * ownership. If a handler throws an avow::error, its promise rejects with the
 * reason of that error. If the handler throws std::bad_alloc, its promise
 * rejects with UV_ENOMEM. Any other exception becomes AVOW_ETHROWN. docs/cpp.md
 * has examples.
 */
#ifndef AVOW_HPP
#define AVOW_HPP

#if __cplusplus < 201703L && !(defined(_MSVC_LANG) && _MSVC_LANG >= 201703L)
#  error "avow.hpp is for C++17: compile with -std=c++17 or a later one"
#endif

#include <avow.h>
#include <avow/closure.h>
#include <avow/value.hpp>
#include <memory>

namespace avow {

/** The sole owner of an object of avow; the destructor calls `Drop`. */
template <class T, auto Drop> class handle {
public:
  handle(T *taken = nullptr) noexcept : p_(taken) {}
  handle(handle &&other) noexcept : p_(other.release()) {}
  ~handle() { Drop(p_); }
  handle &operator=(handle &&other) noexcept {
    Drop(std::exchange(p_, other.release()));
    return *this;
  }
  T *get() const noexcept { return p_; }
  T *release() noexcept { return std::exchange(p_, nullptr); }
private:
  T *p_;
};

namespace detail {

/* Calls fn and returns its result, or an error value if it throws. */
template <class F, class... A> value call(F &fn, A &&...args) noexcept {
  return guard([&]() -> value {
    if constexpr (!std::is_void_v<std::invoke_result_t<F &, A...>>)
      return value(fn(std::forward<A>(args)...));
    else
      return fn(std::forward<A>(args)...), value();
  });
}
template <class F> avow_value_t call_owned(void *data) {
  return call(*std::unique_ptr<F>(static_cast<F *>(data))).release();
}

template <class R, class F, class A> A argument(R (F::*)(A) const);
template <class R, class F, class A> A argument(R (F::*)(A));

/* The type of the parameter of H; void * unless H has exactly one. */
template <class H, class = void> struct parameter { using type = void *; };
template <class H>
struct parameter<H, std::void_t<decltype(argument(&H::operator()))>> {
  using type = std::decay_t<decltype(argument(&H::operator()))>;
};
template <class R, class A> struct parameter<R (*)(A)> {
  using type = std::decay_t<A>;
};
template <class R, class A>
struct parameter<R (*)(A) noexcept> : parameter<R (*)(A)> {};

/* The handlers of both outcomes; nullptr: the outcome is passed on. */
template <class F, class G> struct handlers {
  F fulfilled;
  G rejected;
  template <bool Failed, class H>
  static value call_with(H &fn, const value &got) {
    if constexpr (std::is_null_pointer_v<H>) {
      return got.ref();
    } else if constexpr (std::is_invocable_v<H &>) {
      return call(fn);
    } else if constexpr (std::is_invocable_v<H &, const value &>) {
      return call(fn, got);
    } else if constexpr (Failed) {
      static_assert(std::is_invocable_v<H &, const error &>,
                    "a handler of errors takes nothing, const avow::value &, "
                    "const avow::error & or const std::exception &");
      return call(fn, error(got.ref()));
    } else {
      using A = typename parameter<H>::type;
      static_assert(is_kept<A> && !std::is_base_of_v<std::exception, A> &&
                        !std::is_same_v<A, value>,
                    "a handler takes nothing, const avow::value &, or what "
                    "value::to() gives: a number, text, an object");
      auto unpacked = [&]() -> decltype(auto) { return fn(got.to<A>()); };
      return call(unpacked);
    }
  }
  static avow_value_t run(const avow_value_t *got, void *data) {
    const std::unique_ptr<handlers> me(static_cast<handlers *>(data));
    if (got == nullptr)
      return avow_none();
    const value &v = value::of(got);
    return (v.is_error() ? call_with<true>(me->rejected, v)
                         : call_with<false>(me->fulfilled, v))
        .release();
  }
};

} // namespace detail

/** A promise; for a variable p, write std::move(p).then(f). */
class promise : public handle<avow_promise_t, avow_unref> {
public:
  using promise_type = class coroutine; /* avow/coroutine.hpp */
  using handle::handle;
  promise ref() const noexcept { return avow_ref(get()); }
  void cancel() const noexcept { avow_cancel(get()); }
  /* A frame of its own would hide variables that have ended from the checks. */
  [[gnu::always_inline]] value run() && noexcept { return avow_run(release()); }

  /** Calls `ok` with the value, or `failed` with the error, from a job.

      `ok` has no parameter, a const value &, or a type to which value::to()
      converts. `failed` has no parameter, a const value &, a const error & or a
      const std::exception &. Both handlers are destroyed after the call, or
      when it is certain that neither is called. */
  template <class F, class G = std::nullptr_t>
  promise then(F ok, G failed = nullptr) && {
    using both = detail::handlers<F, G>;
    auto data = new (std::nothrow) both{ std::move(ok), std::move(failed) };
    return data ? avow_then_closure(release(), both::run, data) : lost();
  }
  template <class G> promise catch_(G failed) && {
    return std::move(*this).then(nullptr, std::move(failed));
  }
  template <class F> promise finally(F fn) && {
    if (auto data = new (std::nothrow) F(std::move(fn)))
      return avow_finally(release(), detail::call_owned<F>, data);
    (void) detail::call(fn); /* there is no memory to call fn later */
    return lost();
  }
  /** Passes the promise to a C function: std::move(p).by(avow_timeout, 9). */
  template <class... A> promise by(avow_promise_t *(*fn)(avow_promise_t *, A...),
                                   std::common_type_t<A>... args) && {
    return fn(release(), std::move(args)...);
  }

private:
  promise lost() {
    cancel();
    const avow_cb fail = [](auto...) { return avow_error(UV_ENOMEM); };
    return avow_then(release(), fail, fail, nullptr);
  }
};

inline value::value(promise p) noexcept : v_(avow_follow(p.release())) {}

/** A deferred: auto [p, d] = avow::deferred::make(loop); */
class deferred : public handle<avow_deferred_t, avow_deferred_drop> {
public:
  using handle::handle;
  static std::pair<promise, deferred> make(uv_loop_t *loop) {
    avow_deferred_t *d;
    promise p = avow_promise_new(loop, &d);
    return { std::move(p), d };
  }
  bool resolve(value v) { return avow_resolve(release(), v.release()); }
  bool reject(value v) { return avow_reject(release(), v.release()); }
};

class channel : public handle<avow_channel_t, avow_channel_unref> {
public:
  using handle::handle;
  promise next() const { return avow_channel_next(get()); }
  promise send(value v) const { return avow_channel_send(get(), v.release()); }
  void end() const { avow_channel_end(get()); }
};

inline promise resolve(uv_loop_t *loop, value v) {
  return avow_promise_resolve(loop, v.release());
}

/** A combinator: all(loop, p, q), or all(loop, ps.data(), n) for an array. */
template <auto Of> struct combinator {
  template <class... P, only<(std::is_constructible_v<promise, P> && ...)> = 0>
  promise operator()(uv_loop_t *loop, P &&...ps) const {
    promise each[sizeof...(P) + 1] = { std::forward<P>(ps)... };
    return (*this)(loop, each, sizeof...(P));
  }
  promise operator()(uv_loop_t *loop, promise *ps, size_t n) const {
    promise made = Of(loop, reinterpret_cast<avow_promise_t **>(ps), n);
    for (size_t i = 0; i < n; i++)
      (void) ps[i].release(); /* the combinator owns it */
    return made;
  }
};
inline constexpr combinator<avow_all> all;
inline constexpr combinator<avow_all_settled> all_settled;
inline constexpr combinator<avow_race> race;
inline constexpr combinator<avow_any> any;

} // namespace avow

#if __cplusplus >= 202002L
#  include <avow/coroutine.hpp>
#endif

#endif

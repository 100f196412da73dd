/* SPDX-License-Identifier: MIT */
/*
 * avow for C++17: what avow.h has, let go of by itself, and lambdas for its
 * handlers; for C++20 coroutines, too. What takes a promise moves it; C is lent
 * one by get(), and given one by release(). No exception comes to C: an
 * avow::error rejects with its reason, and others with AVOW_ETHROWN.
 */
#ifndef AVOW_HPP
#define AVOW_HPP

#include <avow.h>
#include <avow/closure.h>
#include <exception>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

namespace avow {

class error;
class promise;
template <bool If> using only = std::enable_if_t<If, int>;

/** Specialise as true what may be let go of on any thread, see value.h. */
template <class T> inline constexpr bool sendable = false;

/** Has one owner, and is dropped by that: any type of avow's. */
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

/** A value or an error: of a number, text, an error, a promise to follow. */
class value {
public:
  value() noexcept : v_(avow_none()) {}
  value(avow_value_t taken) noexcept : v_(taken) {}
  value(double d) noexcept : v_(avow_double(d)) {}
  value(promise p) noexcept;
  value(const error &e) noexcept;
  template <class T, only<std::is_integral_v<T>> = 0> value(T i) noexcept
      : v_(avow_int(static_cast<int64_t>(i))) {}
  template <class T, only<std::is_convertible_v<T, std::string_view>> = 0>
  value(const T &text) noexcept {
    const std::string_view bytes = text;
    v_ = avow_bytes(bytes.data(), bytes.size());
  }
  value(value &&other) noexcept : v_(other.release()) {}
  ~value() { avow_value_unref(v_); }
  value &operator=(value &&other) noexcept {
    avow_value_unref(std::exchange(v_, other.release()));
    return *this;
  }
  /** A new T, which goes with the last value that has it. */
  template <class T, class... A> static value object(A &&...args) {
    T *self = new (std::nothrow) T{ std::forward<A>(args)... };
    return self ? avow_object(class_of<T>(), self) : avow_error(UV_ENOMEM);
  }
  /** What C lends, which is all that a value is. */
  static const value &of(const avow_value_t *lent) noexcept {
    return *reinterpret_cast<const value *>(lent);
  }
  const avow_value_t *get() const noexcept { return &v_; }
  avow_value_t release() noexcept { return avow_steal(&v_); }
  value ref() const noexcept { return avow_value_ref(&v_); }
  bool is_none() const noexcept { return avow_is_none(&v_); }
  bool is_error() const noexcept { return avow_is_error(&v_); }
  int code() const noexcept { return avow_error_code(&v_); }
  const char *message() const noexcept { return avow_error_message(&v_); }
  size_t size() const noexcept { return avow_list_len(&v_); }
  const value &operator[](size_t i) const { return of(avow_list_at(&v_, i)); }

  /** The number, the text (a view of it lasts as long as this), or a reference
      to the object. Throws the error that it is, or else AVOW_EMISUSE. */
  template <class T> decltype(auto) to() const {
    if constexpr (std::is_integral_v<T>) {
      const bool fits = v_.tag == AVOW_INT && in_range<T>(v_.u.i);
      return static_cast<T>(avow_to_int(expect(fits)));
    } else if constexpr (std::is_floating_point_v<T>) {
      return static_cast<T>(avow_to_double(expect(v_.tag == AVOW_DOUBLE)));
    } else if constexpr (std::is_constructible_v<T, const char *, size_t>) {
      size_t len = 0;
      const char *bytes = avow_to_bytes(expect(v_.tag == AVOW_BYTES), &len);
      return T(bytes, len);
    } else {
      const avow_value_t *v = expect(avow_is_object(&v_, class_of<T>()));
      return *static_cast<T *>(avow_to_object(v, class_of<T>()));
    }
  }

private:
  template <class T> static bool in_range(int64_t i) noexcept {
    const T t = static_cast<T>(i);
    return static_cast<int64_t>(t) == i && (t < T(1)) == (i < 1);
  }
  template <class T> static const avow_class_t *class_of() noexcept {
    static constexpr auto destroy = [](void *p) { delete static_cast<T *>(p); };
    static const avow_class_t klass = { "C++ object", destroy, nullptr,
                                        sendable<T>,  nullptr, {} };
    return &klass;
  }
  const avow_value_t *expect(bool right) const;

  avow_value_t v_;
};

/** An error as an exception: of a co_await, or thrown to reject. */
class error : public std::exception {
public:
  explicit error(value reason) noexcept : reason_(std::move(reason)) {}
  explicit error(int code, const char *message = nullptr) noexcept
      : reason_(message ? avow_error_new(code, avow_none(), "%s", message)
                        : avow_error(code)) {}
  error(const error &e) noexcept : exception(e), reason_(e.reason_.ref()) {}
  const char *what() const noexcept override { return reason_.message(); }
  const value &reason() const noexcept { return reason_; }
private:
  value reason_;
};

namespace detail {

#ifdef __cpp_exceptions
inline constexpr bool throws = true;
inline void raise(value reason) { throw error(std::move(reason)); }
template <class F> value guard(F fn) noexcept {
  try {
    return fn();
  } catch (const error &e) {
    return e;
  } catch (const std::bad_alloc &) {
    return avow_error(UV_ENOMEM);
  } catch (const std::exception &e) {
    return error(AVOW_ETHROWN, e.what());
  } catch (...) {
    return avow_error(AVOW_ETHROWN);
  }
}
#else
inline constexpr bool throws = false;
inline void raise(const value &) {}
template <class F> value guard(F fn) noexcept { return fn(); }
#endif

/* What fn returns or throws. */
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

/* A handler of both outcomes, of which nullptr passes on what it got. */
template <class F, class G> struct handlers {
  F fulfilled;
  G rejected;
  template <class H> static value call_with(H &fn, const value &got) {
    if constexpr (std::is_null_pointer_v<H>) {
      return got.ref();
    } else if constexpr (std::is_invocable_v<H &>) {
      return call(fn);
    } else if constexpr (std::is_invocable_v<H &, const value &>) {
      return call(fn, got);
    } else {
      using A = std::decay_t<decltype(argument(&H::operator()))>;
      auto unpacked = [&]() -> decltype(auto) { return fn(got.to<A>()); };
      return call(unpacked);
    }
  }
  static avow_value_t run(const avow_value_t *got, void *data) {
    const std::unique_ptr<handlers> me(static_cast<handlers *>(data));
    if (got == nullptr)
      return avow_none();
    const value &v = value::of(got);
    return (v.is_error() ? call_with(me->rejected, v)
                         : call_with(me->fulfilled, v))
        .release();
  }
};

} // namespace detail

/** A promise; what makes another of it takes it: std::move(p).then(f). */
class promise : public handle<avow_promise_t, avow_unref> {
public:
  using promise_type = class coroutine; /* avow/coroutine.hpp */
  using handle::handle;
  promise ref() const noexcept { return avow_ref(get()); }
  void cancel() const noexcept { avow_cancel(get()); }
  value run() && noexcept { return avow_run(release()); }

  /** Handlers take nothing, a const value &, or what value::to() gives; they
      go when they were called, or never will be. */
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
    (void) detail::call(fn); /* now or never */
    return lost();
  }
  /** What a function of C makes of it: std::move(p).by(avow_timeout, 100). */
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
inline value::value(const error &e) noexcept : v_(e.reason().ref().release()) {}
inline const avow_value_t *value::expect(bool right) const {
  if (!right)
    detail::raise(is_error() ? ref() : error(AVOW_EMISUSE, "another type"));
  return &v_;
}

/** auto [p, d] = avow::deferred::make(loop); */
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

/** avow::all(loop, p, q), or of an array: avow::all(loop, ps.data(), n). */
template <auto Of> struct combinator {
  template <class... P, only<(std::is_constructible_v<promise, P> && ...)> = 0>
  promise operator()(uv_loop_t *loop, P &&...ps) const {
    promise each[sizeof...(P) + 1] = { std::forward<P>(ps)... };
    return (*this)(loop, each, sizeof...(P));
  }
  promise operator()(uv_loop_t *loop, promise *ps, size_t n) const {
    promise made = Of(loop, reinterpret_cast<avow_promise_t **>(ps), n);
    for (size_t i = 0; i < n; i++)
      (void) ps[i].release(); /* it was taken */
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

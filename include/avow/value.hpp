/* SPDX-License-Identifier: MIT */
/*
 * Values and errors in C++. avow.hpp includes this header. An avow::value owns
 * an avow_value_t and releases it in its destructor. An avow::error is an
 * exception.
 */
#ifndef AVOW_VALUE_HPP
#define AVOW_VALUE_HPP

#include <avow.h>
#include <exception>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

namespace avow {

class error;
class promise;
class value;
template <bool If> using only = std::enable_if_t<If, int>;

/** Whether any thread may destroy a T; specialize it for your classes. */
template <class T> inline constexpr bool sendable = false;

/** The name of T in reports of leaked values; specialize it for your classes. */
template <class T> inline constexpr const char *class_name = "C++ object";

namespace detail {

template <class T>
inline constexpr bool is_number =
    std::is_integral_v<T> ||
    (std::is_enum_v<T> && std::is_convertible_v<T, int64_t>);

/* Whether T can be made from bytes and converts to a std::string_view. */
template <class T>
inline constexpr bool is_text =
    std::is_constructible_v<T, const char *, size_t> &&
    std::is_convertible_v<const T &, std::string_view>;

/* Whether a handler may have a parameter of type T, which value::to() gives. */
template <class T>
inline constexpr bool is_kept =
    std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_class_v<T> ||
    std::is_union_v<T>;

template <class To, class From> bool fits(From from) noexcept {
  const To to = static_cast<To>(from);
  return static_cast<From>(to) == from && (to < To(1)) == (from < From(1));
}

inline avow_value_t out_of_range() noexcept {
  return avow_error_new(AVOW_EMISUSE, avow_none(),
                        "a number that its type cannot hold");
}

inline void raise(value reason);

} // namespace detail

/** A value or an error. Numbers, text, errors and promises convert to it. */
class value {
public:
  value() noexcept : v_(avow_none()) {}
  value(avow_value_t taken) noexcept : v_(taken) {}
  value(double d) noexcept : v_(avow_double(d)) {}
  value(promise p) noexcept;
  value(const error &e) noexcept;
  /** Makes an INT of an integer or an unscoped enumeration. */
  template <class T, only<detail::is_number<T>> = 0> value(T n) noexcept
      : v_(detail::fits<int64_t>(n) ? avow_int(static_cast<int64_t>(n))
                                    : detail::out_of_range()) {}
  template <class T, only<std::is_convertible_v<T, std::string_view>> = 0>
  value(const T &text) noexcept {
    if constexpr (!std::is_class_v<T>) {
      v_ = avow_string(text); /* avow_string() reports NULL */
    } else {
      const std::string_view bytes = text;
      v_ = avow_bytes(bytes.data(), bytes.size());
    }
  }
  value(value &&other) noexcept : v_(other.release()) {}
  ~value() { avow_value_unref(v_); }
  value &operator=(value &&other) noexcept {
    avow_value_unref(std::exchange(v_, other.release()));
    return *this;
  }
  /** Creates a T. The last value that refers to the T deletes it. */
  template <class T, class... A> static value object(A &&...args) {
    static_assert((std::is_class_v<T> || std::is_union_v<T>) &&
                      !detail::is_text<T>,
                  "numbers and text are values by themselves: an object is of "
                  "a class that has them");
    T *self = new (std::nothrow) T{ std::forward<A>(args)... };
    return self ? avow_object(class_of<T>(), self) : avow_error(UV_ENOMEM);
  }
  /** Casts a borrowed C value to a value. A value has no other member. */
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

  /** Converts to a number, to text or to a reference to the object.

      A std::string_view is valid as long as this value. If this value is an
      error, the call throws that error. If the value has another type, or T
      cannot hold the number, the call throws AVOW_EMISUSE. */
  template <class T> decltype(auto) to() const {
    if constexpr (std::is_enum_v<T>) {
      return static_cast<T>(to<std::underlying_type_t<T>>());
    } else if constexpr (std::is_integral_v<T>) {
      const bool fits = v_.tag != AVOW_INT || detail::fits<T>(v_.u.i);
      if (!fits)
        detail::raise(detail::out_of_range());
      return static_cast<T>(avow_to_int(expect(fits && v_.tag == AVOW_INT)));
    } else if constexpr (std::is_floating_point_v<T>) {
      return static_cast<T>(avow_to_double(expect(v_.tag == AVOW_DOUBLE)));
    } else if constexpr (detail::is_text<T>) {
      size_t len = 0;
      const char *bytes = avow_to_bytes(expect(v_.tag == AVOW_BYTES), &len);
      return T(bytes, len);
    } else {
      const avow_value_t *v = expect(avow_is_object(&v_, class_of<T>()));
      return *static_cast<T *>(avow_to_object(v, class_of<T>()));
    }
  }

private:
  template <class T> static const avow_class_t *class_of() noexcept {
    static constexpr auto destroy = [](void *p) { delete static_cast<T *>(p); };
    static const avow_class_t klass = { class_name<T>, destroy, nullptr,
                                        sendable<T>,   nullptr, {} };
    return &klass;
  }
  const avow_value_t *expect(bool right) const;

  avow_value_t v_;
};

/** An error as an exception. co_await throws it, and handlers may throw it. */
class error : public std::exception {
public:
  /** Holds `reason`. If `reason` is not an error, it becomes the cause of an
      AVOW_EREASON. */
  explicit error(value reason) noexcept
      : reason_(reason.is_error() ? std::move(reason)
                                  : value(caused_by(reason.release()))) {}
  /** Holds an error with `code`, or with AVOW_EREASON if `code` is 0. */
  explicit error(int code, const char *message = nullptr) noexcept
      : reason_(message ? avow_error_new(code ? code : AVOW_EREASON,
                                         avow_none(), "%s", message)
                        : avow_error(code ? code : AVOW_EREASON)) {}
  error(const error &e) noexcept : exception(e), reason_(e.reason_.ref()) {}
  const char *what() const noexcept override { return reason_.message(); }
  /** The code of libuv or of avow, such as UV_ENOENT. */
  int code() const noexcept { return reason_.code(); }
  const value &reason() const noexcept { return reason_; }
private:
  static avow_value_t caused_by(avow_value_t taken) noexcept {
    return avow_error_new(AVOW_EREASON, taken, nullptr);
  }
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
inline void raise(value) {}
template <class F> value guard(F fn) noexcept { return fn(); }
#endif

} // namespace detail

inline const avow_value_t *value::expect(bool right) const {
  if (!right)
    detail::raise(is_error() ? ref() : error(AVOW_EMISUSE, "another type"));
  return &v_;
}

inline value::value(const error &e) noexcept : v_(e.reason().ref().release()) {}

} // namespace avow

#endif

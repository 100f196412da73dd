/* SPDX-License-Identifier: MIT */
/*
 * avow's promises as senders of C++26's std::execution, and senders as promises.
 *
 *   avow::sender nap(loop, [=] { return avow_sleep(loop, 100); });
 *   avow::promise p = avow::from_sender(loop, ex::when_all(nap, other));
 *
 * An operation of a sender must start on the loop's thread. It calls the
 * function and completes on that thread: with an avow::value, with an
 * avow::error, or stopped if the promise rejects with UV_ECANCELED. A stop
 * request, from any thread, cancels the promise. Without senders in the
 * standard library, the header includes those of stdexec.
 */
#ifndef AVOW_EXECUTION_HPP
#define AVOW_EXECUTION_HPP

#include <avow.hpp>
#include <atomic>
#include <optional>
#ifdef __cpp_lib_senders
#  include <execution>
#  include <stop_token>
#else
#  include <stdexec/execution.hpp>
#endif

namespace avow::detail {
namespace ex {
#ifdef __cpp_lib_senders
using namespace std::execution;
using std::get_stop_token, std::get_stop_token_t, std::inplace_stop_source,
    std::inplace_stop_token, std::stop_callback_for_t, std::stop_token_of_t;
#else
using namespace stdexec;
#endif
} // namespace ex
template <class F, class R> struct promise_operation {
  struct on_stop {
    promise_operation *me;
    void operator()() noexcept {
      (void) avow_remote_resolve(std::exchange(me->stop_, nullptr), avow_none());
    }
  };
  using operation_state_concept = ex::operation_state_t;
  promise_operation(uv_loop_t *loop, F make, R receiver)
      : loop_(loop), make_(std::move(make)), receiver_(std::move(receiver)) {}
  void start() & noexcept {
    promise stop = avow_remote_new(loop_, &stop_);
    promise p = avow_until(resolve(loop_, call(make_)).release(), stop.get());
    on_stop_.emplace(ex::get_stop_token(ex::get_env(receiver_)), on_stop{ this });
    avow_on_settled(p.release(), settled, this);
  }
  static void settled(const avow_value_t *outcome, void *data) noexcept {
    auto *me = static_cast<promise_operation *>(data);
    me->on_stop_.reset(); /* no stop request runs any more */
    avow_remote_drop(me->stop_);
    value got = value::of(outcome).ref();
    if (!got.is_error())
      ex::set_value(std::move(me->receiver_), std::move(got));
    else if (got.code() == UV_ECANCELED)
      ex::set_stopped(std::move(me->receiver_));
    else
      ex::set_error(std::move(me->receiver_), error(std::move(got)));
  }
  uv_loop_t *loop_;
  F make_;
  R receiver_;
  avow_remote_t *stop_ = nullptr;
  std::optional<ex::stop_callback_for_t<ex::stop_token_of_t<ex::env_of_t<R>>, on_stop>> on_stop_;
};

/* An operation whose outcome a promise has, until both are over. The sender may
   complete on another thread. */
template <class S> struct promised_sender {
  struct env {
    ex::inplace_stop_token token;
    auto query(ex::get_stop_token_t) const noexcept { return token; }
  };
  struct receiver {
    using receiver_concept = ex::receiver_t;
    promised_sender *me;
    template <class... A> void set_value(A &&...got) && noexcept {
      me->end(guard([&]() -> value {
        value all[] = { value(std::forward<A>(got))..., value() };
        avow_value_t items[sizeof...(A) + 1];
        for (size_t i = 0; i <= sizeof...(A); i++)
          items[i] = all[i].release();
        return sizeof...(A) < 2 ? items[0] : avow_list(items, sizeof...(A));
      }));
    }
    template <class E> void set_error(E e) && noexcept {
      if constexpr (std::is_same_v<E, std::exception_ptr>)
        me->end(guard([&]() -> value { std::rethrow_exception(e); }));
      else
        me->end(guard([&]() -> value { return error(value(std::move(e))); }));
    }
    void set_stopped() && noexcept { me->end(avow_error(UV_ECANCELED)); }
    env get_env() const noexcept { return { me->stop_.get_token() }; }
  };
  explicit promised_sender(S s) : operation_(ex::connect(std::move(s), receiver{ this })) {}
  promise start(uv_loop_t *loop) noexcept {
    promise p = avow_remote_new(loop, &remote_);
    p = avow_finally(p.release(), on_settled, this);
    ex::start(operation_);
    return p;
  }
  void end(value outcome) noexcept {
    (void) avow_remote_resolve(remote_, outcome.release());
    leave();
  }
  static avow_value_t on_settled(void *data) noexcept {
    auto *me = static_cast<promised_sender *>(data);
    me->stop_.request_stop(); /* if it was canceled */
    return me->leave(), avow_none();
  }
  void leave() noexcept { parts_.fetch_sub(1) == 1 ? delete this : void(); }
  ex::inplace_stop_source stop_;
  avow_remote_t *remote_ = nullptr;
  std::atomic<int> parts_ = 2;
  ex::connect_result_t<S, receiver> operation_;
};
} // namespace avow::detail
namespace avow {
/** A sender of the value of the promise that `make` returns. */
template <class F> class sender {
public:
  using sender_concept = detail::ex::sender_t;
  using completion_signatures = detail::ex::completion_signatures<
      detail::ex::set_value_t(value), detail::ex::set_error_t(error),
      detail::ex::set_stopped_t()>;
  sender(uv_loop_t *loop, F make) : loop_(loop), make_(std::move(make)) {}
  template <class R> using operation = detail::promise_operation<F, R>;
  template <class R> operation<R> connect(R r) const & { return { loop_, make_, std::move(r) }; }
  template <class R> operation<R> connect(R r) && {
    return { loop_, std::move(make_), std::move(r) };
  }
private:
  uv_loop_t *loop_;
  F make_;
};

/** Starts a sender. The promise settles with its value, or with a LIST of them. A
    cancellation requests a stop. Values and errors must convert to avow::value,
    or be exceptions, and be able to change threads. */
template <class S> promise from_sender(uv_loop_t *loop, S s) {
  return (new detail::promised_sender<S>(std::move(s)))->start(loop);
}

} // namespace avow
#endif

/* SPDX-License-Identifier: MIT */
/* avow.hpp without exceptions: an error ends a coroutine at the await. */
#include <avow.hpp>

#include <climits>

static int alive, wrong;

static void check(bool ok) {
  wrong += ok ? 0 : 1;
}

struct guest {
  guest() {
    alive++;
  }
  ~guest() {
    alive--;
  }
};

static void lambdas(uv_loop_t *loop) {
  const avow::value v =
      avow::resolve(loop, 4).then([](int i) { return i + 1; }).run();
  check(v.to<int>() == 5);
  check(avow::resolve(loop, avow::error(UV_EIO)).run().code() == UV_EIO);
}

#if __cplusplus >= 202002L
static avow::promise sleep_and_fail(uv_loop_t *loop) {
  const guest here;
  co_await avow_sleep(loop, 0);
  check(alive == 1);
  const avow::value v =
      co_await avow::outcome(avow::resolve(loop, avow::error(UV_EPERM)));
  check(v.code() == UV_EPERM);
  co_await avow::resolve(loop, avow::error(UV_EIO));
  check(false);
  co_return{};
}

static void coroutines(uv_loop_t *loop) {
  check(sleep_and_fail(loop).run().code() == UV_EIO);
  check(alive == 0);
}
#else
static void coroutines(uv_loop_t *) {
}
#endif

int main() {
  uv_loop_t *loop = uv_default_loop();
  avow_options_t options{};
  options.slow_us = UINT_MAX;
  if (avow_loop_init(loop, &options) != 0)
    return 1;
  lambdas(loop);
  coroutines(loop);
  check(avow_loop_close(loop) == 0 && uv_loop_close(loop) == 0);
  return wrong != 0;
}

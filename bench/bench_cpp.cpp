/* SPDX-License-Identifier: MIT */
/*
 * The cost of C++. The floor of each case is the same work in C. A lambda
 * needs one more block of memory than a handler. A coroutine needs one more
 * than an async function, but no stack.
 */
#define _Noreturn [[noreturn]] /* as bench.h has it */
#include "bench.h"

#include <avow.hpp>

static uint64_t then_lambda(size_t n, size_t rounds) {
  const uint64_t start = bench_clock();
  for (size_t round = 0; round < rounds; round++) {
    for (size_t i = 0; i < n; i++)
      avow::resolve(bench_loop, i).then([] { bench_calls++; });
    bench_drain();
  }
  return bench_clock() - start;
}

static uint64_t then_function(size_t n, size_t rounds) {
  const uint64_t start = bench_clock();
  for (size_t round = 0; round < rounds; round++) {
    for (size_t i = 0; i < n; i++) {
      const avow_value_t v = avow_int(static_cast<int64_t>(i));
      avow_promise_t *p = avow_promise_resolve(bench_loop, v);
      avow_unref(avow_then(p, bench_count, nullptr, nullptr));
    }
    bench_drain();
  }
  return bench_clock() - start;
}

#if __cplusplus >= 202002L
static size_t left; /* remaining awaits */

static avow::promise await_all(uv_loop_t *loop, const avow::promise &settled) {
  (void) loop;
  while (left-- > 0)
    (void) co_await settled.ref();
  co_return {};
}

static avow_value_t await_all_in_c(void *settled) {
  while (left-- > 0)
    avow_ignore(avow_await(avow_ref(static_cast<avow_promise_t *>(settled))));
  return avow_none();
}

static uint64_t co_awaits(size_t n, size_t rounds) {
  const avow::promise settled = avow::resolve(bench_loop, 1);
  const uint64_t start = bench_clock();
  left = n * rounds;
  (void) await_all(bench_loop, settled).run();
  return bench_clock() - start;
}

static uint64_t awaits(size_t n, size_t rounds) {
  const avow::promise settled = avow::resolve(bench_loop, 1);
  const uint64_t start = bench_clock();
  left = n * rounds;
  avow_ignore(avow_run(avow_async(bench_loop, await_all_in_c, settled.get())));
  return bench_clock() - start;
}

static uint64_t start_coroutines(size_t n, size_t rounds) {
  const avow::promise settled = avow::resolve(bench_loop, 1);
  const uint64_t start = bench_clock();
  for (size_t i = 0; i < n * rounds; i++) {
    left = 1;
    (void) await_all(bench_loop, settled).run();
  }
  return bench_clock() - start;
}

static uint64_t start_functions(size_t n, size_t rounds) {
  const avow::promise settled = avow::resolve(bench_loop, 1);
  const uint64_t start = bench_clock();
  for (size_t i = 0; i < n * rounds; i++) {
    left = 1;
    avow_ignore(
        avow_run(avow_async(bench_loop, await_all_in_c, settled.get())));
  }
  return bench_clock() - start;
}
#endif

int main(int argc, char **argv) {
  const bench_case_t cases[] = {
    { "then of a settled promise, a lambda", 1000, then_lambda, then_function,
      0, 0 },
#if __cplusplus >= 202002L
    { "co_await of a settled promise", 1000, co_awaits, awaits, 0, 0 },
    { "a coroutine that awaits once", 1000, start_coroutines, start_functions,
      0, 0 },
#endif
  };
  return bench_main(argc, argv, "ns", cases, sizeof(cases) / sizeof(*cases));
}

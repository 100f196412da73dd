/* SPDX-License-Identifier: MIT */
/* Runs the tests of avow.hpp, with those of coroutines if the compiler supports
   them. */
#include "check.hpp"

#include <climits>
#include <cstdlib>

uv_loop_t *loop;
std::string notes;
int failures;
int guest::alive;

void check(bool ok, const char *what, const char *file, int line) {
  if (ok)
    return;
  std::printf("%s:%d: %s\n", file, line, what);
  failures++;
}

void check_notes(const std::string &words, const char *file, int line) {
  if (notes != words)
    check(false, ("'" + notes + "' is not '" + words + "'").c_str(), file,
          line);
  notes.clear();
}

/* The nth allocation from now fails. It counts allocations of avow and those
   C++ allocations that may fail in the test. */
static long left;
static bool failed;
static long live;

static bool fails() {
  if (left == 0 || --left > 0)
    return false;
  failed = true;
  return true;
}

static void *counted(void *block) {
  live += block != nullptr;
  return block;
}

static void *failing_malloc(size_t size) {
  return fails() ? nullptr : counted(std::malloc(size));
}

static void *failing_calloc(size_t n, size_t size) {
  return fails() ? nullptr : counted(std::calloc(n, size));
}

static void *failing_realloc(void *block, size_t size) {
  if (block == nullptr)
    return failing_malloc(size);
  return fails() ? nullptr : std::realloc(block, size);
}

static void counting_free(void *block) {
  live -= block != nullptr;
  std::free(block);
}

void *operator new(size_t size, const std::nothrow_t &) noexcept {
  return fails() ? nullptr : std::malloc(size);
}

void *operator new(size_t size) {
  void *block = std::malloc(size);
  if (block == nullptr)
    std::abort();
  return block;
}

void operator delete(void *block) noexcept {
  std::free(block);
}

void operator delete(void *block, size_t) noexcept {
  std::free(block);
}

static void open_loop(uv_loop_t *own) {
  avow_options_t options{};
  options.slow_us = UINT_MAX;
  loop = own;
  if (uv_loop_init(loop) != 0 || avow_loop_init(loop, &options) != 0)
    std::abort();
}

static void close_loop() {
  CHECK(avow_loop_close(loop) == 0);
  CHECK(uv_loop_close(loop) == 0);
}

void survives(avow::promise (*scene)()) {
  uv_loop_t *shared = loop, own;
  do {
    static long n;
    n = failed ? n + 1 : 1;
    open_loop(&own);
    failed = false;
    left = n;
    (void) scene().run();
    left = 0;
    notes.clear();
    close_loop();
    CHECK(guest::alive == 0);
  } while (failed);
  loop = shared;
}

int main() {
  uv_loop_t own;
  if (avow_replace_allocator(failing_malloc, failing_realloc, failing_calloc,
                             counting_free) != 0)
    return 1;
  open_loop(&own);
  test_values();
  test_handlers();
  test_shown();
#if __cplusplus >= 202002L
  test_coroutines();
#endif
  close_loop();
  CHECK(guest::alive == 0);
  CHECK(live == 0);
  return failures != 0;
}

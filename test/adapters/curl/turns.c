/* SPDX-License-Identifier: MIT */
#include "turns.h"

#include "harness.h"

enum { TURN_MAX = 20 /* ms */ };

/* What time it is for this thread, in ns: the time that it would run, and has
   no processor, does not count where the system tells of it. */
uint64_t own_time(void) {
  unsigned long long ran, waited = 0;
  FILE *file = fopen("/proc/thread-self/schedstat", "r");
  if (file != NULL && fscanf(file, "%llu %llu", &ran, &waited) != 2)
    waited = 0;
  if (file != NULL)
    (void) fclose(file);
  return uv_hrtime() - waited;
}

/* The two clocks are read one after the other, so that what takes no time may
   seem to end before it began. */
uint64_t own_time_since(uint64_t before) {
  const uint64_t now = own_time();
  return now > before ? now - before : 0;
}

/* Not asked where $PATIENCE says that programs are slow. */
void assert_short(uint64_t ns) {
  if (getenv("PATIENCE") == NULL)
    assert_in_range(ns / 1000000, 0, TURN_MAX);
}

/* So much time of the loop's turns; none takes long. */
void turn_for(uint64_t ms) {
  const uint64_t end = uv_hrtime() + ms * 1000000;
  while (uv_hrtime() < end) {
    const uint64_t before = own_time();
    (void) uv_run(loop, UV_RUN_NOWAIT);
    assert_short(own_time_since(before));
    uv_sleep(1);
  }
}

/* How long turns take, from one poll to the next. */
static uv_prepare_t prepare;
static uv_check_t check;
static uint64_t woken, longest;

static void on_prepare(uv_prepare_t *handle) {
  const uint64_t took = woken > 0 ? own_time_since(woken) : 0;
  longest = took > longest ? took : longest;
}

static void on_check(uv_check_t *handle) {
  woken = own_time();
}

void measure_turns(void) {
  woken = longest = 0;
  (void) uv_prepare_init(loop, &prepare);
  (void) uv_prepare_start(&prepare, on_prepare);
  (void) uv_check_init(loop, &check);
  (void) uv_check_start(&check, on_check);
  uv_unref((uv_handle_t *) &prepare);
  uv_unref((uv_handle_t *) &check);
}

uint64_t longest_turn(void) {
  return longest;
}

void stop_measuring(void) {
  uv_close((uv_handle_t *) &prepare, NULL);
  uv_close((uv_handle_t *) &check, NULL);
  (void) uv_run(loop, UV_RUN_NOWAIT); /* whatever else there is goes on */
}

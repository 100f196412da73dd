/* SPDX-License-Identifier: MIT */
/* The options of a loop: their defaults and their ranges. */
#include "engine/options.h"

#include <limits.h>

#include "base/log.h"
#include "base/misuse.h"
#include "base/options_check.h"

enum {
  BUDGET = 10000,
  BUDGET_US = 1000,
  QUIET_MS = 5,
  GUARD_MS = 5000,
  SLOW_US = 10000
};

/* The default of slow_us without on_slow. */
#define BLOCKED_US (AVOW__DEBUG ? 50000 : UINT_MAX)

enum { STACK = 256 * 1024, IDLE_STACKS = 1024 };

/* Four times as much if pointers have 64 bits. */
enum { GUARD = SIZE_MAX > UINT32_MAX ? 256 * 1024 : 64 * 1024 };

/* 1 TiB, or 1 GiB if pointers have 32 bits. A larger stack or guard leaves no
   addresses to the rest of a process. */
static const size_t most_room =
    SIZE_MAX / (SIZE_MAX > UINT32_MAX ? 1 << 24 : 1 << 2) + 1;

/* The text before the place or the name of a promise. */
#ifdef AVOW_BACKTRACE
#  define WHERE ", promise made in "
#else
#  define WHERE ", promise "
#endif

static void print_unhandled(uv_loop_t *loop, const avow_value_t *reason,
                            const char *where, void *data) {
  avow__log("unhandled rejection: %s (%s)%s%s", avow_error_message(reason),
            avow_err_name(reason->code), where != NULL ? WHERE : "",
            where != NULL ? where : "");
}

static size_t least_stack(void) {
#if defined(AVOW_NO_ASYNC) || defined(_WIN32)
  return 16 * 1024;
#else
  return avow__stack_least();
#endif
}

/* Reports reserved fields that are not zero, because the error code does not
   name them. */
static bool has_reserved(const avow_options_t *options) {
  const bool has = !AVOW__IS_ZERO(options->reserved);
  if (has)
    avow__advise(
        "avow_loop_init(): options have nonzero reserved fields; initialize "
        "the struct by field names");
  return has;
}

static bool is_in_range(const avow_options_t *options) {
  return options->stack_size >= least_stack() &&
         options->stack_size <= most_room && options->guard_size <= most_room &&
         options->clock <= AVOW_CLOCK_BY_ITSELF && !has_reserved(options);
}

/* Only trace builds can call the hook. */
static int set_event_hook(avow__context_t *c) {
#ifdef AVOW_TRACE
  c->on_event = c->options.on_event;
  c->event_data = c->options.data;
  return 0;
#else
  return c->options.on_event == NULL ? 0 : UV_ENOTSUP;
#endif
}

int avow__options_set(avow__context_t *c, const avow_options_t *options) {
  if (options != NULL)
    c->options = *options;
  if (c->options.on_unhandled == NULL)
    c->options.on_unhandled = print_unhandled;
  if (c->options.budget == 0)
    c->options.budget = BUDGET;
  if (c->options.budget_us == 0)
    c->options.budget_us = BUDGET_US;
  if (c->options.slow_us == 0)
    c->options.slow_us = c->options.on_slow != NULL ? SLOW_US : BLOCKED_US;
  if (c->options.clock_quiet_ms == 0)
    c->options.clock_quiet_ms = QUIET_MS;
  if (c->options.clock_guard_ms == 0)
    c->options.clock_guard_ms = GUARD_MS;
  if (c->options.stack_size == 0)
    c->options.stack_size = STACK;
  if (c->options.guard_size == 0)
    c->options.guard_size = GUARD;
  if (c->options.idle_stacks == 0)
    c->options.idle_stacks = IDLE_STACKS;
  c->fibers.stack_size = c->options.stack_size;
  c->fibers.guard_size = c->options.guard_size;
  c->fibers.wipe = c->options.wipe_stacks;
  c->fibers.keep = c->options.idle_stacks;
  c->fibers.most = c->options.max_stacks;
  return is_in_range(&c->options) ? set_event_hook(c) : UV_EINVAL;
}

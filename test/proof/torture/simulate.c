/* SPDX-License-Identifier: MIT */
/*
 * A simulation. Completions, cancellations, timeouts and cross-thread results
 * occur in a random order that a seed determines, in virtual time. After each
 * step, avow and a model must agree on every promise's state and result. They
 * must also agree on the called handlers, with their arguments and order, and
 * on the numbers of live, pending and queued objects.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "memory.h"
#include "model.h"

enum { START = 5000, STEPS = 300 };

/* avow's side of a node. */
typedef struct real_s {
  avow_promise_t *promise; /* the program's reference, if it holds one */
  avow_promise_t *target;  /* promise that its handler will return */
  avow_deferred_t *deferred;
  avow_remote_t *remote;
} real_t;

static struct {
  uv_loop_t loop;
  real_t nodes[NODES];
  log_t log;
  uint64_t random;
  bool over; /* handlers have no effect while the loop closes */
} sim;

typedef void (*step_t)(void);

/* Random numbers: splitmix64. */

static uint64_t next_random(void) {
  uint64_t z = sim.random += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

static uint64_t below(uint64_t limit) {
  return next_random() % limit;
}

/* Returns a mostly short duration. In a handler, `least` is 1. */
static uint64_t duration(uint64_t least) {
  if (below(10) > 0)
    return least + below(20);
  return least + below(UINT64_C(1) << below(30));
}

/* Returns a random node with that property, or NULL. */
static node_t *pick(bool (*suits)(const node_t *)) {
  const size_t start = model.n > 0 ? (size_t) below(model.n) : 0;
  for (size_t i = 0; i < model.n; i++) {
    node_t *node = &model.nodes[(start + i) % model.n];
    if (suits(node))
      return node;
  }
  return NULL;
}

static bool is_held(const node_t *node) {
  return node->held;
}

static bool has_deferred(const node_t *node) {
  return node->kind == LEAF && node->deferreds > 0;
}

static real_t *real(const node_t *node) {
  return &sim.nodes[node - model.nodes];
}

/* Results of avow. */

static uint64_t digest(const avow_value_t *v) {
  if (avow_is_none(v))
    return digest_int(-1);
  if (v->tag == AVOW_INT)
    return digest_int(avow_to_int(v));
  if (v->tag == AVOW_ERROR) {
    const avow_value_t *cause = avow_error_cause(v);
    return digest_error(v->code, cause != NULL ? digest(cause) : 0);
  }
  uint64_t items[INPUTS];
  const size_t n = avow_list_len(v);
  CHECK(n <= INPUTS);
  for (size_t i = 0; i < n; i++)
    items[i] = digest(avow_list_at(v, i));
  return digest_list(items, n);
}

static void note_call(const real_t *node, uint64_t given) {
  const size_t id = (size_t) (node - sim.nodes);
  log_call(&sim.log, id, given);
  clock_advance(model.nodes[id].slow);
}

static avow_value_t on_settled(const avow_value_t *arg, void *data) {
  const uint64_t given = digest(arg);
  if (sim.over)
    return avow_none();
  note_call(data, given);
  return avow_int(mapped(given));
}

static avow_promise_t *take_target(real_t *node) {
  avow_promise_t *target = node->target;
  node->target = NULL;
  if (target != NULL)
    return target;
  const node_t *modeled = model.nodes[node - sim.nodes].target;
  return avow_sleep(&sim.loop, modeled->ms);
}

static avow_value_t on_follow(const avow_value_t *arg, void *data) {
  if (sim.over)
    return avow_none();
  note_call(data, digest(arg));
  return avow_follow(take_target(data));
}

static avow_value_t on_finally(void *data) {
  const real_t *node = data;
  if (sim.over)
    return avow_none();
  note_call(data, 0);
  if (model.nodes[node - sim.nodes].target == NULL)
    return avow_none();
  return avow_follow(take_target(data));
}

static void on_cancel(void *data) {
  if (!sim.over)
    log_call(&sim.log, (size_t) ((real_t *) data - sim.nodes), 0);
}

/* Comparing. */

static void check_node(const node_t *node) {
  const avow_promise_t *p = real(node)->promise;
  CHECK((p != NULL) == node->held);
  if (p == NULL)
    return;
  CHECK(avow_state(p) == node->outcome.state);
  if (!model_is_pending(node))
    CHECK(digest(avow_result(p)) == node->outcome.digest);
}

static void check_log(void) {
  CHECK(sim.log.n == model.log.n);
  for (size_t i = 0; i < sim.log.n; i++) {
    CHECK(sim.log.entries[i].id == model.log.entries[i].id);
    CHECK(sim.log.entries[i].digest == model.log.entries[i].digest);
  }
  sim.log.n = model.log.n = 0;
}

static void check_all(void) {
  check_log();
  for (size_t i = 0; i < model.n; i++)
    check_node(&model.nodes[i]);
  avow_stats_t stats, expected;
  avow_loop_stats(&sim.loop, &stats, sizeof(stats));
  model_stats(&expected);
  CHECK(stats.live == expected.live);
  CHECK(stats.pending == expected.pending);
  CHECK(stats.queued == expected.queued);
  CHECK(clock_present() == model.present);
}

/* Steps. Each step makes the same change in avow and in the model. */

static void hold(node_t *node, avow_promise_t *p) {
  node->held = true;
  real(node)->promise = p;
}

/* Returns a reference to pass on: the program's, or a new one. */
static avow_promise_t *give(node_t *node) {
  real_t *held = real(node);
  if (below(3) == 0)
    return avow_ref(held->promise);
  avow_promise_t *p = held->promise;
  held->promise = NULL;
  node->held = false;
  return p;
}

static void make_leaf(void) {
  node_t *node = model_node(LEAF);
  node->deferreds = 1;
  hold(node, avow_promise_new(&sim.loop, &real(node)->deferred));
  avow_on_cancel(real(node)->deferred, on_cancel, real(node));
}

static void make_remote(void) {
  node_t *node = model_node(REMOTE);
  node->deferreds = 1;
  hold(node, avow_remote_new(&sim.loop, &real(node)->remote));
}

/* Outside of callbacks, a sleep counts from the present. */
static void make_sleep(void) {
  node_t *node = model_node(SLEEP);
  node->ms = duration(0);
  model.cached = model.present;
  model_sleep(node);
  hold(node, avow_sleep(&sim.loop, node->ms));
}

/* Half of the targets exist already. The handler makes the others. */
static void choose_target(node_t *node) {
  node_t *target = below(2) == 0 ? pick(is_held) : NULL;
  if (target != NULL) {
    real(node)->target = avow_ref(real(target)->promise);
    target->extra++;
  } else {
    target = model_node(SLEEP);
    target->stage = UNBORN;
    target->ms = duration(1);
  }
  node->target = target;
}

static void react(void) {
  node_t *from = pick(is_held);
  if (from == NULL)
    return;
  node_t *node = model_node((kind_t) (MAP + below(5)));
  node->slow = below(8) == 0 ? below(5) : 0;
  avow_promise_t *p = give(from);
  const bool follows = node->kind == FOLLOW || node->kind == RETRY;
  if (follows || (node->kind == FINALLY && below(2) == 0))
    choose_target(node);
  if (node->kind == MAP)
    p = avow_then(p, on_settled, NULL, real(node));
  else if (node->kind == RECOVER)
    p = avow_catch(p, on_settled, real(node));
  else if (node->kind == FOLLOW)
    p = avow_then(p, on_follow, NULL, real(node));
  else if (node->kind == RETRY)
    p = avow_catch(p, on_follow, real(node));
  else
    p = avow_finally(p, on_finally, real(node));
  model_react(node, from);
  hold(node, p);
}

static void combine(void) {
  avow_promise_t *(*const combinators[])(uv_loop_t *, avow_promise_t *const *,
                                         size_t) = { [AVOW_ALL] = avow_all,
                                                     [AVOW_ALL_SETTLED] =
                                                         avow_all_settled,
                                                     [AVOW_RACE] = avow_race,
                                                     [AVOW_ANY] = avow_any };
  const int kind = (int) below(4);
  node_t *inputs[INPUTS];
  avow_promise_t *ps[INPUTS];
  size_t n = 0;
  for (uint64_t wanted = below(INPUTS + 1); n < wanted; n++) {
    inputs[n] = pick(is_held);
    if (inputs[n] == NULL)
      break;
    ps[n] = give(inputs[n]);
  }
  node_t *node = model_node(GATHER);
  avow_promise_t *p = combinators[kind](&sim.loop, ps, n);
  model_gather(node, kind, inputs, n);
  node->cancels_losers = below(2) == 0;
  hold(node, node->cancels_losers ? avow_cancel_losers(p) : p);
}

static void limit_by_promise(void) {
  node_t *input = pick(is_held), *stop = pick(is_held);
  if (input == stop) /* also if both are NULL */
    return;
  node_t *node = model_node(UNTIL);
  avow_promise_t *stopping = avow_ref(real(stop)->promise);
  avow_promise_t *p = avow_until(give(input), stopping);
  avow_unref(stopping);
  model_until(node, input, stop);
  hold(node, p);
}

static void limit_by_time(void) {
  node_t *input = pick(is_held);
  if (input == NULL)
    return;
  node_t *stop = model_node(SLEEP), *node = model_node(UNTIL);
  stop->ms = duration(0);
  stop->code = UV_ETIMEDOUT;
  model.cached = model.present;
  model_sleep(stop);
  avow_promise_t *p = avow_timeout(give(input), stop->ms);
  model_until(node, input, stop);
  hold(node, p);
}

static void settle(void) {
  node_t *node = pick(has_deferred);
  if (node == NULL)
    return;
  avow_deferred_t *d = real(node)->deferred;
  const int64_t i = (int64_t) below(100);
  switch (below(3)) {
  case 0:
    CHECK(avow_resolve(d, avow_int(i)) ==
          model_resolve(node, fulfilled(digest_int(i))));
    break;
  case 1:
    CHECK(avow_reject(d, avow_error(UV_EIO)) ==
          model_resolve(node, rejected(UV_EIO)));
    break;
  default:
    avow_deferred_drop(d);
    (void) model_resolve(node, rejected(AVOW_EBROKEN)); /* drop returns void */
  }
}

static void follow(void) {
  node_t *node = pick(has_deferred), *target = pick(is_held);
  if (node == NULL || target == NULL)
    return;
  avow_deferred_t *d = real(node)->deferred;
  const bool resolved = avow_resolve(d, avow_follow(give(target)));
  CHECK(resolved == model_follow(node, target));
}

static bool has_remote(const node_t *node) {
  return node->kind == REMOTE && real(node)->remote != NULL;
}

static void answer(void) {
  node_t *node = pick(has_remote);
  if (node == NULL)
    return;
  avow_remote_t *r = real(node)->remote;
  real(node)->remote = NULL;
  const int64_t i = (int64_t) below(100);
  switch (below(3)) {
  case 0:
    CHECK(avow_remote_resolve(r, avow_int(i)) == 0);
    model_send(node, fulfilled(digest_int(i)));
    break;
  case 1:
    CHECK(avow_remote_reject(r, avow_error(UV_EIO)) == 0);
    model_send(node, rejected(UV_EIO));
    break;
  default:
    avow_remote_drop(r);
    model_send(node, rejected(AVOW_EBROKEN));
  }
}

static void cancel(void) {
  node_t *node = pick(is_held);
  if (node == NULL)
    return;
  if (below(2) == 0) {
    avow_cancel(real(node)->promise);
    model_cancel(node);
  } else {
    avow_cancel_with(real(node)->promise, avow_error(UV_EIO));
    model_cancel_for(node, model_reason(rejected(UV_EIO)));
  }
}

static void release_one(void) {
  node_t *node = pick(is_held);
  if (node == NULL)
    return;
  avow_unref(real(node)->promise);
  real(node)->promise = NULL;
  node->held = false;
}

static void turn(void) {
  const uint64_t ms = below(3) == 0 ? 0 : duration(0);
  clock_advance(ms);
  model.present += ms;
  (void) uv_run(&sim.loop, UV_RUN_NOWAIT); /* the model has no result */
  model_turn();
}

static const step_t steps[] = {
  make_leaf, make_leaf,     make_remote,      make_sleep,  react,  react,
  react,     combine,       limit_by_promise, settle,      follow, answer,
  cancel,    limit_by_time, release_one,      release_one, turn,   turn,
};

/* Runs. */

static void on_unhandled(uv_loop_t *loop, const avow_value_t *reason,
                         const char *where, void *data) {
  CHECK(loop == &sim.loop && reason->code != UV_ECANCELED);
}

static void open_loop(uint64_t seed) {
  const avow_options_t options = { .on_unhandled = on_unhandled,
                                   .slow_us = UINT_MAX };
  sim.random = seed * UINT64_C(0xd1342543de82ef95);
  sim.over = false;
  sim.log.n = 0;
  for (size_t i = 0; i < NODES; i++)
    sim.nodes[i] = (real_t){ .promise = NULL };
  clock_reset(NULL);
  clock_advance(START);
  model_reset(clock_present());
  CHECK(uv_loop_init(&sim.loop) == 0);
  CHECK(avow_loop_init(&sim.loop, &options) == 0);
}

static void release(real_t *node, const node_t *modeled) {
  if (node->promise != NULL)
    CHECK(avow_state(node->promise) != AVOW_PENDING);
  avow_unref(node->promise);
  avow_unref(node->target);
  if (modeled->kind == LEAF && modeled->deferreds > 0)
    avow_deferred_drop(node->deferred);
  if (node->remote != NULL)
    avow_remote_drop(node->remote);
}

static void close_loop(void) {
  sim.over = true;
  CHECK(avow_loop_close(&sim.loop) == 0);
  CHECK(uv_loop_close(&sim.loop) == 0);
  for (size_t i = 0; i < model.n; i++)
    release(&sim.nodes[i], &model.nodes[i]);
  CHECK(memory_live() == 0);
}

static void simulate(uint64_t seed, unsigned long n_steps) {
  char text[80];
  (void) snprintf(text, sizeof(text), "--seed %" PRIu64 " --steps %lu", seed,
                  n_steps); /* fits */
  announce(text);
  open_loop(seed);
  for (; n_steps > 0 && model.n + INPUTS * 2 < NODES; n_steps--) {
    steps[below(sizeof(steps) / sizeof(steps[0]))]();
    check_all();
  }
  close_loop();
}

static int usage(const char *name) {
  (void) fprintf(stderr, "usage: %s [--seed S] [--steps N] [--seeds N]\n",
                 name);
  return 2;
}

int main(int argc, char **argv) {
  unsigned long n_steps = STEPS, seeds = 1;
  uint64_t seed = 1;
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 == argc)
      return usage(argv[0]);
    if (strcmp(argv[i], "--steps") == 0)
      n_steps = strtoul(argv[i + 1], NULL, 10);
    else if (strcmp(argv[i], "--seeds") == 0)
      seeds = strtoul(argv[i + 1], NULL, 10);
    else if (strcmp(argv[i], "--seed") == 0)
      seed = strtoull(argv[i + 1], NULL, 10);
    else
      return usage(argv[0]);
  }
  memory_init();
  printf("seed %" PRIu64 ", %lu steps\n", seed, n_steps);
  for (unsigned long i = 0; i < seeds; i++)
    simulate(seed++, n_steps);
  printf("result: %lu programs, no difference from the model\n", seeds);
  return 0;
}

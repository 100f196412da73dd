/* SPDX-License-Identifier: MIT */
/*
 * One run of a scenario on a loop of its own. It must leave nothing behind,
 * also after a failure.
 */
#ifndef TRIAL_H
#define TRIAL_H

#include "scenario.h"

/* Creates the objects that libuv creates once for the process and keeps. */
void trial_init(void);

typedef struct {
  int code; /* 0 if fulfilled */
  bool intact;
} outcome_t;

/* Runs a scenario. If it hangs, the message has `name`. */
outcome_t trial_run(const scenario_t *scenario, const char *name);

/* Runs a scenario and closes the loop when is_time() returns true. */
outcome_t trial_cut_short(const scenario_t *scenario, const char *name,
                          bool (*is_time)(void));

/* Properties that must hold. */
void trial_check(bool holds, const char *what);

/* Returns the first failure since the last call, or NULL. */
const char *trial_problem(void);

#endif

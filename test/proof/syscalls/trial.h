/* SPDX-License-Identifier: MIT */
/*
 * One run of a scenario on a loop of its own. It must leave nothing behind,
 * whatever happens.
 */
#ifndef TRIAL_H
#define TRIAL_H

#include "scenario.h"

/* Creates here what libuv creates once for the process and keeps. */
void trial_init(void);

typedef struct {
  int code; /* 0: fulfilled */
  bool intact;
} outcome_t;

/* The name is for the message of one that hangs. */
outcome_t trial_run(const scenario_t *scenario, const char *name);

/* The same, but once it is_time() the loop is closed, whatever goes on. */
outcome_t trial_cut_short(const scenario_t *scenario, const char *name,
                          bool (*is_time)(void));

/* Properties that must hold. */
void trial_check(bool holds, const char *what);

/* The first failure since the last call, NULL if there was none. */
const char *trial_problem(void);

#endif

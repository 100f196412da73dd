/* SPDX-License-Identifier: MIT */
/*
 * A suite is a function that runs the tests of one file and returns the number
 * of failures. The suites of a folder are linked into one program, which runs
 * the suite that its argument names: see main.c.in.
 */
#ifndef SUITE_H
#define SUITE_H

/* Begins the definition of a suite: SUITE(chain) { … return RUN(tests); } */
#define SUITE(name)       \
  int suite_##name(void); \
  int suite_##name(void)

/* Suite that this process runs. */
extern const char *running_suite;

#endif

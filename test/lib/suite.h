/* SPDX-License-Identifier: MIT */
/*
 * A suite is a function that runs the tests of one file and returns how many
 * failed. The suites of a folder are linked into one program, which runs the
 * one that it is asked for: see main.c.in.
 */
#ifndef SUITE_H
#define SUITE_H

/* Begins the definition of a suite: SUITE(chain) { … return RUN(tests); } */
#define SUITE(name)       \
  int suite_##name(void); \
  int suite_##name(void)

/* The suite that this process runs. */
extern const char *running_suite;

#endif

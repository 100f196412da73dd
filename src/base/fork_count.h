/* SPDX-License-Identifier: MIT */
/* Recognizes the child of a fork(). */
#ifndef AVOW_FORK_COUNT_H
#define AVOW_FORK_COUNT_H

/* Must be called before avow__forks(). Returns 0 or UV_ENOMEM. */
int avow__forks_watch(void);

/* The number of fork() calls that lie between the process that called
   avow__forks_watch() first and this one. Makes no system call. */
unsigned avow__forks(void);

#endif

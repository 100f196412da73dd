/* SPDX-License-Identifier: MIT */
/* The results that names.c returns in place of the system. */
#ifndef NAMES_H
#define NAMES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <uv.h>

/* Ports of loopback: one with a server, one without, and one that never
   accepts. */
extern int names_live, names_dead, names_stuck;

extern uv_sem_t names_slow;           /* lets "slow" resolve */
extern atomic_int names_attempts;     /* number of attempts to connect */
extern atomic_bool names_break_write; /* the next write of a hello fails */

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Doors: what libnats' callbacks are given in place of what they are for. Where
 * the end of a connection closes a subscription before it is told who hears of
 * its end, libnats may call for one more message, and says at no time that it
 * will not. What that comes with is a number, which nothing has to be kept for:
 * it leads nowhere once its door is shut, and none is ever given again.
 */
#ifndef AVOW_NATS_HANDLE_TABLE_H
#define AVOW_NATS_HANDLE_TABLE_H

#include <stdint.h>

/* Part of what it leads to. */
typedef struct door_s door_t;
struct door_s {
  door_t *next; /* with the same last bits */
  uintptr_t number;
  unsigned inside; /* calls */
  void *of;
};

/* Its number, for libnats to call with. */
void *avow__nats_door_open(door_t *door, void *of);

/* Of any thread: the open door of that number, to be left; NULL: it is shut. */
door_t *avow__nats_door_enter(void *number);
void avow__nats_door_leave(door_t *door);

/* Waits for who is inside. One that is shut, or never was open, stays so. */
void avow__nats_door_shut(door_t *door);

#endif

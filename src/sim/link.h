/* SPDX-License-Identifier: MIT */
/*
 * A connection: two ways for bytes, one from each end to the other. What one
 * end sends arrives in order, after a while that the seed chooses. A way holds
 * so many bytes, on their way or arrived and not yet read, and no more.
 */
#ifndef AVOW_SIM_LINK_H
#define AVOW_SIM_LINK_H

#include "sim/hosts.h"
#include "sim/world.h"

#include <uv.h>

typedef struct sim_link_s sim_link_t;

/* What an end hears: the rest of what the other said before is then there. */
typedef enum {
  SIM_WELCOME, /* the connection stands */
  SIM_BYTES,   /* there are more */
  SIM_END,     /* there will be no more */
  SIM_GONE,    /* nor will any be read */
  SIM_RESET,   /* the connection is no more */
  SIM_LOST,    /* nothing was heard for too long */
  SIM_ROOM     /* the other has read, and more can be sent */
} sim_message_t;

typedef void (*sim_hear_fn)(void *end, sim_message_t what);

typedef struct {
  bool local;       /* within the machine, where no net can break */
  uint32_t id;      /* for the history */
  sim_host_t *host; /* whose net it uses */
  void *ends[2];
  sim_hear_fn hear;
} sim_link_plan_t;

sim_link_t *sim_link_new(const sim_link_plan_t *plan);

/* This end, 0 or 1, hears no more. With the second the link goes. */
void sim_link_leave(sim_link_t *link, int end);

/* This end looks from time to time whether the other is there. */
void sim_link_keep_alive(sim_link_t *link, int end);

void sim_link_send(sim_link_t *link, int from, sim_message_t what);

/* Sends a reset, before which all that is still on its way may be lost. */
void sim_link_reset(sim_link_t *link, int from);

/* What the way from there has room for. */
size_t sim_link_room(const sim_link_t *link, int from);

/* Whether it is worth to write: a third of it is free, as Linux has it. */
bool sim_link_is_writable(const sim_link_t *link, int from);

/* Sends the first len bytes of these. */
void sim_link_send_bytes(sim_link_t *link, int from, const uv_buf_t bufs[],
                         size_t len);

/* How much has arrived, and taking some of it. */
size_t sim_link_arrived(const sim_link_t *link, int at);
void sim_link_take(sim_link_t *link, int at, char *base, size_t len);

#endif

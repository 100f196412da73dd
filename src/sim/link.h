/* SPDX-License-Identifier: MIT */
/*
 * A connection: two directions for bytes, one from each end to the other.
 * Messages of one end arrive in order, after a delay that the seed chooses.
 * Each direction has a capacity. It counts bytes in transit and bytes that have
 * arrived and were not read.
 */
#ifndef AVOW_SIM_LINK_H
#define AVOW_SIM_LINK_H

#include "sim/hosts.h"
#include "sim/world.h"

#include <uv.h>

typedef struct sim_link_s sim_link_t;

/* The messages that an end receives. All earlier bytes have arrived before. */
typedef enum {
  SIM_WELCOME, /* the connection is established */
  SIM_BYTES,   /* more bytes have arrived */
  SIM_END,     /* the peer sends no more bytes */
  SIM_GONE,    /* nor does it read any */
  SIM_RESET,   /* the connection was reset */
  SIM_LOST,    /* the peer was silent for too long */
  SIM_ROOM     /* the peer has read, so that more can be sent */
} sim_message_t;

typedef void (*sim_hear_fn)(void *end, sim_message_t what);

typedef struct {
  bool local;       /* within the machine, where no network can fail */
  uint32_t id;      /* for the history */
  sim_host_t *host; /* whose network it uses */
  void *ends[2];
  sim_hear_fn hear;
} sim_link_plan_t;

sim_link_t *sim_link_new(const sim_link_plan_t *plan);

/* Detaches this end, 0 or 1, which receives no more messages. Detaching the
   second end frees the link. */
void sim_link_leave(sim_link_t *link, int end);

/* Makes this end probe its peer from time to time. */
void sim_link_keep_alive(sim_link_t *link, int end);

void sim_link_send(sim_link_t *link, int from, sim_message_t what);

/* Sends a reset. The messages that are still in transit may be lost. */
void sim_link_reset(sim_link_t *link, int from);

/* The free capacity of the direction from this end. */
size_t sim_link_room(const sim_link_t *link, int from);

/* True if at least a third of the capacity is free, as on Linux. */
bool sim_link_is_writable(const sim_link_t *link, int from);

/* Sends the first `len` bytes of the buffers. */
void sim_link_send_bytes(sim_link_t *link, int from, const uv_buf_t bufs[],
                         size_t len);

/* The number of bytes that have arrived, and taking some of them. */
size_t sim_link_arrived(const sim_link_t *link, int at);
void sim_link_take(sim_link_t *link, int at, char *base, size_t len);

#endif

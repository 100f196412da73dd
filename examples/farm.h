/* SPDX-License-Identifier: MIT */
/* A farm of workers: what its parts share. See farm.c. */
#ifndef FARM_H
#define FARM_H

#include <avow.h>
#include <avow/nats.h>

typedef struct {
  uv_loop_t *loop;
  char url[1024];      /* of the server */
  bool has_said;       /* why it waits for one that the user has named */
  char folder[64];     /* of our own server, or "" */
  avow_value_t server; /* the process of that, or none */
  avow_promise_t *end; /* of that */
  avow_value_t nats;
  avow_value_t queue;          /* of jobs */
  avow_value_t bucket;         /* who has which job: "WORKER ATTEMPT" */
  avow_channel_t *signals;     /* SIGINT and SIGTERM */
  avow_promise_t *interrupted; /* INT: the next of them */
  void *rows; /* what is known of jobs, as long as the loop is there */
} farm_t;

/* Connects to the server, and starts one if url is NULL. What goes wrong ends
   the program. */
void farm_open(farm_t *farm, const char *url);

/* Ends what that has begun. */
void farm_close(farm_t *farm);

/* The signal that has interrupted p, by which it is not cancelled; else 0, and
   *out is what it settles with. Takes p. The next signal interrupts the next
   wait. */
int farm_wait(farm_t *farm, avow_promise_t *p, avow_value_t *out);

/* Their exit statuses. */
int farm_work(farm_t *farm, uint64_t at_a_time, uint64_t ack);
int farm_run(farm_t *farm, size_t n, const char *name, uint64_t ms);

#endif

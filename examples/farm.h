/* SPDX-License-Identifier: MIT */
/* A farm of workers: the parts that its files share. See farm.c. */
#ifndef FARM_H
#define FARM_H

#include <avow.h>
#include <avow/nats.h>

typedef struct {
  uv_loop_t *loop;
  char url[1024];      /* of the server */
  bool has_said;       /* it has reported why it waits for the user's server */
  char folder[64];     /* of a server that this program started, or "" */
  avow_value_t server; /* the process of that server, or NONE */
  avow_promise_t *end; /* settles when that process ends */
  avow_value_t nats;
  avow_value_t queue;          /* of jobs */
  avow_value_t bucket;         /* the worker of each job: "WORKER ATTEMPT" */
  avow_channel_t *signals;     /* SIGINT and SIGTERM */
  avow_promise_t *interrupted; /* INT: the next signal */
  void *rows; /* rows of jobs, valid as long as the loop exists */
} farm_t;

/* Connects to the server. If `url` is NULL, it starts one first. On failure the
   program exits. */
void farm_open(farm_t *farm, const char *url);

/* Closes the connection and stops the server that farm_open() started. */
void farm_close(farm_t *farm);

/* Waits for `p`, which it takes ownership of. Returns the signal that
   interrupted the wait; `p` is not canceled then. Otherwise it returns 0 and
   stores the result of `p` in *out. The next signal interrupts the next
   wait. */
int farm_wait(farm_t *farm, avow_promise_t *p, avow_value_t *out);

/* Both return the exit status. */
int farm_work(farm_t *farm, uint64_t at_a_time, uint64_t ack);
int farm_run(farm_t *farm, size_t n, const char *name, uint64_t ms);

#endif

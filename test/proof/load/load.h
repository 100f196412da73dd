/* SPDX-License-Identifier: MIT */
/*
 * Declarations for both processes: the plan, the reports, and the loop of each
 * process, which must have nothing left at the end.
 */
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "avow/all.h"

enum {
  LISTENERS = 4, /* on several addresses, because each has few ports */
  BACKLOG = 1024,
  HELLO = 16,    /* bytes of the first message */
  MESSAGES = 5,  /* messages after the first */
  SMALLEST = 64, /* bytes of a message */
  LARGEST = 4096,
  HUGE = 300 * 1000, /* size of one message in RARE */
  RARE = 100
};

typedef struct {
  unsigned connections;
  uint64_t seed;
} plan_t;

extern plan_t plan;

/* Addresses on which the server listens. */
typedef struct sockaddr_in addresses_t[LISTENERS];

/* Outcomes of the connections on one side. */
typedef struct {
  uint32_t open; /* open now */
  uint32_t peak;
  uint32_t complete;
  uint32_t cut; /* canceled, or ended early by the other side */
  uint64_t messages;
  uint64_t bytes;
  uint64_t memory; /* resident memory per connection at the peak */
} report_t;

/* Prints the failed condition and ends the process. */
_Noreturn void violated(const char *what, const char *file, int line);

#define CHECK(x) ((x) ? (void) 0 : violated(#x, __FILE__, __LINE__))

/* Makes avow and libuv use a counting allocator. Must be called first. */
void room_init(void);

/* The loop of this process. Closing it checks that nothing is left. */
extern uv_loop_t room;
void room_open(void);
void room_close(void);

/* Counts an opened connection. The last one measures the memory. */
void room_opened(report_t *report);

/* Allocates counted memory. Never returns NULL. */
void *room_calloc(size_t size);
void room_free(void *block);

/* Returns the next number of the sequence that starts with *state. */
uint32_t next_random(uint64_t *state);

/* Listens, writes its addresses to `out`, and serves the planned connections,
   half of which it cancels. */
report_t serve(int out);

/* Opens all connections, and then exchanges messages on all of them. */
report_t talk(const addresses_t addresses);

/* Shows the progress on a terminal. */
void show_progress(const report_t *report, bool last);

#endif

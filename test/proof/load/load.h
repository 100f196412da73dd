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
  LISTENERS = 4, /* on addresses of their own: ports may run short */
  BACKLOG = 1024,
  HELLO = 16,    /* bytes of the first message */
  MESSAGES = 5,  /* after that */
  SMALLEST = 64, /* bytes of a message */
  LARGEST = 4096,
  HUGE = 300 * 1000, /* of one in RARE */
  RARE = 100
};

typedef struct {
  unsigned connections;
  uint64_t seed;
} plan_t;

extern plan_t plan;

/* Where the server listens. */
typedef struct sockaddr_in addresses_t[LISTENERS];

/* Outcomes of the connections on one side. */
typedef struct {
  uint32_t open; /* at the moment */
  uint32_t peak;
  uint32_t complete;
  uint32_t cut; /* cancelled, or ended by the other side before its time */
  uint64_t messages;
  uint64_t bytes;
  uint64_t memory; /* resident memory per connection at the peak */
} report_t;

/* Ends the process with what did not hold. */
_Noreturn void violated(const char *what, const char *file, int line);

#define CHECK(x) ((x) ? (void) 0 : violated(#x, __FILE__, __LINE__))

/* Puts a counting allocator under avow and libuv. To be called first. */
void room_init(void);

/* The loop of this process. Closing it checks that nothing is left. */
extern uv_loop_t room;
void room_open(void);
void room_close(void);

/* Counts a connection more, and what it is worth. */
void room_opened(report_t *report);

/* Memory that is counted; NULL if there is none left. */
void *room_calloc(size_t size);
void room_free(void *block);

/* The next number of a sequence, of which each start has its own. */
uint32_t next_random(uint64_t *state);

/* Listens, writes to out where, and serves that many connections, half of which
   it cancels. */
report_t serve(int out);

/* Opens them all, and then has messages echoed on all. */
report_t talk(const addresses_t addresses);

/* Shows how it goes, on a terminal. */
void show_progress(const report_t *report, bool last);

#endif

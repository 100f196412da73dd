/* SPDX-License-Identifier: MIT */
#include "sim/link.h"

#include <assert.h>
#include <string.h>

#include "sim/chance.h"
#include "sim/event_log.h"

typedef struct message_s {
  struct message_s *next;
  uint64_t due;
  sim_message_t what;
  size_t len, done; /* bytes in all; bytes already read */
  char bytes[];
} message_t;

typedef struct {
  message_t *first;
  message_t **end;
} messages_t;

typedef struct {
  sim_task_t task; /* delivers the next message */
  sim_link_t *link;
  messages_t flying;
  messages_t here; /* arrived bytes that were not read */
  size_t held, arrived;
  uint64_t carried; /* bytes sent so far */
  int from;
  bool broken; /* messages sent from now on are discarded */
} way_t;

struct sim_link_s {
  sim_link_plan_t plan;
  size_t capacity; /* of each direction */
  way_t ways[2];   /* indexed by the sending end */
  bool is_cut;     /* nothing arrives any more */
  bool looks[2];   /* whether an end probes its peer */
};

enum { PATIENCE = 1000 }; /* a multiple of a message's delay */

enum { SOME = 64 * 1024, MUCH = 1024 * 1024 }; /* bytes carried */

static void messages_put(messages_t *list, message_t *message) {
  message->next = NULL;
  *list->end = message;
  list->end = &message->next;
}

static message_t *messages_pop(messages_t *list) {
  message_t *message = list->first;
  list->first = message->next;
  if (list->first == NULL)
    list->end = &list->first;
  return message;
}

static void messages_drop(messages_t *list) {
  while (list->first != NULL)
    sim_free(messages_pop(list));
}

/* The size of the socket buffers. Small buffers reveal the most bugs. */
static size_t choose_capacity(void) {
  static const size_t sizes[] = { 212992, 65536, 4096, 64 };
  return sizes[sim_choose(4, "net.buffer")];
}

static void way_init(sim_link_t *link, int from) {
  way_t *way = &link->ways[from];
  way->link = link;
  way->from = from;
  way->flying.end = &way->flying.first;
  way->here.end = &way->here.first;
}

sim_link_t *sim_link_new(const sim_link_plan_t *plan) {
  sim_link_t *link = sim_alloc(sizeof(*link));
  link->plan = *plan;
  link->capacity = choose_capacity();
  way_init(link, 0);
  way_init(link, 1);
  return link;
}

static void way_fly_no_more(way_t *way) {
  sim_task_unset(&way->task);
  messages_drop(&way->flying);
}

static void way_clear(way_t *way) {
  way_fly_no_more(way);
  messages_drop(&way->here);
}

void sim_link_leave(sim_link_t *link, int end) {
  link->plan.ends[end] = NULL;
  if (link->plan.ends[1 - end] != NULL)
    return;
  way_clear(&link->ways[0]);
  way_clear(&link->ways[1]);
  sim_free(link);
}

static void note_arrival(const way_t *way, const message_t *message) {
  static const char *const names[] = { "is connected", "",
                                       "sees the end", "sees a hang-up",
                                       "is reset",     "hears nothing" };
  const uint32_t id = way->link->plan.id;
  const char side = way->from == 0 ? 's' : 'c'; /* the receiving end: server or
                                                   client */
  if (message->what == SIM_BYTES)
    sim_note("connection %u%c gets %zu bytes", id, side, message->len);
  else
    sim_note("connection %u%c %s", id, side, names[message->what]);
}

/* Bytes to a closed end are answered with a reset, as in TCP. */
static void bounce(way_t *way, const message_t *message) {
  if (message->what == SIM_BYTES && !way->broken) {
    way->broken = true;
    sim_link_send(way->link, 1 - way->from, SIM_RESET);
  }
}

static void keep(way_t *way, message_t *message) {
  way->arrived += message->len;
  messages_put(&way->here, message);
}

/* The receiver may close its end, and that may free the link. Calling it is
   therefore the last step for a message. */
static void arrive(way_t *way, message_t *message) {
  const sim_message_t what = message->what;
  sim_link_t *link = way->link;
  void *end = link->plan.ends[1 - way->from];
  if (end == NULL)
    bounce(way, message);
  else
    note_arrival(way, message);
  if (what == SIM_BYTES && end != NULL)
    keep(way, message);
  else
    sim_free(message);
  if (end != NULL)
    link->plan.hear(end, what);
}

static void way_expect(way_t *way);

/* Delivers one message at a time, because tasks of other links may be due
   before the next one. */
static void way_run(sim_task_t *task) {
  way_t *way = (way_t *) task;
  if (way->flying.first->due > sim_now()) {
    way_expect(way);
    return;
  }
  message_t *message = messages_pop(&way->flying);
  way_expect(way);
  arrive(way, message);
}

/* Nothing arrives while the network is partitioned. */
static void way_expect(way_t *way) {
  if (way->flying.first == NULL)
    return;
  const uint64_t now = sim_now();
  const uint64_t whole = sim_host_is_whole_at(way->link->plan.host);
  uint64_t due = way->flying.first->due;
  if (!way->link->plan.local && due < whole)
    due = way->flying.first->due = whole;
  sim_task_set(&way->task, due > now ? due - now : 0, way_run);
}

static void way_send(way_t *way, message_t *message, uint64_t after) {
  message->due = sim_now() + after + message->len; /* a byte per ns */
  const bool first = way->flying.first == NULL;
  messages_put(&way->flying, message);
  if (first)
    way_expect(way);
}

static uint64_t latency(const sim_link_t *link) {
  return sim_delay(link->plan.local ? "net.local" : "net.latency");
}

static void send_message(way_t *way, sim_message_t what, uint64_t after) {
  message_t *message = sim_alloc(sizeof(*message));
  message->what = what;
  way_send(way, message, after);
}

static void way_break(way_t *way, sim_message_t what, uint64_t after) {
  if (way->broken)
    return;
  send_message(way, what, after);
  way->broken = true;
}

/* An end whose messages stay unanswered, or that probes its peer, gives up
   after a while. */
static void lose_patience(sim_link_t *link, int end) {
  way_t *way = &link->ways[1 - end];
  if (!way->broken)
    way_break(way, SIM_LOST, sim_delay("net.patience") * PATIENCE);
}

/* True while end 0 still waits for the answer to its connection attempt. */
static bool is_unwelcome(const sim_link_t *link) {
  const message_t *first = link->ways[1].flying.first;
  return first != NULL && first->what == SIM_WELCOME;
}

/* The peer dies, for both ends, and messages in transit are lost. An end that
   only waits never notices. */
static void link_die(sim_link_t *link) {
  link->looks[0] = link->looks[0] || is_unwelcome(link);
  sim_note("connection %u is cut silently", link->plan.id);
  link->is_cut = true;
  for (int end = 0; end < 2; end++) {
    link->looks[end] = link->looks[end] || link->ways[end].flying.first != NULL;
    way_fly_no_more(&link->ways[end]);
  }
  for (int end = 0; end < 2; end++)
    if (link->looks[end])
      lose_patience(link, end);
}

void sim_link_keep_alive(sim_link_t *link, int end) {
  link->looks[end] = true;
  if (link->is_cut)
    lose_patience(link, end);
}

static void part(const sim_link_t *link) {
  const uint64_t ns = (1 + sim_choose(30000, "net.parted_ms")) * SIM_MS;
  sim_host_part(link->plan.host, sim_now() + ns);
}

static void reset(sim_link_t *link) {
  sim_note("connection %u is reset by the network", link->plan.id);
  way_break(&link->ways[0], SIM_RESET, latency(link));
  way_break(&link->ways[1], SIM_RESET, latency(link));
}

/* Chance breaks a connection now and then. A connection that is already broken
   is left alone, because its ends know of that or will soon. */
static void strike(sim_link_t *link) {
  const bool broken = link->ways[0].broken || link->ways[1].broken;
  if (link->plan.local || link->is_cut || broken || !sim_strikes("net.breaks"))
    return;
  switch (sim_choose(3, "net.how")) {
  case 0:
    reset(link);
    return;
  case 1:
    part(link);
    return;
  default:
    link_die(link);
  }
}

void sim_link_send(sim_link_t *link, int from, sim_message_t what) {
  if (link->is_cut)
    lose_patience(link, from);
  else if (!link->ways[from].broken)
    send_message(&link->ways[from], what, latency(link));
}

void sim_link_reset(sim_link_t *link, int from) {
  way_t *way = &link->ways[from];
  if (!link->plan.local && !link->is_cut && sim_choose(4, "net.loses") == 3)
    way_fly_no_more(way);
  sim_link_send(link, from, SIM_RESET);
}

/* The buffers of a busy link grow, as on Linux. Small buffers reveal bugs at
   the beginning and later cost an event for each few bytes. */
static size_t capacity_of(const sim_link_t *link, int from) {
  const uint64_t carried = link->ways[from].carried;
  const size_t grown = carried >= MUCH ? 65536 : carried >= SOME ? 4096 : 0;
  return grown > link->capacity ? grown : link->capacity;
}

size_t sim_link_room(const sim_link_t *link, int from) {
  const size_t held = link->ways[from].held; /* a blocking writer can exceed the
                                                capacity */
  const size_t capacity = capacity_of(link, from);
  return held < capacity ? capacity - held : 0;
}

bool sim_link_is_writable(const sim_link_t *link, int from) {
  return sim_link_room(link, from) >= capacity_of(link, from) / 3;
}

static message_t *packed(const uv_buf_t bufs[], size_t len) {
  message_t *message = sim_alloc(sizeof(*message) + len);
  message->what = SIM_BYTES;
  while (message->len < len) {
    const size_t left = len - message->len;
    const size_t n = bufs->len < left ? bufs->len : left;
    if (n > 0)
      memcpy(message->bytes + message->len, bufs->base, n);
    message->len += n;
    bufs++;
  }
  return message;
}

/* Discarded bytes fill the buffer, too. */
void sim_link_send_bytes(sim_link_t *link, int from, const uv_buf_t bufs[],
                         size_t len) {
  way_t *way = &link->ways[from];
  strike(link);
  way->held += len;
  way->carried += len;
  if (link->is_cut)
    lose_patience(link, from);
  else if (!way->broken)
    way_send(way, packed(bufs, len), latency(link));
}

size_t sim_link_arrived(const sim_link_t *link, int at) {
  return link->ways[1 - at].arrived;
}

static size_t take_from(way_t *way, char *base, size_t len) {
  message_t *message = way->here.first;
  const size_t left = message->len - message->done;
  const size_t n = left < len ? left : len;
  memcpy(base, message->bytes + message->done, n);
  message->done += n;
  if (n == left)
    sim_free(messages_pop(&way->here));
  return n;
}

void sim_link_take(sim_link_t *link, int at, char *base, size_t len) {
  way_t *way = &link->ways[1 - at];
  assert(len <= way->arrived && way->arrived <= way->held);
  way->arrived -= len;
  way->held -= len;
  while (len > 0) {
    const size_t n = take_from(way, base, len);
    base += n;
    len -= n;
  }
  if (link->plan.ends[1 - at] != NULL)
    link->plan.hear(link->plan.ends[1 - at], SIM_ROOM);
}

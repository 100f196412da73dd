/* SPDX-License-Identifier: MIT */
/*
 * What does it cost to send items to a loop from other threads and to receive
 * them there one by one, or to call functions there? The result is the
 * processor time of both sides, because on a busy machine the elapsed time says
 * little. The last case is the elapsed time from sending to receiving with one
 * pending item at a time: its 99th percentile.
 *
 * The floor consists of two arrays under a mutex that are swapped. A condition
 * variable is for threads that find the array full. uv_async_send() is called
 * when the array was empty. A callback receives each item. For functions, the
 * floor is a list of blocks from malloc.
 *
 * Items of a sender are received by one then each, whose handler requests the
 * next item. In the cases named "taken in a row", the handler receives
 * everything that is buffered by calling avow_channel_try_next().
 */
#include <stdlib.h>

#include "bench.h"

enum { ROOM = 1024, MOST = 4 };

static uv_thread_t producers[MOST];
static size_t threads, expected;
static void (*send_one)(int64_t i);
static void (*produced)(void); /* called by each thread at its end; or NULL */

/* Each item changes the count. The count has its own cache line, because
   senders read the variables around it. */
static struct { _Alignas(64) size_t count; } taken;

static void produce(void *data) {
  const size_t n = expected / threads;
  for (size_t i = 0; i < n; i++)
    send_one((int64_t) i);
  if (produced != NULL)
    produced();
}

static void start_producers(size_t n) {
  expected = n / threads * threads;
  taken.count = 0;
  for (size_t i = 0; i < threads; i++)
    bench_require(uv_thread_create(&producers[i], produce, NULL) == 0,
                  "uv_thread_create()");
}

/* Measures `n` items from all threads until the loop is no longer alive. */
static uint64_t time_items(size_t n) {
  const uint64_t start = bench_clock_of_all();
  start_producers(n);
  bench_drain();
  for (size_t i = 0; i < threads; i++)
    (void) uv_thread_join(&producers[i]); /* it was created */
  const uint64_t elapsed = bench_clock_of_all() - start;
  bench_require(taken.count == expected, "each item comes once");
  return elapsed;
}

/* One at a time. */

static uint64_t *times; /* from sending to receiving; NULL: not measured */
static uv_sem_t was_taken;
static void (*send_stamp)(int64_t now);

static void send_and_wait(int64_t i) {
  send_stamp((int64_t) uv_hrtime());
  uv_sem_wait(&was_taken);
}

static void note_taken(const avow_value_t *item) {
  bench_calls++;
  if (times != NULL)
    times[taken.count] = uv_hrtime() - (uint64_t) avow_to_int(item);
  taken.count++;
  if (times != NULL)
    uv_sem_post(&was_taken);
}

static int compare_times(const void *a, const void *b) {
  const uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;
  return (x > y) - (x < y);
}

/* The 99th percentile of the times, multiplied by n. */
static uint64_t time_one_by_one(void (*fn)(int64_t now), size_t n) {
  send_stamp = fn;
  send_one = send_and_wait;
  times = calloc(n, sizeof(*times));
  bench_require(times != NULL && uv_sem_init(&was_taken, 0) == 0, "memory");
  (void) time_items(n); /* its time is not used */
  qsort(times, n, sizeof(*times), compare_times);
  const uint64_t most = times[n * 99 / 100];
  uv_sem_destroy(&was_taken);
  free(times);
  times = NULL;
  return most * n;
}

static uint64_t time_sending(void (*fn)(int64_t i), bool one_by_one, size_t n) {
  if (one_by_one)
    return time_one_by_one(fn, n);
  send_one = fn;
  return time_items(n);
}

/* With a sender. */

static avow_channel_t *channel;
static avow_sender_t *sender;

static void send_by_sender(int64_t i) {
  (void) avow_sender_blocking_send(sender,
                                   avow_int(i)); /* 0: the channel is open */
}

static void try_by_sender(int64_t i) {
  while (avow_sender_try_send(sender, avow_int(i)) == UV_EAGAIN)
    uv_sleep(0);
}

static void ask(void);

static bool in_a_row; /* receives all buffered items with each item */

static void take_the_others(void) {
  avow_value_t item;
  while (avow_channel_try_next(channel, &item) == 0)
    note_taken(&item);
}

static avow_value_t on_item(const avow_value_t *item, void *data) {
  note_taken(item);
  if (in_a_row)
    take_the_others();
  if (taken.count < expected)
    ask();
  return avow_none();
}

static void ask(void) {
  avow_unref(avow_then(avow_channel_next(channel), on_item, NULL, NULL));
}

static uint64_t by_sender(size_t count, void (*fn)(int64_t i), bool one_by_one,
                          size_t n, size_t rounds) {
  threads = count;
  channel = avow_channel_new(bench_loop, 0);
  sender = avow_sender_new(channel, ROOM);
  uint64_t elapsed = 0;
  for (size_t round = 0; round < rounds; round++) {
    ask();
    elapsed += time_sending(fn, one_by_one, n);
  }
  avow_sender_unref(sender);
  avow_channel_unref(channel);
  return elapsed;
}

/* Without avow. */

typedef struct call_s {
  struct call_s *next;
  void (*fn)(void *data);
  void *data;
} call_t;

static uv_async_t async;
static uv_mutex_t mutex;
static uv_cond_t has_room;
static avow_value_t arrays[2][ROOM], *sent = arrays[0];
static size_t sent_count;
static unsigned blocked;
static call_t *calls, **calls_end = &calls;

static void put_item(int64_t i) {
  const bool was_empty = sent_count == 0;
  sent[sent_count++] = avow_int(i);
  if (was_empty)
    (void) uv_async_send(&async); /* fails only for other handle types */
}

static void queue_item(int64_t i) {
  uv_mutex_lock(&mutex);
  blocked++;
  while (sent_count == ROOM)
    uv_cond_wait(&has_room, &mutex);
  blocked--;
  put_item(i);
  uv_mutex_unlock(&mutex);
}

static bool has_queued(int64_t i) {
  uv_mutex_lock(&mutex);
  const bool fits = sent_count < ROOM;
  if (fits)
    put_item(i);
  uv_mutex_unlock(&mutex);
  return fits;
}

static void try_to_queue(int64_t i) {
  while (!has_queued(i))
    uv_sleep(0);
}

static void on_items(uv_async_t *handle) {
  uv_mutex_lock(&mutex);
  const avow_value_t *items = sent;
  const size_t n = sent_count;
  const bool waited = blocked > 0;
  sent = sent == arrays[0] ? arrays[1] : arrays[0];
  sent_count = 0;
  uv_mutex_unlock(&mutex);
  if (waited)
    uv_cond_broadcast(&has_room);
  for (size_t i = 0; i < n; i++)
    note_taken(&items[i]);
  if (taken.count == expected)
    uv_unref((uv_handle_t *) &async); /* ends the run of the loop */
}

static void count_call(void *data) {
  taken.count++;
}

static void queue_call(int64_t i) {
  call_t *call = malloc(sizeof(*call));
  bench_require(call != NULL, "memory for blocks");
  *call = (call_t){ .fn = count_call };
  uv_mutex_lock(&mutex);
  if (calls == NULL)
    (void) uv_async_send(&async); /* as in put_item() */
  *calls_end = call;
  calls_end = &call->next;
  uv_mutex_unlock(&mutex);
}

static void on_calls(uv_async_t *handle) {
  uv_mutex_lock(&mutex);
  call_t *call = calls;
  calls = NULL;
  calls_end = &calls;
  uv_mutex_unlock(&mutex);
  while (call != NULL) {
    call_t *next = call->next;
    call->fn(call->data);
    free(call);
    call = next;
  }
  if (taken.count == expected)
    uv_unref((uv_handle_t *) &async); /* as in on_items() */
}

static uint64_t by_hand(size_t count, uv_async_cb cb, void (*fn)(int64_t i),
                        bool one_by_one, size_t n, size_t rounds) {
  threads = count;
  bench_require(uv_mutex_init(&mutex) == 0, "uv_mutex_init()");
  bench_require(uv_cond_init(&has_room) == 0, "uv_cond_init()");
  bench_require(uv_async_init(bench_loop, &async, cb) == 0, "uv_async_init()");
  uint64_t elapsed = 0;
  for (size_t round = 0; round < rounds; round++) {
    uv_ref((uv_handle_t *) &async);
    elapsed += time_sending(fn, one_by_one, n);
  }
  uv_close((uv_handle_t *) &async, NULL);
  bench_drain();
  uv_cond_destroy(&has_room);
  uv_mutex_destroy(&mutex);
  return elapsed;
}

/* With a mailbox. */

static avow_mailbox_t *mailbox;

static void post_call(int64_t i) {
  (void) avow_post(mailbox, count_call, NULL, NULL); /* 0: the loop is alive */
}

static void let_go(void) {
  avow_mailbox_unref(mailbox);
}

static uint64_t by_mailbox(size_t count, size_t n, size_t rounds) {
  threads = count;
  produced = let_go;
  uint64_t elapsed = 0;
  for (size_t round = 0; round < rounds; round++) {
    mailbox = avow_mailbox_new(bench_loop);
    for (size_t i = 1; i < threads; i++)
      (void) avow_mailbox_ref(mailbox); /* returns mailbox */
    elapsed += time_sending(post_call, false, n);
  }
  produced = NULL;
  return elapsed;
}

#define OF(threads)                                                    \
  static uint64_t sent_##threads(size_t n, size_t rounds) {            \
    return by_sender(threads, send_by_sender, false, n, rounds);       \
  }                                                                    \
  static uint64_t tried_##threads(size_t n, size_t rounds) {           \
    return by_sender(threads, try_by_sender, false, n, rounds);        \
  }                                                                    \
  static uint64_t drained_##threads(size_t n, size_t rounds) {         \
    in_a_row = true;                                                   \
    const uint64_t elapsed =                                           \
        by_sender(threads, send_by_sender, false, n, rounds);          \
    in_a_row = false;                                                  \
    return elapsed;                                                    \
  }                                                                    \
  static uint64_t queued_##threads(size_t n, size_t rounds) {          \
    return by_hand(threads, on_items, queue_item, false, n, rounds);   \
  }                                                                    \
  static uint64_t retried_##threads(size_t n, size_t rounds) {         \
    return by_hand(threads, on_items, try_to_queue, false, n, rounds); \
  }                                                                    \
  static uint64_t posted_##threads(size_t n, size_t rounds) {          \
    return by_mailbox(threads, n, rounds);                             \
  }                                                                    \
  static uint64_t called_##threads(size_t n, size_t rounds) {          \
    return by_hand(threads, on_calls, queue_call, false, n, rounds);   \
  }

OF(1)
OF(2)
OF(4)

static uint64_t latency(size_t n, size_t rounds) {
  return by_sender(1, send_by_sender, true, n, rounds);
}

static uint64_t latency_by_hand(size_t n, size_t rounds) {
  return by_hand(1, on_items, queue_item, true, n, rounds);
}

int main(int argc, char **argv) {
  const bench_case_t cases[] = {
    { "sent by another thread", 100000, sent_1, queued_1, 0, 1.3 },
    { "sent by 2 threads", 100000, sent_2, queued_2, 0, 1.3 },
    { "sent by 4 threads", 100000, sent_4, queued_4, 0, 1.3 },
    { "taken in a row, of another thread", 100000, drained_1, queued_1, 0,
      1.3 },
    { "taken in a row, of 2 threads", 100000, drained_2, queued_2, 0, 1.3 },
    { "taken in a row, of 4 threads", 100000, drained_4, queued_4, 0, 1.3 },
    { "tried by another thread", 100000, tried_1, retried_1, 0, 1.5 },
    { "tried by 2 threads", 100000, tried_2, retried_2, 0, 1.5 },
    { "tried by 4 threads", 100000, tried_4, retried_4, 0, 1.5 },
    { "posted by another thread", 100000, posted_1, called_1, 0, 1.5 },
    { "posted by 2 threads", 100000, posted_2, called_2, 0, 1.5 },
    { "posted by 4 threads", 100000, posted_4, called_4, 0, 1.5 },
    { "99 of 100 items are taken in", 1000, latency, latency_by_hand, 0, 0 },
  };
  return bench_main(argc, argv, "ns", cases, sizeof(cases) / sizeof(*cases));
}

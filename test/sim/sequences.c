/* SPDX-License-Identifier: MIT */
#include "sequences.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { END_LOG = 8192, END_REQUESTS = 64 };

/* One of the two streams, or the listener. */
typedef struct {
  union {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  } u;
  const char *name;
  char read[END_LOG], done[END_LOG]; /* what it received; other events */
  size_t got;                        /* bytes not yet in the log */
  uint32_t sum;
  enum { GOES_ON, STOPS, CLOSES, REFUSES } manner; /* action after a read */
  uv_write_t writes[END_REQUESTS];
  int n_writes, n_tries;
  uv_shutdown_t shutdown;
  uv_connect_t connect;
} end_t;

enum { STEPS = 14, LONGEST = 1000, MOST_SAID = 16 };

static uint64_t state;
static char zeros[LONGEST];
static uv_loop_t *loop;
static const sequence_t *sequence;
static bool of_pipes;

/* A linear congruential generator with Knuth's constants. */
static uint32_t chance(uint32_t bound) {
  state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t) (state >> 33) % bound;
}

static void say(char log[END_LOG], const char *format, ...) {
  va_list args;
  const size_t len = strlen(log);
  va_start(args, format);
  (void) vsnprintf(log + len, END_LOG - len, format, args);
  va_end(args);
}

static const char *name_of(int code) {
  return code < 0 ? uv_err_name(code) : "0";
}

/* Callbacks of a stream. */

static end_t *end_of(const void *handle) {
  return ((const uv_handle_t *) handle)->data;
}

static void flush(end_t *end) {
  if (end->got > 0)
    say(end->read, " %zu(%u)", end->got, end->sum);
  end->got = 0;
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  static char room[100];
  const bool refuses = end_of(handle)->manner == REFUSES;
  *buf = uv_buf_init(refuses ? NULL : room, refuses ? 0 : sizeof(room));
}

static void has_closed(uv_handle_t *handle) {
  say(end_of(handle)->done, " closed");
}

static void end_close(end_t *end) {
  if (uv_is_closing(&end->u.handle))
    return;
  if (!of_pipes && chance(3) == 0)
    say(end->done, " reset=%s",
        name_of(uv_tcp_close_reset(&end->u.tcp, has_closed)));
  if (!uv_is_closing(&end->u.handle))
    uv_close(&end->u.handle, has_closed);
}

static void has_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  end_t *end = end_of(stream);
  for (ssize_t i = 0; i < n; i++)
    end->sum = end->sum * 31 + (unsigned char) buf->base[i];
  end->got += n > 0 ? (size_t) n : 0;
  if (n < 0) {
    flush(end);
    say(end->read, " %s", name_of((int) n));
  }
  if (n == UV_ENOBUFS || (n > 0 && end->manner == STOPS))
    (void) uv_read_stop(stream);
  if (n > 0 && end->manner == CLOSES && !uv_is_closing(&end->u.handle))
    uv_close(&end->u.handle, has_closed);
}

static void has_written(uv_write_t *req, int status) {
  end_t *end = end_of(req->handle);
  say(end->done, " write%d=%s", (int) (req - end->writes), name_of(status));
}

static void has_shut(uv_shutdown_t *req, int status) {
  say(end_of(req->handle)->done, " shut=%s", name_of(status));
}

static void end_connected(uv_connect_t *req, int status) {
  say(end_of(req->handle)->done, " connected=%s", name_of(status));
}

/* Actions on a stream. */

static void end_read(end_t *end) {
  if (chance(4) == 0) {
    say(end->done, " stop=%s", name_of(uv_read_stop(&end->u.stream)));
    return;
  }
  end->manner = chance(8) == 0 ? 1 + chance(3) : GOES_ON;
  flush(end);
  say(end->done, " read=%s",
      name_of(uv_read_start(&end->u.stream, give_room, has_read)));
}

static uv_buf_t some(unsigned least) {
  static const unsigned lens[] = { 0, 1, 7, 100, 101, LONGEST };
  const unsigned n = sizeof(lens) / sizeof(lens[0]) - least;
  return uv_buf_init(zeros, lens[least + chance(n)]);
}

static void write_bufs(end_t *end, const uv_buf_t bufs[], unsigned n) {
  uv_write_t *req = &end->writes[end->n_writes++];
  const int err = uv_write(req, &end->u.stream, bufs, n, has_written);
  if (err != 0)
    say(end->done, " no write%d: %s", end->n_writes - 1, name_of(err));
}

/* Limits writes to a number that each system can buffer without a reader. */
static bool has_said_enough(end_t *end) {
  return end->n_writes + end->n_tries > MOST_SAID;
}

static void end_write(end_t *end) {
  if (has_said_enough(end))
    return;
  const uv_buf_t buf = some(0);
  write_bufs(end, &buf, 1);
}

static void end_write_parts(end_t *end) {
  if (has_said_enough(end))
    return;
  const unsigned n = 1 + chance(6);
  uv_buf_t bufs[6];
  for (unsigned i = 0; i < n; i++)
    bufs[i] = some(i > 0);
  write_bufs(end, bufs, n);
}

static void end_try(end_t *end) {
  if (has_said_enough(end))
    return;
  end->n_tries++;
  const uv_buf_t buf = some(0);
  const int n = uv_try_write(&end->u.stream, &buf, 1);
  say(end->done, " try=%d", n);
}

static void end_shutdown(end_t *end) {
  say(end->done, " shutdown=%s",
      name_of(uv_shutdown(&end->shutdown, &end->u.stream, has_shut)));
}

static int ask(const end_t *end,
               int (*fn)(const uv_tcp_t *, struct sockaddr *, int *)) {
  struct sockaddr_storage address;
  int len = sizeof(address);
  return fn(&end->u.tcp, (struct sockaddr *) &address, &len);
}

static void end_look(end_t *end) {
  const uv_stream_t *stream = &end->u.stream;
  say(end->done, " [%s%s%s%zu]", uv_is_readable(stream) ? "r" : "",
      uv_is_writable(stream) ? "w" : "",
      uv_is_active(&end->u.handle) ? "a" : "",
      uv_stream_get_write_queue_size(stream));
  if (!of_pipes)
    say(end->done, "(%s %s)", name_of(ask(end, uv_tcp_getsockname)),
        name_of(ask(end, uv_tcp_getpeername)));
}

static void end_tell(end_t *end) {
  flush(end);
  printf("  %s reads:%s\n  %s:%s\n", end->name, end->read, end->name,
         end->done);
}

/* Sequences. */

static end_t server, ends[2];
static bool has_both;

/* Actions that may end a stream come last. */
static void act(end_t *end, bool only_says) {
  static void (*const deeds[])(end_t *) = {
    end_write,    end_write, end_write_parts, end_try,  end_try,
    end_shutdown, end_read,  end_read,        end_read, end_close,
  };
  enum { SAYS = 6, ALL = sizeof(deeds) / sizeof(deeds[0]) };
  if (!uv_is_closing(&end->u.handle))
    deeds[chance(only_says ? SAYS : ALL)](end);
}

/* Lets one stream act. If the other one does not answer the first action, it
   may perform several actions that only send. Sent bytes and a reset may arrive
   together or one after another, because a network takes time. */
static void take_turn(void) {
  const uint32_t i = chance(2);
  const end_t *other = &ends[1 - i];
  const bool is_deaf = (other->manner == GOES_ON || other->manner == REFUSES) &&
                       !uv_is_closing(&other->u.handle);
  const uint32_t n = is_deaf ? 1 + chance(3) : 1;
  for (uint32_t k = 0; k < n; k++)
    act(&ends[i], n > 1);
}

static void settle(void) {
  for (int i = 0; i < sequence->turns; i++)
    (void) uv_run(loop, sequence->waits && chance(4) == 0 ? UV_RUN_ONCE
                                                          : UV_RUN_NOWAIT);
}

/* TCP_NODELAY prevents bytes from waiting until a reset discards them. */
static void end_init(end_t *end, const char *name) {
  *end = (end_t){ .name = name };
  if (of_pipes)
    (void) uv_pipe_init(loop, &end->u.pipe, 0);
  else
    (void) uv_tcp_init(loop, &end->u.tcp);
  if (!of_pipes)
    (void) uv_tcp_nodelay(&end->u.tcp, 1);
  end->u.handle.data = end;
}

static void accept_one(uv_stream_t *stream, int status) {
  if (has_both)
    return;
  has_both = true;
  end_init(&ends[1], "B");
  (void) uv_accept(stream, &ends[1].u.stream); /* cannot fail */
}

static int bind_server(struct sockaddr *address, int *len) {
  if (of_pipes)
    return uv_pipe_bind(&server.u.pipe, sequence->pipe);
  int err = uv_tcp_bind(&server.u.tcp, address, 0);
  if (err == 0)
    err = uv_tcp_getsockname(&server.u.tcp, address, len);
  return err;
}

static void connect_end(end_t *end, const struct sockaddr *address) {
  if (of_pipes)
    uv_pipe_connect(&end->connect, &end->u.pipe, sequence->pipe, end_connected);
  else
    say(end->done, " connect=%s",
        name_of(uv_tcp_connect(&end->connect, &end->u.tcp, address,
                               end_connected)));
}

/* Some streams act before they are connected, and some find no listener. */
static void open_ends(void) {
  struct sockaddr_storage storage;
  struct sockaddr *address = (struct sockaddr *) &storage;
  int len = sizeof(storage);
  (void) uv_ip4_addr("127.0.0.1", 0, (struct sockaddr_in *) &storage);
  end_init(&server, "server");
  end_init(&ends[0], "A");
  has_both = false;
  if (bind_server(address, &len) != 0 ||
      (chance(10) > 0 && uv_listen(&server.u.stream, 4, accept_one) != 0))
    abort();
  connect_end(&ends[0], address);
  for (uint32_t n = chance(3) == 0 ? chance(4) : 0; n > 0; n--)
    act(&ends[0], true);
  settle();
  if (!has_both)
    end_init(&ends[1], "B");
  has_both = true;
}

static void run_to_end(void) {
  open_ends();
  for (int i = 0; i < STEPS; i++) {
    take_turn();
    settle();
    end_look(&ends[0]);
    end_look(&ends[1]);
  }
  end_close(&ends[0]);
  end_close(&ends[1]);
  uv_close(&server.u.handle, NULL);
  settle();
}

static void wake(uv_timer_t *timer) {
}

void sequence_run(uint64_t seed, uv_loop_t *on, const sequence_t *how) {
  uv_timer_t awake; /* keeps the loop from blocking */
  loop = on;
  sequence = how;
  state = seed;
  of_pipes = chance(3) == 0;
  for (size_t i = 0; i < sizeof(zeros); i++)
    zeros[i] = (char) i;
  (void) uv_timer_init(loop, &awake);
  (void) uv_timer_start(&awake, wake, 10, 10);
  run_to_end();
  uv_close((uv_handle_t *) &awake, NULL);
  (void) uv_run(loop, UV_RUN_DEFAULT);
}

void sequence_tell(void) {
  printf("%s\n", of_pipes ? "pipes" : "TCP");
  end_tell(&ends[0]);
  end_tell(&ends[1]);
}

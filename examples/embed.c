/* SPDX-License-Identifier: MIT */
/*
 * An echo server in the usual style of libuv programs: with callbacks, handles,
 * data pointers and its own memory. One route on the same handle is written
 * with promises:
 *
 *     GET-FILE name  answered with "OK <bytes>" and the file, or "ERROR ..."
 *
 * All other lines are echoed. Each client is limited to its share of the
 * server. The number of clients is limited. The server stops reading from a
 * client that sends but does not read, and closes idle connections. See embed
 * --help.
 */
#include <avow.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "options.h"
#include "program.h"

static uint64_t most_clients = 64;
static uint64_t patience = 60000;

static const option_t options[] = {
  { "clients", "N", "limit of clients at a time; others wait (64)",
    .number = &most_clients, .min = 1, .max = 10000 },
  { "timeout", "MS", "timeout of an idle client (60000)", .number = &patience,
    .min = 1, .max = 9999999 },
  { .name = NULL },
};

static const command_line_t command_line = {
  .operands = "[PORT]",
  .most = 1,
  .about =
      "Runs an echo server on the loopback interface. The server answers\n"
      "the line GET-FILE NAME with the file NAME of the current directory.\n"
      "Without PORT, the system chooses a free port. SIGINT or SIGTERM\n"
      "ends the server.",
  .options = options,
  .status = "0 after a signal, 1 if it cannot serve",
  .example = "7002",
};

enum { FILE_MAX = 1024 * 1024, TIMEOUT = 1000 };

enum { OWED = 256 * 1024 }; /* bytes of unsent echo at which reading stops */

static struct {
  uv_tcp_t listener;
  uv_signal_t signals[2];
  uint64_t clients;
  bool waiting; /* a connection waits to be accepted */
} server;

typedef struct {
  uv_tcp_t tcp;
  uv_timer_t idle; /* expires when the client was idle too long */
  uv_shutdown_t goodbye;
  int users;      /* references: open handles, and a running route */
  uv_file file;   /* the file that the route reads */
  bool answering; /* the route is running: lines wait, reading is stopped */
  bool ended;     /* the client has sent everything */
  size_t used;
  char input[4096]; /* waiting lines and an incomplete one */
} client_t;

typedef struct {
  uv_write_t req;
  char data[];
} echo_t;

static uv_stream_t *stream_of(client_t *client) {
  return (uv_stream_t *) &client->tcp;
}

static bool is_closing(const client_t *client) {
  return uv_is_closing((const uv_handle_t *) &client->tcp) != 0;
}

static void welcome(void);

static void release(client_t *client) {
  if (--client->users > 0)
    return;
  free(client);
  server.clients--;
  welcome();
}

static void on_closed(uv_handle_t *handle) {
  release(handle->data);
}

static void hang_up(client_t *client) {
  if (is_closing(client))
    return;
  uv_close((uv_handle_t *) &client->tcp, on_closed);
  uv_close((uv_handle_t *) &client->idle, on_closed);
}

static void on_idle(uv_timer_t *timer) {
  hang_up(timer->data);
}

/* Called when the client has sent or received something. */
static void has_moved(client_t *client) {
  (void) uv_timer_again(&client->idle); /* fails if it is closing */
}

static void serve(client_t *client);

static void on_echoed(uv_write_t *req, int status) {
  client_t *client = req->handle->data;
  free(req);
  has_moved(client);
  if (status < 0)
    hang_up(client);
  else if (!client->ended && !is_closing(client))
    serve(client); /* reading may have stopped for unsent bytes */
}

static void echo(client_t *client, const char *data, size_t len) {
  echo_t *copy = malloc(sizeof(*copy) + len);
  if (copy == NULL) {
    hang_up(client);
    return;
  }
  memcpy(copy->data, data, len);
  const uv_buf_t buf = uv_buf_init(copy->data, (unsigned) len);
  if (uv_write(&copy->req, stream_of(client), &buf, 1, on_echoed) != 0) {
    free(copy);
    hang_up(client);
  }
}

/* The route, with promises. Its finally handler always runs last. */

static avow_value_t send_file(const avow_value_t *file, void *data) {
  client_t *client = data;
  size_t len = 0;
  if (!avow_is_none(file)) /* the file may be empty by now */
    (void) avow_to_bytes(file, &len);
  char head[32];
  (void) snprintf(head, sizeof(head), "OK %zu\n", len);
  const avow_stream_t stream = avow_uv_stream(stream_of(client));
  avow_promise_t *const writes[] = {
    avow_write(stream, avow_string(head)),
    avow_write(stream, len > 0 ? avow_value_ref(file) : avow_string("")),
  };
  return avow_follow(avow_all(client->tcp.loop, writes, 2));
}

static avow_value_t send_error(const avow_value_t *reason, void *data) {
  client_t *client = data;
  char line[512];
  (void) snprintf(line, sizeof(line), "ERROR %.500s\n",
                  avow_error_message(reason));
  return avow_follow(
      avow_write(avow_uv_stream(stream_of(client)), avow_string(line)));
}

static avow_value_t give_up(const avow_value_t *reason, void *data) {
  hang_up(data);
  return avow_none();
}

static avow_value_t go_on(void *data) {
  client_t *client = data;
  client->answering = false;
  has_moved(client);
  if (!is_closing(client))
    serve(client);
  release(client);
  return avow_none();
}

/* Reads a regular file. Other files are refused, because reading them might
   block or never end. */
static avow_value_t read_regular(const avow_value_t *stat, void *data) {
  client_t *client = data;
  const uint64_t size = avow_to_stat(stat)->st_size;
  if (!S_ISREG(avow_to_stat(stat)->st_mode))
    return avow_error_new(UV_EINVAL, avow_none(), "not a regular file");
  if (size > FILE_MAX)
    return avow_error(UV_EFBIG);
  return avow_follow(
      avow_fs_read(client->tcp.loop, client->file, (size_t) size, 0));
}

static avow_value_t close_file(void *data) {
  client_t *client = data;
  return avow_follow(avow_fs_close(client->tcp.loop, client->file));
}

static avow_value_t read_open(const avow_value_t *file, void *data) {
  client_t *client = data;
  client->file = (uv_file) avow_to_int(file);
  avow_promise_t *p = avow_fs_fstat(client->tcp.loop, client->file);
  p = avow_then(p, read_regular, NULL, client);
  return avow_follow(avow_finally(p, close_file, client));
}

/* Links may lead out of the directory. They are not followed, and clients see
   ENOENT. */
static avow_value_t hide_link(const avow_value_t *reason, void *data) {
  if (avow_error_code(reason) == UV_ELOOP)
    return avow_error(UV_ENOENT);
  return avow_value_ref(reason);
}

/* Opens the file before it checks the type. Opening a FIFO therefore does not
   block a thread of the pool until another program opens the other end. */
static avow_promise_t *read_public(client_t *client, const char *name) {
  uv_loop_t *loop = client->tcp.loop;
  if (strchr(name, '/') != NULL)
    return avow_promise_reject(loop, avow_error_new(UV_EACCES, avow_none(),
                                                    "'%s' is elsewhere", name));
  const int flags = UV_FS_O_RDONLY | UV_FS_O_NONBLOCK | UV_FS_O_NOFOLLOW;
  avow_promise_t *p = avow_fs_open(loop, name, flags, 0);
  return avow_timeout(avow_then(p, read_open, hide_link, client), TIMEOUT);
}

static void answer(client_t *client, const char *name) {
  client->answering = true;
  client->users++;
  avow_promise_t *p = read_public(client, name);
  p = avow_then(p, send_file, send_error, client);
  p = avow_catch(p, give_up, client);
  avow_unref(avow_finally(p, go_on, client));
}

/* The server, with callbacks. */

static void serve_line(client_t *client, char *line, size_t len) {
  static const char route[] = "GET-FILE ";
  if (strncmp(line, route, strlen(route)) != 0) {
    echo(client, line, len);
    return;
  }
  line[strcspn(line, "\r\n")] = '\0';
  answer(client, line + strlen(route));
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  client_t *client = handle->data;
  *buf = uv_buf_init(client->input + client->used,
                     (unsigned) (sizeof(client->input) - client->used));
}

static void on_goodbye(uv_shutdown_t *req, int status) {
  hang_up(req->handle->data);
}

/* The client has sent everything. Buffered output is written first. */
static void say_goodbye(client_t *client) {
  client->ended = true;
  if (client->used > 0)
    echo(client, client->input, client->used);
  if (uv_shutdown(&client->goodbye, stream_of(client), on_goodbye) != 0)
    hang_up(client);
}

static void on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf) {
  client_t *client = stream->data;
  if (nread == UV_EOF) {
    say_goodbye(client);
  } else if (nread < 0) {
    hang_up(client);
  } else {
    client->used += (size_t) nread;
    has_moved(client);
    serve(client);
  }
}

/* Reading continues unless the route is running or too many bytes are
   unsent. */
static bool may_go_on(client_t *client) {
  return !client->answering &&
         uv_stream_get_write_queue_size(stream_of(client)) <= OWED;
}

/* Serves the waiting lines. It stops at a line for the route or at too many
   unsent bytes. It reads on when neither is the case. */
static void serve(client_t *client) {
  char *line = client->input;
  char *end = client->input + client->used;
  char *newline;
  while (may_go_on(client) &&
         (newline = memchr(line, '\n', (size_t) (end - line))) != NULL) {
    serve_line(client, line, (size_t) (newline + 1 - line));
    line = newline + 1;
  }
  client->used = (size_t) (end - line);
  memmove(client->input, line, client->used);
  if (may_go_on(client) &&
      client->used == sizeof(client->input)) { /* the line is too long */
    echo(client, client->input, client->used);
    client->used = 0;
  }
  const int err = may_go_on(client)
                      ? uv_read_start(stream_of(client), on_alloc, on_read)
                      : uv_read_stop(stream_of(client));
  if (err != 0 && err != UV_EALREADY)
    hang_up(client);
}

/* Accepts a waiting connection. While the maximum number of clients is
   connected, libuv itself stops accepting. */
static void welcome(void) {
  const bool may = server.waiting && server.clients < most_clients;
  client_t *client = may ? calloc(1, sizeof(*client)) : NULL;
  if (client == NULL) /* out of memory: until another client leaves */
    return;
  uv_loop_t *loop = server.listener.loop;
  server.waiting = false;
  server.clients++;
  client->users = 2;
  (void) uv_tcp_init(loop, &client->tcp); /* creates no socket yet */
  (void) uv_timer_init(loop, &client->idle);
  client->tcp.data = client->idle.data = client;
  (void) uv_timer_start(&client->idle, on_idle, patience, patience);
  (void) uv_accept((uv_stream_t *) &server.listener,
                   stream_of(client)); /* on failure, reading fails */
  serve(client);
}

static void on_connection(uv_stream_t *listener, int status) {
  server.waiting = server.waiting || status == 0;
  welcome();
}

/* The loop also has handles of avow, which the program must not close. None of
   them is a TCP handle. */
static void close_client(uv_handle_t *handle, void *data) {
  if (handle->type == UV_TCP && handle != (uv_handle_t *) &server.listener)
    hang_up(handle->data);
}

static void on_signal(uv_signal_t *signal, int signum) {
  server.waiting = false;
  uv_walk(signal->loop, close_client, NULL);
  for (int i = 0; i < 2; i++)
    uv_close((uv_handle_t *) &server.signals[i], NULL);
  uv_close((uv_handle_t *) &server.listener, NULL);
  uv_stop(signal->loop); /* avow ends the route */
}

static void announce(int port) {
  printf("echo at 127.0.0.1:%d, to try it: nc 127.0.0.1 %d\n", port, port);
  if (!program_flush()) /* a program that waits for this line may read from a
                           pipe */
    exit(1);
}

static int listen_on(uv_loop_t *loop, int port) {
  uv_tcp_t *listener = &server.listener;
  struct sockaddr_in address;
  int len = sizeof(address);
  int err = uv_ip4_addr("127.0.0.1", port, &address);
  if (err == 0)
    err = uv_tcp_init(loop, listener);
  if (err == 0)
    err = uv_tcp_bind(listener, (const struct sockaddr *) &address, 0);
  if (err == 0)
    err = uv_listen((uv_stream_t *) listener, SOMAXCONN, on_connection);
  if (err == 0)
    err = uv_tcp_getsockname(listener, (struct sockaddr *) &address, &len);
  if (err == 0)
    announce(ntohs(address.sin_port));
  return err;
}

static int start_signals(uv_loop_t *loop) {
  static const int signums[] = { SIGINT, SIGTERM };
  int err = 0;
  for (int i = 0; i < 2 && err == 0; i++) {
    err = uv_signal_init(loop, &server.signals[i]);
    if (err == 0)
      err = uv_signal_start(&server.signals[i], on_signal, signums[i]);
  }
  return err;
}

int main(int argc, char *argv[]) {
  size_t n;
  char **operands = options_parse(&command_line, argc, argv, &n);
  const char *port = options_port(n > 0 ? operands[0] : "0");
  uv_loop_t *loop = program_begin();
  int err = start_signals(loop);
  if (err == 0)
    err = listen_on(loop, (int) strtol(port, NULL, 10));
  if (err != 0)
    program_fail("cannot listen", err);
  (void) uv_run(loop, UV_RUN_DEFAULT); /* until a signal stops it */
  return program_end(loop, 0);
}

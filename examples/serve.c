/* SPDX-License-Identifier: MIT */
/*
 * Serves the files of a directory over HTTP/1.1. An async function handles each
 * connection. SIGINT and SIGTERM end connections that wait for a request, and
 * give pending responses time to complete. SIGUSR1 makes the server print its
 * state and its connections.
 */
#include <avow.h>
#include <avow/trace.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "answer.h"
#include "options.h"
#include "program.h"
#include "request.h"
#include "secure.h"
#include "text.h"

enum { HEAD_MAX = 8 * 1024 };

enum { LINGER = 500 }; /* ms to discard input after a refused request */

static const char *address = "127.0.0.1";
static const char *port = "8080";
static const char *certificate, *key;
static uint64_t most_clients = 4000;
static uint64_t patience = 10000;
static uint64_t grace = 10000;

static const option_t options[] = {
  { "address", "ADDRESS", "address to listen on (127.0.0.1)",
    .text = &address },
  { "port", "PORT", "port to listen on; 0: any free port (8080)",
    .text = &port },
  { "clients", "N", "limit of clients at a time; others wait (4000)",
    .number = &most_clients, .min = 1, .max = 10000 },
  { "timeout", "MS", "time to wait for a request (10000)", .number = &patience,
    .min = 1, .max = 9999999 },
  { "grace", "MS", "time for answers to end after a signal (10000)",
    .number = &grace, .min = 1, .max = 9999999 },
  { "tls", "FILE", "serve HTTPS with this certificate (PEM)", .letter = 'T',
    .text = &certificate },
  { "key", "FILE", "key of the certificate, if in another file", .text = &key },
  { .name = NULL },
};

static const command_line_t command_line = {
  .operands = "DIRECTORY",
  .least = 1,
  .most = 1,
  .about =
      "Serves the files of the directory over HTTP/1.1. SIGINT or SIGTERM\n"
      "ends the server. SIGUSR1 prints the state of the server. SIGHUP\n"
      "reads the certificate again. This command makes a certificate and\n"
      "its key for tests, in the file 'both':\n"
      "  openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost \\\n"
      "    -addext subjectAltName=DNS:localhost -keyout both -out both",
  .options = options,
  .status = "0 after a signal, 1 if it cannot serve",
  .example = "--port 8080 .",
};

typedef struct {
  uv_loop_t *loop;
  const char *directory;
  uv_stream_t *listener;
  avow_channel_t *connections;
  avow_promise_t *stop; /* settled by a signal */
  secure_t secure;      /* TLS, if there is a certificate */
  unsigned open;        /* number of connections */
} server_t;

typedef struct {
  server_t *server;
  avow_value_t stream;
  avow_reader_t *reader;
} connection_t;

/* Closing a connection with unread data would reset it, and the response could
   be lost. */
static void linger(const connection_t *c) {
  const avow_stream_t stream = avow_to_stream(&c->stream);
  avow_value_unref(avow_await(avow_timeout(avow_shutdown(stream), LINGER)));
  for (int i = 0; i < 16; i++) {
    const avow_value_t v =
        avow_await(avow_timeout(avow_reader_next(c->reader, HEAD_MAX), LINGER));
    avow_value_unref(v);
    if (v.tag != AVOW_BYTES)
      break;
  }
}

static bool refuse(const connection_t *c, int status) {
  const request_t request = { .keeps = false };
  (void) answer_status(avow_to_stream(&c->stream), status, &request);
  linger(c);
  return false;
}

/* BYTES: the text before the empty line. */
static avow_promise_t *read_head(const connection_t *c) {
  avow_promise_t *p =
      avow_reader_until(c->reader, avow_string("\r\n\r\n"), HEAD_MAX);
  return avow_until(avow_timeout(p, patience), c->server->stop);
}

/* Handles one request. Returns false if it was the last one of the
   connection. */
static bool serve_request(const connection_t *c) {
  const avow_value_t head = avow_await(read_head(c));
  const int code = avow_error_code(&head);
  int status = 431;
  request_t request;
  if (head.tag == AVOW_BYTES) {
    size_t len;
    const char *text = avow_to_bytes(&head, &len);
    status = request_parse(text, len, &request);
  }
  avow_value_unref(head);
  if (head.tag != AVOW_BYTES && code != UV_EMSGSIZE)
    return false;
  if (status != 0)
    return refuse(c, status);
  return answer_file(c->server->loop, avow_to_stream(&c->stream),
                     c->server->directory, &request);
}

/* Replaces the connection by a TLS stream. NONE, or an error. */
static avow_value_t shake_hands(connection_t *c) {
  if (certificate == NULL)
    return avow_none();
  avow_promise_t *p =
      secure_connection(&c->server->secure, avow_steal(&c->stream));
  p = avow_until(avow_timeout(p, patience), c->server->stop);
  c->stream = avow_await(p);
  return avow_is_error(&c->stream) ? avow_steal(&c->stream) : avow_none();
}

/* A failed handshake is not reported as an error of the server. */
static avow_value_t talk(void *data) {
  connection_t *c = data;
  const avow_value_t v = shake_hands(c);
  avow_value_unref(v);
  if (avow_is_error(&v))
    return avow_none();
  c->reader = avow_reader_new(avow_to_stream(&c->stream));
  while (serve_request(c))
    ;
  avow_value_unref(avow_await(avow_close(avow_to_stream(&c->stream))));
  return avow_none();
}

static void hang_up(void *data) {
  connection_t *c = data;
  c->server->open--;
  avow_reader_unref(c->reader);
  avow_value_unref(c->stream);
  free(c);
}

static avow_value_t begin_to_talk(const avow_value_t *stream, void *data) {
  server_t *server = data;
  connection_t *c = malloc(sizeof(*c));
  if (c == NULL)
    return avow_error(UV_ENOMEM);
  server->open++;
  c->server = server;
  c->stream = avow_value_ref(stream);
  c->reader = NULL;
  avow_promise_t *p = avow_async(server->loop, talk, c);
  avow_promise_set_name(p, "a connection");
  return avow_follow(avow_attach(p, c, hang_up));
}

/* Gives up on clients that read their responses slowly. */
static avow_value_t cut_off(const avow_value_t *none, void *data) {
  const server_t *server = data;
  fprintf(stderr, "%s: connections cut off: %u\n", program_name(),
          server->open);
  return avow_none();
}

static avow_value_t stop_listening(const avow_value_t *signum, void *data) {
  server_t *server = data;
  avow_channel_close(server->connections);
  avow_unref(avow_close_handle((uv_handle_t *) server->listener));
  avow_promise_t *p = avow_sleep(server->loop, grace);
  return avow_follow(avow_then(p, cut_off, NULL, server));
}

/* Clients that were cut off are not a failure of the server. */
static avow_value_t forgive(const avow_value_t *reason, void *data) {
  if (avow_error_code(reason) == UV_ECANCELED)
    return avow_none();
  return avow_value_ref(reason);
}

/* NONE after a signal and the last response, or when the grace period has
   ended. */
static avow_promise_t *serve(server_t *server) {
  const avow_map_options_t each = { .concurrency = (size_t) most_clients,
                                    .kind = AVOW_ALL_SETTLED };
  avow_promise_t *over =
      avow_then(avow_ref(server->stop), stop_listening, NULL, server);
  avow_promise_t *p =
      avow_each(server->connections, begin_to_talk, server, &each);
  p = avow_until(p, over);
  avow_unref(over);
  return avow_catch(p, forgive, NULL);
}

static avow_value_t load(void *secure) {
  return secure_load(secure);
}

/* Returns false without a valid certificate and reports why. */
static bool is_secured(server_t *server) {
  if (certificate == NULL)
    return true;
  server->secure = (secure_t){ .loop = server->loop,
                               .certificate = certificate,
                               .key = key != NULL ? key : certificate };
  const avow_value_t v =
      avow_run(avow_async(server->loop, load, &server->secure));
  return !avow_is_error(&v) || program_complain(v) == 0;
}

static avow_value_t complain(const avow_value_t *error, void *unused) {
  (void) program_complain(avow_value_ref(error)); /* the server continues */
  return avow_none();
}

static avow_value_t renew(const avow_value_t *signum, void *data) {
  secure_t *secure = data;
  avow_promise_t *p = avow_async(secure->loop, load, secure);
  return avow_follow(avow_catch(p, complain, NULL));
}

/* Reloads the certificate at each SIGHUP until it is canceled. The previous
   certificate stays in use if the new one is invalid. */
static avow_promise_t *renew_often(server_t *server) {
  const avow_map_options_t each = { .concurrency = 1 };
  if (certificate == NULL)
    return NULL;
  avow_channel_t *signals = avow_signals(server->loop, SIGHUP);
  avow_promise_t *p = avow_each(signals, renew, &server->secure, &each);
  avow_channel_unref(signals);
  return p;
}

static bool announce(const server_t *server) {
  const avow_address_t at =
      avow_local_address((const uv_handle_t *) server->listener);
  printf("serving ");
  (void) text_print(stdout, server->directory, TEXT_WHOLE);
  printf(" at http%s://%s/\n", certificate != NULL ? "s" : "", at.text);
  return program_flush(); /* a program that waits for this line may read from a
                             pipe */
}

/* Measures the delays of the loop and their causes, for SIGUSR1. */
static void watch(uv_loop_t *loop) {
  avow_loop_measure(loop);
  /* On failure, the signal prints nothing. */
  (void) avow_dump_on_signal(loop, SIGUSR1, stderr);
}

/* Returns the exit status. */
static int run(server_t *server) {
  if (!is_secured(server))
    return 1;
  const avow_value_t listener =
      avow_run(avow_bind(server->loop, address, port));
  if (avow_is_error(&listener))
    return program_complain(listener);
  server->listener = avow_stream_handle(avow_to_stream(&listener));
  server->connections = avow_connections(server->listener, NULL);
  watch(server->loop);
  server->stop = program_interrupted(server->loop);
  if (!announce(server)) {
    program_forget(server->stop);
    avow_channel_unref(server->connections);
    avow_value_unref(listener);
    return 1;
  }
  avow_promise_t *renewing = renew_often(server);
  const avow_value_t end = avow_run(serve(server));
  if (renewing != NULL)
    program_forget(renewing);
  const int status = avow_is_error(&end) ? program_complain(end) : 0;
  program_forget(server->stop); /* if no signal came */
  avow_channel_unref(server->connections);
  avow_value_unref(listener);
  return status;
}

static bool is_directory(uv_loop_t *loop, const char *path) {
  const avow_value_t stat = avow_run(avow_fs_stat(loop, path));
  const bool is =
      !avow_is_error(&stat) && S_ISDIR(avow_to_stat(&stat)->st_mode);
  avow_value_unref(stat);
  return is;
}

static int run_in(server_t *server, const char *directory) {
  const avow_value_t real = avow_run(avow_fs_realpath(server->loop, directory));
  if (avow_is_error(&real))
    return program_complain(real);
  server->directory = avow_to_bytes(&real, NULL);
  if (strcmp(server->directory, "/") == 0)
    server->directory = ""; /* paths are appended */
  const int status =
      is_directory(server->loop, directory)
          ? run(server)
          : program_complain(avow_error_new(UV_ENOTDIR, avow_none(),
                                            "'%s' is not a directory",
                                            directory));
  avow_value_unref(real);
  return status;
}

/* A client needs one descriptor, and three during a long response. Without
   descriptors, libuv closes new connections. */
static void allow_descriptors(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  (void) setrlimit(RLIMIT_NOFILE, &limit); /* otherwise the server has fewer */
}

int main(int argc, char *argv[]) {
  size_t n;
  char **directory = options_parse(&command_line, argc, argv, &n);
  (void) options_port(port);
  allow_descriptors();
  server_t server = { .loop = program_begin() };
  const int status = run_in(&server, directory[0]);
  avow_value_unref(server.secure.settings);
  return program_end(server.loop, status);
}

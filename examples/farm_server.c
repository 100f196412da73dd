/* SPDX-License-Identifier: MIT */
/*
 * The server of a farm, and the connection to it. A server that the program
 * starts keeps its data in a temporary folder, which is removed with it. A lost
 * connection is retried as long as the program runs.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <avow/command.h>
#include <avow/stages.h>
#include <avow/tree.h>

#include "farm.h"
#include "program.h"

/* Finds a port that is probably free. */
static int find_port(void) {
  struct sockaddr_in at = { .sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  socklen_t len = sizeof(at);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *) &at, len) != 0 ||
      getsockname(fd, (struct sockaddr *) &at, &len) != 0)
    program_fail("no port", UV_EADDRNOTAVAIL);
  (void) close(fd);
  return ntohs(at.sin_port);
}

/* Debian installs the server in /usr/sbin, which is often not in the users'
   PATH. */
static void look_in_sbin(void) {
  char path[4096];
  const char *own = getenv("PATH");
  (void) snprintf(path, sizeof(path), "%s%s/usr/sbin", own != NULL ? own : "",
                  own != NULL ? ":" : "");
  (void) setenv("PATH", path, 1); /* on failure it is not found */
}

/* The server is not restarted, so its jobs are lost. */
static avow_value_t server_ended(const avow_value_t *exit, void *data) {
  fprintf(stderr, "%s: its nats-server has ended, and the jobs with it\n",
          program_name());
  (void) uv_kill(uv_os_getpid(), SIGINT);
  return avow_none();
}

/* The server has a process group of its own, because SIGINT is meant for this
   program. It then removes its jobs. */
static void start_server(farm_t *farm) {
  char port[16];
  look_in_sbin();
  (void) snprintf(port, sizeof(port), "%d", find_port());
  (void) snprintf(farm->url, sizeof(farm->url), "nats://127.0.0.1:%s", port);
  (void) snprintf(farm->folder, sizeof(farm->folder), "/tmp/farm-XXXXXX");
  if (mkdtemp(farm->folder) == NULL)
    program_fail(farm->folder, UV_EIO);
  const char *const args[] = { "nats-server", "-a",         "127.0.0.1", "-p",
                               port,          "-l",         "/dev/null", "-js",
                               "-sd",         farm->folder, NULL };
  const avow_command_t command = { .args = args,
                                   .group = true,
                                   .inherits = AVOW_INHERIT_ALL };
  farm->server = avow_run(avow_command_start(farm->loop, &command));
  if (avow_error_code(&farm->server) == UV_ENOENT)
    fprintf(stderr,
            "%s: there is no nats-server here: install that, or name "
            "one by --server\n",
            program_name());
  else if (!avow_is_error(&farm->server))
    farm->end =
        avow_then(avow_process_wait(&farm->server), server_ended, NULL, farm);
}

static avow_value_t has_bucket(const avow_value_t *bucket, void *data) {
  ((farm_t *) data)->bucket = avow_value_ref(bucket);
  return avow_none();
}

static avow_value_t has_queue(const avow_value_t *queue, void *data) {
  farm_t *farm = data;
  avow_value_unref(farm->queue);
  farm->queue = avow_value_ref(queue);
  avow_promise_t *p = avow_nats_bucket(&farm->nats, "farm", NULL);
  return avow_follow(avow_then(p, has_bucket, NULL, farm));
}

static avow_value_t has_connection(const avow_value_t *nats, void *data) {
  farm_t *farm = data;
  avow_value_unref(farm->nats);
  farm->nats = avow_value_ref(nats);
  avow_promise_t *p = avow_nats_queue(nats, "farm", NULL);
  return avow_follow(avow_then(p, has_queue, NULL, farm));
}

static natsOptions *patient(const farm_t *farm) {
  natsOptions *options = NULL;
  if (natsOptions_Create(&options) != NATS_OK ||
      natsOptions_SetURL(options, farm->url) != NATS_OK ||
      natsOptions_SetReconnectWait(options, 200) != NATS_OK ||
      natsOptions_SetMaxReconnect(options, -1) != NATS_OK ||
      natsOptions_SetWriteDeadline(options, 5000) != NATS_OK)
    program_fail(farm->url, UV_EINVAL);
  return options;
}

/* A new server needs a moment to start. */
static avow_value_t attempt(void *data) {
  farm_t *farm = data;
  avow_promise_t *p = avow_nats_connect(farm->loop, NULL, patient(farm));
  return avow_follow(avow_then(p, has_connection, NULL, farm));
}

/* Returns false for errors that waiting does not resolve. */
static bool may_pass(const avow_value_t *reason, void *data) {
  const int code = avow_error_code(reason);
  return code != UV_EINVAL && code != UV_EACCES && code != UV_ENOTSUP &&
         code != UV_EEXIST;
}

static avow_value_t say_why(const avow_value_t *reason, void *data) {
  farm_t *farm = data;
  if (farm->folder[0] != '\0' || farm->has_said)
    return avow_none();
  farm->has_said = true;
  fprintf(stderr, "%s: %s: %s; trying for 20 s\n", program_name(), farm->url,
          avow_error_message(reason));
  return avow_none();
}

/* Finds the last error that says more than that the time has run out. */
static const avow_value_t *telling(const avow_value_t *reason) {
  const avow_value_t *all = avow_error_cause(reason);
  size_t n = all != NULL && all->tag == AVOW_LIST ? avow_list_len(all) : 0;
  while (n > 0) {
    const avow_value_t *one = avow_list_at(all, --n);
    const int code = avow_error_code(one);
    if (code != UV_ETIMEDOUT && code != UV_ECANCELED)
      return one;
  }
  return reason;
}

static void complain(const farm_t *farm, avow_value_t v) {
  fprintf(stderr, "%s: %s: %s\n", program_name(), farm->url,
          avow_error_message(telling(&v)));
  avow_value_unref(v);
}

/* A channel of the signals that ask the program to end. */
static avow_channel_t *signals(uv_loop_t *loop) {
  avow_channel_t *both[] = { avow_signals(loop, SIGINT),
                             avow_signals(loop, SIGTERM) };
  return avow_channel_merge(loop, both, 2);
}

void farm_open(farm_t *farm, const char *url) {
  const avow_retry_options_t often = { .attempts = 1000,
                                       .delay = 100,
                                       .max_delay = 100,
                                       .timeout = 20000,
                                       .again = may_pass,
                                       .prepare = say_why,
                                       .exact = true };
  avow_value_t v = avow_none();
  farm->signals = signals(farm->loop);
  farm->interrupted = avow_channel_next(farm->signals);
  if (url == NULL)
    start_server(farm);
  else
    (void) snprintf(farm->url, sizeof(farm->url), "%s", url);
  if (avow_is_error(&farm->server))
    v = avow_steal(&farm->server);
  else if (farm_wait(farm, avow_retry(farm->loop, attempt, farm, &often), &v))
    v = avow_error(UV_ECANCELED);
  if (!avow_is_error(&v))
    return;
  complain(farm, v);
  farm_close(farm);
  exit(program_end(farm->loop, 1));
}

int farm_wait(farm_t *farm, avow_promise_t *p, avow_value_t *out) {
  avow_promise_t *both[] = { avow_ref(p), avow_ref(farm->interrupted) };
  avow_value_t v = avow_run(avow_race(farm->loop, both, 2));
  const bool is_over = avow_state(p) != AVOW_PENDING;
  avow_unref(p);
  if (is_over) {
    *out = v;
    return 0;
  }
  const int signal = avow_is_error(&v) ? SIGTERM : (int) avow_to_int(&v);
  avow_value_unref(v);
  program_forget(farm->interrupted);
  /* The next wait is for another signal. */
  farm->interrupted = avow_channel_next(farm->signals);
  return signal;
}

void farm_close(farm_t *farm) {
  avow_value_t v = avow_none();
  avow_value_unref(farm->bucket);
  avow_value_unref(farm->queue);
  if (avow_to_nats(&farm->nats) != NULL)
    (void) farm_wait(farm, avow_nats_close(&farm->nats), &v);
  avow_value_unref(v);
  program_forget(farm->interrupted);
  avow_value_unref(farm->nats);
  if (farm->end != NULL)
    program_forget(farm->end);
  avow_value_unref(farm->server);
  if (farm->folder[0] != '\0')
    avow_ignore(avow_run(avow_remove_tree(farm->loop, farm->folder)));
  avow_channel_unref(farm->signals); /* until here, signals do not end the
                                        program */
}

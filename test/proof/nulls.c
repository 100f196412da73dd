/* SPDX-License-Identifier: MIT */
/*
 * Passes NULL for each pointer parameter of the public functions. Each call
 * runs in a process of its own, which must end with a message about the missing
 * argument. nulls.pl makes the calls, so that no function is left out. An
 * adapter's nulls_of.h has further arguments for its functions.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "avow/all.h"
#include "avow/closure.h"
#include "avow/stream_class.h"

static uv_loop_t own, *loop = &own;
static avow_promise_t *promise;
static avow_deferred_t *deferred;
static avow_channel_t *channel;
static avow_sender_t *sender;
static avow_gather_t *gather;
static avow_group_t *group;
static avow_remote_t *remote;
static avow_value_t value = { .tag = AVOW_INT };
static avow_value_t values[] = { { .tag = AVOW_INT } };
static const size_t sizes[] = { 1 };
static const avow_local_t local_key = { .name = "key" };
static const avow_class_t klass = { .name = "class" };
static avow_frame_t frame;
static avow_stats_t stats;
static char program[] = "true", *args[] = { program, NULL };
static const char *const words[] = { program, NULL };
static const avow_command_t command = { .args = words };
static const uv_process_options_t process = { .file = "true", .args = args };
static char *text;
static size_t size;

static void not_null(const void *made) {
  if (made == NULL) {
    (void) fputs("it gave NULL\n", stderr);
    _exit(2);
  }
}

static void use(avow_value_t v) {
  avow_value_unref(v);
}

static void use_code(int code) {
  (void) code;
}

static avow_value_t cb(const avow_value_t *arg, void *data) {
  return avow_none();
}

static avow_value_t fn(void *data) {
  return avow_none();
}

static avow_value_t map_fn(size_t i, void *data) {
  return avow_none();
}

static avow_value_t loops_fn(uv_loop_t *there, void *data) {
  return avow_none();
}

static void done(void *data) {
}

static void settled(const avow_value_t *outcome, void *data) {
}

static avow_deferred_t *a_deferred(void) {
  avow_unref(avow_promise_new(loop, &deferred));
  return deferred;
}

static avow_gather_t *a_gather(void) {
  avow_unref(avow_gather_new(loop, AVOW_RACE, &gather));
  return gather;
}

static avow_group_t *a_group(void) {
  avow_unref(avow_group_new(loop, &group));
  return group;
}

static avow_remote_t *a_remote(void) {
  avow_unref(avow_remote_new(loop, &remote));
  return remote;
}

static avow_promise_t **promises(void) {
  static avow_promise_t *one[1];
  one[0] = avow_sleep(loop, 0);
  return one;
}

static avow_channel_t **channels(void) {
  static avow_channel_t *one[1];
  one[0] = avow_channel_new(loop, 1);
  return one;
}

static uv_stream_t *a_stream(void) {
  static uv_tcp_t tcp;
  (void) uv_tcp_init(loop, &tcp);
  return (uv_stream_t *) &tcp;
}

static const avow_stream_t no_stream;

static uv_pipe_t *a_pipe(void) {
  static uv_pipe_t pipe;
  (void) uv_pipe_init(loop, &pipe, 0);
  return &pipe;
}

static uv_udp_t *a_socket(void) {
  static uv_udp_t udp;
  (void) uv_udp_init(loop, &udp);
  return &udp;
}

static const struct sockaddr *address(void) {
  static struct sockaddr_in loopback;
  (void) uv_ip4_addr("127.0.0.1", 9, &loopback);
  return (const struct sockaddr *) &loopback;
}

typedef struct {
  const char *name;
  void (*call)(void);
} case_t;

#ifdef ADAPTER
#  define IS_ADAPTER
#  include "nulls_of.h"
#else
#  define ADAPTER "nulls_cases.h"
static int set_up(void) {
  return 0;
}

static void close_handle(uv_handle_t *handle, void *data) {
  if (!uv_is_closing(handle))
    uv_close(handle, NULL);
}

static void tear_down(void) {
  uv_walk(loop, close_handle, NULL);
}
#endif
#include ADAPTER

/* Makes the call in a process of its own. The objects that the call created are
   destroyed before the process ends. */
static void call(const case_t *it) {
  (void) alarm(240);
  if (uv_loop_init(loop) != 0 ||
      avow_loop_init(loop, &(avow_options_t){ .slow_us = UINT_MAX }) != 0 ||
      set_up() != 0)
    _exit(3);
  it->call();
  tear_down();
  (void) avow_loop_close(loop);
  _exit(0);
}

#ifdef NDEBUG
static bool is_said(const case_t *it, int status, const char *said) {
  return false;
}
#else
/* Tells whether the message is "avow: FUNCTION(): PROBLEM; REMEDY" with the
   function that the case calls. An adapter is a program to avow, which names
   the function that the adapter called, unless the adapter checks the argument
   itself. */
static bool is_well_formed(const case_t *it, const char *said) {
#  ifdef IS_ADAPTER
  if (strstr(it->name, " client NULL") == NULL)
    return strncmp(said, "avow: ", 6) == 0 && strstr(said, "; ") != NULL;
#  endif
  char start[128];
  const int len = (int) (strchr(it->name, ')') + 1 - it->name);
  if (strncmp(it->name, "avow_awaited()", 14) == 0) /* by inline code */
    return strncmp(said, "avow: avow_await_int(): ", 24) == 0;
  (void) snprintf(start, sizeof(start), "avow: %.*s: ", len, it->name);
  return strncmp(said, start, strlen(start)) == 0 && strstr(said, "; ") != NULL;
}

/* A client is not a promise of avow. Only a case whose argument is a loop may
   report a loop. */
static bool is_said(const case_t *it, int status, const char *said) {
  return WTERMSIG(status) == SIGABRT && is_well_formed(it, said) &&
         (strstr(it->name, " client NULL") == NULL ||
          strstr(said, "client is NULL") != NULL) &&
         (strstr(said, "loop is NULL") == NULL ||
          strstr(it->name, " loop NULL") != NULL ||
          strstr(it->name, " home NULL") != NULL); /* a loop too */
}
#endif

static bool is_fine(const case_t *it, int status, const char *said) {
  return WIFEXITED(status) ? WEXITSTATUS(status) == 0
                           : is_said(it, status, said);
}

static bool survives(const case_t *it) {
  char said[512] = "";
  int ends[2], status = 0;
  if (pipe(ends) != 0)
    return false;
  const pid_t child = fork();
  if (child == 0) {
    (void) dup2(ends[1], STDERR_FILENO);
    call(it);
  }
  (void) close(ends[1]);
  size_t len = 0;
  ssize_t n;
  while ((n = read(ends[0], said + len, sizeof(said) - 1 - len)) > 0)
    len += (size_t) n;
  (void) close(ends[0]);
  (void) waitpid(child, &status, 0);
  if (is_fine(it, status, said))
    return true;
  printf("%s: %s %d: %s\n", it->name, WIFSIGNALED(status) ? "signal" : "status",
         WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), said);
  return false;
}

int main(void) {
  char directory[] = "/tmp/avow-nulls-XXXXXX";
  if (mkdtemp(directory) == NULL || chdir(directory) != 0)
    return 1;
  const size_t count = sizeof(cases) / sizeof(cases[0]);
  size_t failed = 0;
  for (size_t i = 0; i < count; i++)
    failed += !survives(&cases[i]);
  (void) rmdir(directory);
  printf("%zu of %zu calls with NULL failed\n", failed, count);
  return failed > 0;
}

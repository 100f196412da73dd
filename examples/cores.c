/*
 * An echo server on all cores: a loop on each, among which the connections are
 * shared out. A signal ends it in good order: no more are accepted, and those
 * that are there have five seconds to end.
 *
 *     cores [PORT]
 */
#include <avow.h>
#include <signal.h>
#include <stdio.h>

enum { PATIENCE = 5000 }; /* ms */

static int report(const char *what, const avow_value_t *error) {
  fprintf(stderr, "cores: %s: %s\n", what, avow_error_message(error));
  return 1;
}

/* On the thread of the connection's loop, which is closed when this is over. */
static avow_value_t echo(const avow_value_t *connection, void *data) {
  uv_stream_t *stream = avow_to_stream(connection);
  return avow_follow(avow_pump(stream, stream));
}

static int port_of(const avow_value_t *server) {
  const uv_stream_t *stream = avow_to_stream(server);
  return avow_local_address((const uv_handle_t *) stream).port;
}

/* Until a signal, or until it cannot go on. */
static void wait_for_end(uv_loop_t *loop, const avow_promise_t *served) {
  avow_promise_t *ends[] = { avow_signal_once(loop, SIGINT),
                             avow_signal_once(loop, SIGTERM),
                             avow_ref(served) };
  avow_value_unref(avow_run(avow_cancel_losers(avow_race(loop, ends, 3))));
}

/* The exit status. Takes the server. */
static int serve(uv_loop_t *loop, avow_loops_t *loops, avow_value_t server) {
  avow_promise_t *served =
      avow_loops_listen(loops, avow_value_ref(&server), echo, NULL, NULL);
  printf("%d\n", port_of(&server));
  (void) fflush(stdout); /* who wants to know sees it now */
  wait_for_end(loop, served);
  avow_unref(avow_close((uv_handle_t *) avow_to_stream(&server)));
  const avow_value_t end = avow_run(avow_timeout(served, PATIENCE));
  const int status = avow_is_error(&end) ? report("cut short", &end) : 0;
  avow_value_unref(end);
  avow_value_unref(server);
  return status;
}

static int run(uv_loop_t *loop, const char *port) {
  const avow_value_t server = avow_run(avow_bind(loop, "127.0.0.1", port));
  if (avow_is_error(&server)) {
    const int status = report("cannot listen", &server);
    avow_value_unref(server);
    return status;
  }
  avow_loops_t *loops = avow_loops_new(0);
  const int status = serve(loop, loops, server);
  avow_value_unref(avow_run(avow_loops_close(loops, loop)));
  return status;
}

int main(int argc, char *argv[]) {
  uv_loop_t loop;
  (void) signal(SIGPIPE, SIG_IGN); /* of a client that has gone */
  int err = uv_loop_init(&loop);
  if (err == 0)
    err = avow_loop_init(&loop, NULL);
  if (err != 0) {
    fprintf(stderr, "cores: %s\n", avow_strerror(err));
    return 1;
  }
  const int status = run(&loop, argc > 1 ? argv[1] : "7000");
  err = avow_loop_close(&loop);
  if (err == 0)
    err = uv_loop_close(&loop);
  return err == 0 ? status : 1;
}

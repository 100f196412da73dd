/* SPDX-License-Identifier: MIT */
#include "others.h"

#include <signal.h>
#include <stdio.h>

static char folder[64];

static void write_paper(const char *name, const char *text) {
  char path[100];
  (void) snprintf(path, sizeof(path), "%s/%s", folder, name); /* fits */
  avow_promise_t *p = avow_write_file(loop, path, avow_string(text), 0600);
  avow_ignore(avow_run(p));
}

int others_setup(void **state) {
  if (pair_setup(state) != 0)
    return -1;
  (void) signal(SIGPIPE, SIG_IGN);
  const avow_value_t v =
      avow_run(avow_fs_mkdtemp(loop, "/tmp/avow-tls-XXXXXX"));
  (void) snprintf(folder, sizeof(folder), "%s", avow_to_bytes(&v, NULL));
  avow_value_unref(v);
  write_paper("authority", authority.certificate);
  write_paper("certificate", localhost.certificate);
  write_paper("key", localhost.key);
  return 0;
}

int others_teardown(void **state) {
  avow_ignore(avow_run(avow_remove_tree(loop, folder)));
  return pair_teardown(state);
}

void need_program(const char *name) {
  const char *args[] = { name, "--version", NULL };
  const avow_command_t command = { .args = args };
  const avow_value_t v = avow_run(avow_command(loop, &command, avow_none()));
  const bool here = avow_error_code(&v) != UV_ENOENT;
  avow_value_unref(v);
  if (!here)
    skip_because("the program is not installed");
}

avow_value_t output_of(const char *const *args, const char *input) {
  const avow_command_t command = { .args = args, .cwd = folder };
  const avow_value_t v =
      avow_run(avow_command(loop, &command, avow_string(input)));
  if (avow_is_error(&v))
    fail_msg("%s fails: %s", args[0], avow_error_message(&v));
  return v;
}

place_t open_place(void) {
  place_t place = { .bound = avow_run(avow_bind(loop, "127.0.0.1", "0")) };
  uv_stream_t *listener = avow_stream_handle(avow_to_stream(&place.bound));
  const avow_address_t at = avow_local_address((uv_handle_t *) listener);
  place.connections = avow_connections(listener, NULL);
  (void) snprintf(place.port, sizeof(place.port), "%d", at.port); /* fits */
  return place;
}

void close_place(place_t *place) {
  avow_channel_unref(place->connections);
  avow_value_clear(&place->bound);
}

avow_value_t welcome(const place_t *place) {
  const avow_value_t connection =
      avow_await(avow_channel_next(place->connections));
  ends[1] = avow_await(avow_tls_server(&settings[1], connection));
  return avow_is_error(&ends[1]) ? avow_steal(&ends[1]) : avow_none();
}

/* The line is "ACCEPT 127.0.0.1:4433". */
static int port_in(const avow_value_t *line) {
  const char *colon = strrchr(avow_to_bytes(line, NULL), ':');
  return colon != NULL ? atoi(colon + 1) : 0;
}

static int port_of_others(const avow_value_t *process) {
  const avow_value_t output = avow_process_stream(process, 1);
  avow_reader_t *reader = avow_reader_new(avow_to_stream(&output));
  int port = 0;
  while (port == 0) {
    const avow_value_t line = avow_run(avow_reader_line(reader, 1000));
    assert_int_equal(line.tag, AVOW_BYTES);
    port = port_in(&line);
    avow_value_unref(line);
  }
  avow_reader_unref(reader);
  avow_value_unref(output);
  return port;
}

avow_value_t start_others(const char *const *args, char port[8]) {
  const avow_command_t command = { .args = args, .cwd = folder };
  const avow_value_t process = avow_run(avow_command_start(loop, &command));
  (void) snprintf(port, 8, "%d", port_of_others(&process)); /* fits */
  return process;
}

void meet_others(const char *port) {
  const avow_value_t connection =
      avow_run(avow_connect(loop, "127.0.0.1", port));
  ends[0] = avow_run(avow_tls_client(&settings[0], connection, "localhost"));
  if (avow_is_error(&ends[0]))
    fail_msg("no stream: %s", avow_error_message(&ends[0]));
}

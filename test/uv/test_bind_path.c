/* SPDX-License-Identifier: MIT */
/* Binding to names of Unix domain sockets. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "disk.h"

static const avow_bind_path_options_t taking_over = { .takes_over = true };

static avow_promise_t *start(void) {
  return avow_bind_path(loop, at("door"), NULL);
}

static avow_value_t bound(const avow_bind_path_options_t *options) {
  const avow_value_t v = avow_run(avow_bind_path(loop, at("door"), options));
  assert_int_equal(v.tag, AVOW_OBJECT);
  return v;
}

static avow_value_t connected(void) {
  const avow_value_t v = avow_run(avow_connect_path(loop, at("door")));
  assert_int_equal(v.tag, AVOW_OBJECT);
  return v;
}

/* Leaves a socket that no longer listens, as a killed server does. */
static int make_socket(void) {
  struct sockaddr_un name = { .sun_family = AF_UNIX };
  (void) snprintf(name.sun_path, sizeof(name.sun_path), "%s", at("door"));
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  assert_int_equal(bind(fd, (const struct sockaddr *) &name, sizeof(name)), 0);
  return fd;
}

static void assert_in_use(const avow_bind_path_options_t *options) {
  assert_says(avow_bind_path(loop, at("door"), options), UV_EADDRINUSE,
              "bind '%s': address already in use", at("door"));
  assert_true(is_there("door"));
}

static void connection_is_accepted(void **state) {
  const avow_value_t server = bound(NULL);
  avow_channel_t *c =
      avow_connections(avow_stream_handle(avow_to_stream(&server)), NULL);
  const avow_value_t us = connected();
  const avow_value_t them = avow_run(avow_channel_next(c));

  assert_fulfills_int(avow_write(avow_to_stream(&us), avow_string("hello")), 5);

  assert_fulfills_bytes(avow_read(avow_to_stream(&them), 100), "hello");
  avow_channel_unref(c);
  avow_value_unref(them);
  avow_value_unref(us);
  avow_value_unref(server);
}

static void early_connection_waits_for_the_channel(void **state) {
  const avow_value_t server = bound(NULL);
  const avow_value_t us = connected();

  avow_channel_t *c =
      avow_connections(avow_stream_handle(avow_to_stream(&server)), NULL);

  const avow_value_t them = avow_run(avow_channel_next(c));
  assert_int_equal(them.tag, AVOW_OBJECT);
  avow_channel_unref(c);
  avow_value_unref(them);
  avow_value_unref(us);
  avow_value_unref(server);
}

static void releasing_the_stream_removes_the_name(void **state) {
  const avow_value_t server = bound(NULL);
  assert_true(is_there("door"));

  avow_value_unref(server);

  assert_missing("door");
}

static void close_server(const avow_value_t *server) {
  assert_fulfills_none(avow_close(avow_to_stream(server)));
}

static void closing_the_stream_removes_the_name(void **state) {
  const avow_value_t server = bound(NULL);

  close_server(&server);

  assert_missing("door");
  avow_value_unref(server);
}

/* This happens when a server is replaced without a pause. */
static void closing_keeps_the_name_of_a_new_server(void **state) {
  const avow_value_t old = bound(NULL);
  assert_int_equal(unlink(at("door")), 0);
  const avow_value_t new = bound(NULL);

  close_server(&old);

  avow_value_unref(connected());
  avow_value_unref(old);
  assert_true(is_there("door"));
  avow_value_unref(new);
  assert_missing("door");
}

static void release_keeps_a_file_of_the_same_name(void **state) {
  const avow_value_t server = bound(NULL);
  assert_int_equal(unlink(at("door")), 0);
  make_file("door", "kept");

  avow_value_unref(server);

  assert_file("door", "kept");
}

/* The process changes its directory, so a relative name leads to another
   place. */
static void name_is_removed_where_it_was_bound(void **state) {
  const int home = open(".", O_RDONLY | O_DIRECTORY);
  make_dir("other");
  assert_int_equal(chdir(at("")), 0);
  const avow_value_t server = avow_run(avow_bind_path(loop, "door", NULL));
  assert_int_equal(chdir("other"), 0);
  const avow_value_t other = avow_run(avow_bind_path(loop, "door", NULL));
  assert_int_equal(fchdir(home), 0);
  (void) close(home);

  avow_value_unref(server);

  assert_missing("door");
  assert_true(is_there("other/door"));
  avow_value_unref(other);
  assert_missing("other/door");
}

/* The program closes the handle directly, and libuv does not report that. */
static void releasing_a_closed_handle_removes_the_name(void **state) {
  const avow_value_t server = bound(NULL);
  uv_close((uv_handle_t *) avow_stream_handle(avow_to_stream(&server)), NULL);
  run();

  avow_value_unref(server);

  assert_missing("door");
}

/* The system may give the new socket the number of the old one. */
static void releasing_a_closed_handle_keeps_a_new_server(void **state) {
  const avow_value_t old = bound(NULL);
  uv_close((uv_handle_t *) avow_stream_handle(avow_to_stream(&old)), NULL);
  run();
  const avow_value_t new = bound(&taking_over);

  avow_value_unref(old);

  avow_value_unref(connected());
  avow_value_unref(new);
}

static void loop_close_removes_the_name(void **state) {
  const avow_value_t server = bound(NULL);

  assert_int_equal(avow_loop_close(loop), 0);

  assert_missing("door");
  avow_value_unref(server);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void existing_name_is_refused_and_kept(void **state) {
  const avow_bind_path_options_t others = { .mode = 0666 };
  make_file("door", "kept");
  assert_int_equal(chmod(at("door"), 0640), 0);
  assert_in_use(NULL);
  assert_in_use(&taking_over);
  assert_in_use(&others);
  assert_file("door", "kept");
  assert_int_equal(mode_of("door"), 0640);
  assert_int_equal(unlink(at("door")), 0);

  make_link("door", "nowhere");
  assert_in_use(&taking_over);
}

static void listening_server_is_not_taken_over(void **state) {
  const avow_value_t server = bound(&taking_over);

  assert_in_use(NULL);
  assert_in_use(&taking_over);

  avow_value_unref(connected());
  avow_value_unref(server);
}

/* The queue of the server is full. Connecting fails without a wait. */
static void busy_server_is_not_taken_over(void **state) {
  struct sockaddr_un name = { .sun_family = AF_UNIX };
  (void) snprintf(name.sun_path, sizeof(name.sun_path), "%s", at("door"));
  const int server = make_socket();
  int clients[8], n = 0, result = 0;
  assert_int_equal(listen(server, 0), 0);
  while (n < 8 && result == 0) {
    clients[n] = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(fcntl(clients[n], F_SETFL, O_NONBLOCK), 0);
    result =
        connect(clients[n++], (const struct sockaddr *) &name, sizeof(name));
  }

  assert_in_use(&taking_over);

  while (n > 0)
    (void) close(clients[--n]);
  (void) close(server);
}

static void stale_socket_is_taken_over_on_request(void **state) {
  (void) close(make_socket());
  assert_in_use(NULL);

  const avow_value_t server = bound(&taking_over);

  avow_value_unref(connected());
  avow_value_unref(server);
  assert_missing("door");
}

static void mode_option_is_applied_to_the_socket(void **state) {
  static const unsigned modes[] = { 0600, 0666, 0660 };
  for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
    const avow_bind_path_options_t options = { .mode = modes[i] };
    const avow_value_t server = bound(&options);

    assert_int_equal(mode_of("door"), modes[i]);

    avow_value_unref(server);
  }
}

static void default_mode_follows_the_umask(void **state) {
  const mode_t mask = umask(0077);
  const avow_value_t server = bound(NULL);
  (void) umask(mask); /* umask() returns the other mask */

  assert_int_equal(mode_of("door"), 0700);

  avow_value_unref(server);
}

static void name_is_never_truncated(void **state) {
  enum { MOST = sizeof(((struct sockaddr_un *) NULL)->sun_path) - 1 };
  char name[MOST + 2] = "";
  const int home = open(".", O_RDONLY | O_DIRECTORY);
  assert_int_equal(chdir(at("")), 0);
  memset(name, 'x', MOST + 1);
  assert_says(avow_bind_path(loop, name, NULL), UV_ENAMETOOLONG,
              "bind '%s': name too long", name);
  assert_int_equal(entries_of(""), 0);

  name[MOST] = '\0';
  for (int i = 0; i < 2; i++) {
    const avow_value_t server =
        avow_run(avow_bind_path(loop, name, &taking_over));
    assert_true(is_there(name));
    assert_rejects(avow_bind_path(loop, name, &taking_over), UV_EADDRINUSE);
    avow_value_unref(server);
  }

  assert_int_equal(fchdir(home), 0);
  (void) close(home);
}

static void bind_path_refuses_invalid_arguments(void **state) {
  const avow_bind_path_options_t newer = { .reserved = { 1 } };
  const avow_bind_path_options_t sticky = { .mode = 01000 };
  const avow_bind_path_options_t all = { .mode = ~0u };

  assert_rejects(avow_bind_path(loop, NULL, NULL), UV_EINVAL);
  assert_rejects(avow_bind_path(loop, "", NULL), UV_EINVAL);
  assert_rejects(avow_bind_path(loop, at("no/door"), NULL), UV_EACCES);
  assert_says(avow_bind_path(loop, at("door"), &newer), UV_EINVAL,
              "bind '%s': invalid argument: a reserved field is not zero",
              at("door"));
  assert_rejects(avow_bind_path(loop, at("door"), &sticky), UV_EINVAL);
  assert_rejects(avow_bind_path(loop, at("door"), &all), UV_EINVAL);

  assert_missing("door");
}

static void bind_path_survives_failing_memory(void **state) {
  assert_survives_failing_memory(disk_setup, disk_teardown, state, start);
}

SUITE(bind_path) {
  (void) signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
    DISK_CASE(connection_is_accepted),
    DISK_CASE(early_connection_waits_for_the_channel),
    DISK_CASE(releasing_the_stream_removes_the_name),
    DISK_CASE(closing_the_stream_removes_the_name),
    DISK_CASE(closing_keeps_the_name_of_a_new_server),
    DISK_CASE(release_keeps_a_file_of_the_same_name),
    DISK_CASE(name_is_removed_where_it_was_bound),
    DISK_CASE(releasing_a_closed_handle_removes_the_name),
    DISK_CASE(releasing_a_closed_handle_keeps_a_new_server),
    DISK_CASE(loop_close_removes_the_name),
    DISK_CASE(existing_name_is_refused_and_kept),
    DISK_CASE(listening_server_is_not_taken_over),
    DISK_CASE(busy_server_is_not_taken_over),
    DISK_CASE(stale_socket_is_taken_over_on_request),
    DISK_CASE(mode_option_is_applied_to_the_socket),
    DISK_CASE(default_mode_follows_the_umask),
    DISK_CASE(name_is_never_truncated),
    DISK_CASE(bind_path_refuses_invalid_arguments),
    DISK_CASE(bind_path_survives_failing_memory),
  };
  disk_init();
  return RUN(tests);
}

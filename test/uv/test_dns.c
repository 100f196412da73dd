/* SPDX-License-Identifier: MIT */
/*
 * Lookups of names and addresses. The test's functions replace the system's.
 * They count the lists that are not freed yet, can be made to wait, and know
 * "here.test", the name of 127.0.0.1. The pool looks names up; numbers need no
 * lookup.
 */
#include <net/if.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdio.h>

#include "interpose.h"
#include "thread_pool.h"

static atomic_int lists; /* not freed yet */
static atomic_bool waits;
static bool libuv_fails;

int getaddrinfo(const char *node, const char *service,
                const struct addrinfo *hints, struct addrinfo **out) {
  int (*next)(const char *, const char *, const struct addrinfo *,
              struct addrinfo **);
  find_next(&next, "getaddrinfo");
  if (waits) {
    wait_in_pool();
  }
  const bool ours = node != NULL && strcmp(node, "here.test") == 0;
  if (ours && hints != NULL && (hints->ai_flags & AI_NUMERICHOST) != 0)
    return EAI_NONAME;
  const int err = next(ours ? "127.0.0.1" : node, service, hints, out);
  lists += err == 0;
  return err;
}

void freeaddrinfo(struct addrinfo *list) {
  void (*next)(struct addrinfo *);
  find_next(&next, "freeaddrinfo");
  lists--;
  next(list);
}

static void *libuv_malloc(size_t size) {
  return libuv_fails ? NULL : malloc(size);
}

/* Waits until one thread has done two lookups. libuv queues the lookups in a
   row, so that a job may come between. */
static void wait_until_done(void) {
  wait_until_taken();
  wait_until_taken();
}

static int set_up(void **state) {
  lists = 0;
  return harness_setup(state);
}

static int tear_down(void **state) {
  release_pool();
  (void) uv_run(loop, UV_RUN_DEFAULT); /* the pool's jobs end */
  const int failed = harness_teardown(state);
  if (lists != 0)
    print_error("left behind: %d lists of addresses\n", lists);
  return failed != 0 || lists != 0 ? -1 : 0;
}

static const struct addrinfo numeric = { .ai_family = AF_INET,
                                         .ai_socktype = SOCK_STREAM,
                                         .ai_flags = AI_NUMERICHOST };

static const struct addrinfo named = { .ai_family = AF_INET,
                                       .ai_socktype = SOCK_STREAM };

static avow_promise_t *start(void) {
  return avow_getaddrinfo(loop, "here.test", "80", &named);
}

static avow_promise_t *start_with_numbers(void) {
  return avow_getaddrinfo(loop, "127.0.0.1", "80", &named);
}

static avow_promise_t *undelivered_lookup(void) {
  hold_pool(THREADS - 1);
  avow_promise_t *p = start();
  wait_until_done();
  release_pool();
  return p;
}

static void assert_is_address(const avow_value_t *v, const char *ip, int port) {
  char name[64];
  assert_string_equal(avow_error_message(v), "no error");
  const struct addrinfo *list = avow_to_addrinfo(v);
  struct sockaddr_in address;
  assert_int_equal(list->ai_addrlen, sizeof(address));
  memcpy(&address, list->ai_addr, sizeof(address));
  assert_int_equal(uv_ip4_name(&address, name, sizeof(name)), 0);
  assert_string_equal(name, ip);
  assert_int_equal(ntohs(address.sin_port), port);
}

static void assert_fulfills_address(avow_promise_t *p, const char *ip,
                                    int port) {
  const avow_value_t v = avow_run(p);
  assert_is_address(&v, ip, port);
  avow_value_unref(v);
}

static void lookup_gives_addresses(void **state) {
  assert_fulfills_address(start(), "127.0.0.1", 80);
}

static void lookup_accepts_only_a_host_or_only_a_service(void **state) {
  assert_fulfills_address(avow_getaddrinfo(loop, "127.0.0.2", NULL, &numeric),
                          "127.0.0.2", 0);
  assert_fulfills_address(avow_getaddrinfo(loop, NULL, "81", &numeric),
                          "127.0.0.1", 81);
}

static void lookup_works_without_hints(void **state) {
  assert_fulfills_address(avow_getaddrinfo(loop, "127.0.0.3", "82", NULL),
                          "127.0.0.3", 82);
}

static void lookup_copies_strings_and_hints(void **state) {
  char node[] = "here.test", service[] = "80";
  struct addrinfo hints = named;

  avow_promise_t *p = avow_getaddrinfo(loop, node, service, &hints);
  node[0] = service[0] = 'x';
  hints.ai_family = AF_INET6;

  assert_fulfills_address(p, "127.0.0.1", 80);
}

static void list_is_freed_with_its_value(void **state) {
  avow_promise_t *p = start();
  const avow_value_t v = avow_run(avow_ref(p));

  avow_unref(p);
  assert_is_address(&v, "127.0.0.1", 80);
  assert_int_equal(lists, 1);
  avow_value_unref(v);

  assert_int_equal(lists, 0);
}

static void lookup_error_names_the_unknown_host(void **state) {
  const avow_value_t v =
      avow_run(avow_getaddrinfo(loop, "no.number", NULL, &numeric));

  assert_string_equal(avow_err_name(avow_error_code(&v)), "EAI_NONAME");
  assert_string_equal(avow_error_message(&v),
                      "getaddrinfo 'no.number': unknown node or service");
  avow_value_unref(v);
}

/* The system's function would read the first port as 34463. */
static void lookup_refuses_invalid_ports(void **state) {
  static const char *const ports[] = { "99999", "65536", " 65536", "-2",
                                       "18446744073709551617" };

  for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
    assert_rejects(avow_getaddrinfo(loop, "127.0.0.1", ports[i], &numeric),
                   UV_EAI_SERVICE);
    assert_rejects(avow_bind(loop, "127.0.0.1", ports[i]), UV_EAI_SERVICE);
    assert_rejects(avow_connect(loop, "127.0.0.1", ports[i]), UV_EAI_SERVICE);
  }
  assert_fulfills_address(avow_getaddrinfo(loop, "127.0.0.1", "65535",
                                           &numeric),
                          "127.0.0.1", 65535);
}

static void lookup_rejects_without_host_and_service(void **state) {
  const avow_value_t v = avow_run(avow_getaddrinfo(loop, NULL, NULL, NULL));

  assert_int_equal(avow_error_code(&v), UV_EINVAL);
  assert_string_equal(avow_error_message(&v), "getaddrinfo: invalid argument");
  avow_value_unref(v);
}

static void lookup_rejects_a_host_that_is_too_long(void **state) {
  char node[400];
  memset(node, 'a', sizeof(node) - 1);
  node[sizeof(node) - 1] = '\0';

  const avow_value_t v = avow_run(avow_getaddrinfo(loop, node, NULL, &numeric));

  assert_true(avow_is_error(&v));
  assert_non_null(strstr(avow_error_message(&v), "getaddrinfo 'aaaa"));
  avow_value_unref(v);
}

static void lookup_rejects_when_libuv_has_no_memory(void **state) {
  libuv_fails = true;
  avow_promise_t *p = start();
  libuv_fails = false;

  assert_rejects(p, UV_ENOMEM);
}

static void numeric_lookup_needs_no_thread(void **state) {
  static const struct addrinfo passive = { .ai_family = AF_INET,
                                           .ai_socktype = SOCK_STREAM,
                                           .ai_flags = AI_PASSIVE };
  hold_pool(THREADS);

  assert_fulfills_address(start_with_numbers(), "127.0.0.1", 80);
  assert_fulfills_address(avow_getaddrinfo(loop, "127.1", NULL, &named),
                          "127.0.0.1", 0);
  assert_fulfills_address(avow_getaddrinfo(loop, "127.0.0.3", "82", NULL),
                          "127.0.0.3", 82);
  assert_fulfills_address(avow_getaddrinfo(loop, NULL, "83", &passive),
                          "0.0.0.0", 83);
}

static void assert_connects(const avow_value_t *server) {
  char port[8];
  const uv_stream_t *stream = avow_stream_handle(avow_to_stream(server));
  const avow_address_t at = avow_local_address((const uv_handle_t *) stream);
  (void) snprintf(port, sizeof(port), "%d", at.port); /* fits */
  const avow_value_t v = avow_run(avow_connect(loop, "127.0.0.1", port));
  assert_string_equal(avow_error_message(&v), "no error");
  avow_value_unref(v);
}

static void numeric_bind_and_connect_need_no_thread(void **state) {
  hold_pool(THREADS);

  const avow_value_t server = avow_run(avow_bind(loop, "127.0.0.1", "0"));
  avow_channel_t *connections =
      avow_connections(avow_stream_handle(avow_to_stream(&server)), NULL);
  assert_connects(&server);

  avow_channel_unref(connections);
  avow_value_unref(server);
}

static const struct sockaddr_in6 *first_of_six(const avow_value_t *v) {
  assert_string_equal(avow_error_message(v), "no error");
  const struct addrinfo *info = avow_to_addrinfo(v);
  assert_int_equal(info->ai_family, AF_INET6);
  return (const struct sockaddr_in6 *) (const void *) info->ai_addr;
}

static void numeric_lookup_with_zone_needs_no_thread(void **state) {
  hold_pool(THREADS);

  const avow_value_t v =
      avow_run(avow_getaddrinfo(loop, "fe80::1%lo", "80", NULL));

  assert_int_equal(first_of_six(&v)->sin6_scope_id, if_nametoindex("lo"));
  avow_value_unref(v);
  assert_rejects(avow_getaddrinfo(loop, "fe80::1%no-such-zone", "80", NULL),
                 UV_EAI_NONAME);
}

static void failing_numeric_lookup_needs_no_thread(void **state) {
  static const struct addrinfo six = { .ai_family = AF_INET6 };
  hold_pool(THREADS);

  const avow_value_t v =
      avow_run(avow_getaddrinfo(loop, "127.0.0.1", "80", &six));

  assert_true(avow_is_error(&v));
  avow_value_unref(v);
  assert_rejects(avow_getaddrinfo(loop, "::g", "80", NULL), UV_EAI_NONAME);
}

/* A name may begin with a digit. */
static void names_that_begin_with_a_digit_are_looked_up(void **state) {
  const avow_value_t v =
      avow_run(avow_getaddrinfo(loop, "1.no.number.", "80", &named));

  assert_true(avow_is_error(&v));
  assert_non_null(strstr(avow_error_message(&v), "'1.no.number.'"));
  avow_value_unref(v);
}

static void read_a_number_as_addresses(void) {
  const avow_value_t v = avow_int(1);
  assert_null(avow_to_addrinfo(&v));
}

static void other_values_are_not_addresses(void **state) {
  assert_misuse(read_a_number_as_addresses,
                "not addrinfo; check its type first");
}

static void canceled_queued_lookup_never_runs(void **state) {
  hold_pool(THREADS);

  assert_cancels_at_once(start());
  waits = true; /* it would wait forever */
  release_pool();
  run();

  waits = false;
}

static void canceled_running_lookup_is_freed(void **state) {
  waits = true;
  avow_promise_t *p = start();
  meet_in_pool();
  waits = false;

  assert_cancels_at_once(p);
  release_pool_threads();
  run();

  assert_int_equal(lists, 0);
}

static void canceled_undelivered_lookup_is_freed(void **state) {
  avow_promise_t *p = undelivered_lookup();
  assert_int_equal(lists, 1);

  assert_cancels_at_once(p);
  run();

  assert_int_equal(lists, 0);
}

static void lookup_canceled_without_memory_is_freed(void **state) {
  avow_promise_t *p = undelivered_lookup();

  fail_allocation(1, true);
  assert_cancels_at_once(p);
  run();

  assert_int_equal(lists, 0);
}

static void lookup_canceled_by_another_completion_is_freed(void **state) {
  hold_pool(THREADS - 1);
  avow_promise_t *first = start();
  avow_promise_t *second = start();
  wait_until_done();
  assert_int_equal(lists, 2);

  first = avow_then(first, cancel_cb, NULL, second);

  assert_fulfills_address(first, "127.0.0.1", 80);
  assert_rejects(second, UV_ECANCELED);
}

static void cancel_after_the_lookup_changes_nothing(void **state) {
  avow_promise_t *p = start();
  assert_fulfills_address(avow_ref(p), "127.0.0.1", 80);

  avow_cancel(p);

  assert_fulfills_address(p, "127.0.0.1", 80);
}

/* Closes avow, then initializes it again for the fixture. */
static void assert_loop_close_cancels(avow_promise_t *p) {
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_result(p)->code, UV_ECANCELED);
  avow_unref(p);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void loop_close_cancels_queued_lookups(void **state) {
  hold_pool(THREADS);

  assert_loop_close_cancels(start());
}

static void loop_close_frees_late_results(void **state) {
  assert_loop_close_cancels(undelivered_lookup());

  assert_int_equal(lists, 0);
}

static struct sockaddr_in local(void) {
  struct sockaddr_in address;
  (void) uv_ip4_addr("127.0.0.1", 80, &address);
  return address;
}

/* No service has the port 65535, but the lookup still takes place. */
static avow_promise_t *start_name_lookup(void) {
  struct sockaddr_in address;
  (void) uv_ip4_addr("127.0.0.1", 65535, &address);
  return avow_getnameinfo(loop, (const struct sockaddr *) &address,
                          NI_NUMERICHOST);
}

static void assert_is_name(const avow_value_t *v, const char *port) {
  assert_string_equal(avow_error_message(v), "no error");
  assert_int_equal(avow_list_len(v), 2);
  assert_string_equal(avow_to_bytes(avow_list_at(v, 0), NULL), "127.0.0.1");
  assert_string_equal(avow_to_bytes(avow_list_at(v, 1), NULL), port);
}

static void name_lookup_gives_host_and_service(void **state) {
  const avow_value_t v = avow_run(start_name_lookup());

  assert_is_name(&v, "65535");
  avow_value_unref(v);
}

static void numeric_name_lookup_needs_no_thread(void **state) {
  const struct sockaddr_in address = local();
  hold_pool(THREADS);

  const avow_value_t v =
      avow_run(avow_getnameinfo(loop, (const struct sockaddr *) &address,
                                NI_NUMERICHOST | NI_NUMERICSERV));

  assert_is_name(&v, "80");
  avow_value_unref(v);
}

static void name_lookup_rejects_an_unknown_family(void **state) {
  const struct sockaddr address = { .sa_family = AF_UNIX };

  const avow_value_t v = avow_run(avow_getnameinfo(loop, &address, 0));

  assert_string_equal(avow_error_message(&v),
                      "getnameinfo '?:0': invalid argument");
  avow_value_unref(v);
  assert_rejects(avow_getnameinfo(loop, NULL, 0), UV_EINVAL);
}

/* musl ignores the flags that it does not know. */
static int reason_for_all_flags(const struct sockaddr_in *address) {
  char host[64];
  const int err =
      getnameinfo((const struct sockaddr *) address, sizeof(*address), host,
                  sizeof(host), NULL, 0, -1);
  return err == EAI_NONAME ? UV_EAI_NONAME : UV_EAI_BADFLAGS;
}

static void name_lookup_rejects_with_the_system_error(void **state) {
  const struct sockaddr_in address = local();
  const int reason = reason_for_all_flags(&address);
  char message[128];
  (void) snprintf(message, sizeof(message), "getnameinfo '127.0.0.1:80': %s",
                  uv_strerror(reason)); /* the text fits */

  const avow_value_t v =
      avow_run(avow_getnameinfo(loop, (const struct sockaddr *) &address, -1));

  assert_int_equal(avow_error_code(&v), reason);
  assert_string_equal(avow_error_message(&v), message);
  avow_value_unref(v);
}

static void canceled_queued_name_lookup_never_runs(void **state) {
  hold_pool(THREADS);

  assert_cancels_at_once(start_name_lookup());
}

static void canceled_undelivered_name_lookup_is_dropped(void **state) {
  hold_pool(THREADS - 1);
  avow_promise_t *p = start_name_lookup();
  wait_until_done();
  release_pool();

  assert_cancels_at_once(p);
}

static bool name_lookup_fails_well(long nth, bool from_then_on) {
  fail_allocation(nth, from_then_on);
  const avow_value_t v = avow_run(start_name_lookup());
  const bool failed = allocation_failed();
  fail_allocation(0, false);
  if (failed)
    assert_string_equal(avow_err_name(avow_error_code(&v)), "ENOMEM");
  else
    assert_is_name(&v, "65535");
  avow_value_unref(v);
  return failed;
}

static void name_lookup_survives_failing_memory(void **state) {
  wait_until_taken(); /* libuv allocates to start the pool */

  for (int on = 0; on < 2; on++)
    for (long nth = 1; name_lookup_fails_well(nth, on != 0); nth++)
      assert_true(nth < 100);
}

/* Fails the nth allocation. Returns false if there was no nth allocation. */
static bool fails_well(start_fn start_one, long nth, bool from_then_on) {
  fail_allocation(nth, from_then_on);
  const avow_value_t v = avow_run(start_one());
  const bool failed = allocation_failed();
  fail_allocation(0, false);
  if (failed)
    assert_string_equal(avow_err_name(avow_error_code(&v)), "ENOMEM");
  else
    assert_is_address(&v, "127.0.0.1", 80);
  avow_value_unref(v);
  assert_int_equal(lists, 0);
  return failed;
}

static void lookup_survives_failing_memory(void **state) {
  wait_until_taken(); /* libuv allocates to start the pool */

  for (int on = 0; on < 2; on++)
    for (long nth = 1; fails_well(start, nth, on != 0); nth++)
      assert_true(nth < 100);
}

static void numeric_lookup_survives_failing_memory(void **state) {
  for (int on = 0; on < 2; on++)
    for (long nth = 1; fails_well(start_with_numbers, nth, on != 0); nth++)
      assert_true(nth < 100);
}

#define DNS(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

SUITE(dns) {
  pool_init();
  (void) uv_replace_allocator(libuv_malloc, realloc, calloc, free);
  const struct CMUnitTest tests[] = {
    DNS(lookup_gives_addresses),
    DNS(lookup_accepts_only_a_host_or_only_a_service),
    DNS(lookup_works_without_hints),
    DNS(lookup_copies_strings_and_hints),
    DNS(list_is_freed_with_its_value),
    DNS(lookup_error_names_the_unknown_host),
    DNS(lookup_refuses_invalid_ports),
    DNS(lookup_rejects_without_host_and_service),
    DNS(lookup_rejects_a_host_that_is_too_long),
    DNS(lookup_rejects_when_libuv_has_no_memory),
    DNS(numeric_lookup_needs_no_thread),
    DNS(numeric_bind_and_connect_need_no_thread),
    DNS(numeric_lookup_with_zone_needs_no_thread),
    DNS(failing_numeric_lookup_needs_no_thread),
    DNS(names_that_begin_with_a_digit_are_looked_up),
    DNS(other_values_are_not_addresses),
    DNS(canceled_queued_lookup_never_runs),
    DNS(canceled_running_lookup_is_freed),
    DNS(canceled_undelivered_lookup_is_freed),
    DNS(lookup_canceled_without_memory_is_freed),
    DNS(lookup_canceled_by_another_completion_is_freed),
    DNS(cancel_after_the_lookup_changes_nothing),
    DNS(loop_close_cancels_queued_lookups),
    DNS(loop_close_frees_late_results),
    DNS(lookup_survives_failing_memory),
    DNS(numeric_lookup_survives_failing_memory),
    DNS(name_lookup_gives_host_and_service),
    DNS(numeric_name_lookup_needs_no_thread),
    DNS(name_lookup_rejects_an_unknown_family),
    DNS(name_lookup_rejects_with_the_system_error),
    DNS(canceled_queued_name_lookup_never_runs),
    DNS(canceled_undelivered_name_lookup_is_dropped),
    DNS(name_lookup_survives_failing_memory),
  };
  return RUN(tests);
}

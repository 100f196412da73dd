/* SPDX-License-Identifier: MIT */
/*
 * Large bodies, many at once. Each is read as a stream with random pauses. All
 * must arrive unchanged and within the documented limit of memory. $BODIES is
 * their number and $MIB is the size of each.
 */
#include <stdio.h>

#include "curl_test.h"
#include "keeper.h"
#include "watched.h"

enum { MIB = 1 << 20, BLOCK = 1000003 };

static int secure;
static size_t bodies = 20, size = 4 * MIB;
static char block[BLOCK];

static uint32_t chance(void) {
  static uint32_t state = 1;
  state = state * 1664525u + 1013904223u;
  return state >> 20; /* the low bits have a short period */
}

/* Writes a block repeatedly. It compresses to half its size. */
static void make_file(const char *path) {
  FILE *file = fopen(path, "w");
  for (size_t at = 0; at < size; at += BLOCK) {
    const size_t n = size - at < BLOCK ? size - at : BLOCK;
    if (fwrite(block, 1, n, file) != n)
      abort();
  }
  if (fclose(file) != 0)
    abort();
}

static size_t asked(const char *name, size_t otherwise) {
  const char *value = getenv(name);
  return value != NULL ? strtoul(value, NULL, 10) : otherwise;
}

static int bodies_setup(void **state) {
  if (keeper_setup(state) != 0)
    return -1;
  bodies = asked("BODIES", bodies);
  size = asked("MIB", size / MIB) * MIB;
  for (int i = 0; i < BLOCK; i++)
    block[i] = (char) ('a' + chance() % 16);
  make_file(in_folder("large"));
  const char *const compress[] = { "gzip", "-k1", "large", NULL };
  keeper_finish(compress);
  const int plain = keeper_listen();
  secure = keeper_listen();
  const char *const args[] = { "sh", HERE "/nginx.sh", port_text(plain),
                               port_text(secure), NULL };
  keeper_run(args);
  return 0;
}

/* Resets the peak, so that peak() covers only what follows. */
static void forget_peak(void) {
  FILE *file = fopen("/proc/self/clear_refs", "w");
  if (file != NULL && fputs("5", file) >= 0)
    (void) fclose(file);
}

/* Returns the peak of this process's memory in MiB. */
static size_t peak(void) {
  char line[128];
  unsigned long kib = 0;
  FILE *file = fopen("/proc/self/status", "r");
  while (file != NULL && fgets(line, sizeof(line), file) != NULL)
    (void) sscanf(line, "VmHWM: %lu", &kib);
  if (file != NULL)
    (void) fclose(file);
  return kib / 1024;
}

typedef struct {
  avow_value_t response;
  size_t at;
} reading_t;

static void assert_piece(const reading_t *r, const char *bytes, size_t len) {
  for (size_t done = 0; done < len;) {
    const size_t at = (r->at + done) % BLOCK;
    const size_t n = len - done < BLOCK - at ? len - done : BLOCK - at;
    assert_memory_equal(bytes + done, block + at, n);
    done += n;
  }
}

/* INT at the end: the number of bytes. */
static avow_value_t take(const avow_value_t *piece, void *data) {
  reading_t *r = data;
  size_t len;
  if (avow_is_none(piece))
    return avow_int((int64_t) r->at);
  const char *bytes = avow_to_bytes(piece, &len);
  assert_piece(r, bytes, len);
  r->at += len;
  return avow_none();
}

static avow_value_t read_on(const avow_value_t *unused, void *data) {
  reading_t *r = data;
  avow_promise_t *p = avow_read(avow_to_stream(&r->response), 1 << 16);
  return avow_follow(avow_then(p, take, NULL, r));
}

static avow_value_t step(void *data) {
  reading_t *r = data;
  if (chance() % 64 != 0)
    return read_on(NULL, r);
  avow_promise_t *p = avow_sleep(loop, chance() % 20);
  return avow_follow(avow_then(p, read_on, NULL, r));
}

static avow_value_t begin(const avow_value_t *response, void *data) {
  reading_t *r = data;
  r->response = avow_value_ref(response);
  return avow_follow(avow_repeat(loop, step, r));
}

static void by_http2(CURL *easy, void *data) {
  curl_easy_setopt(easy, CURLOPT_CAINFO, in_folder("authority.crt"));
}

static void compressed(CURL *easy, void *data) {
  by_http2(easy, data);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
}

static void by_http1(CURL *easy, void *data) {
  by_http2(easy, data);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
}

static void begin_all(avow_promise_t **all, reading_t *readings,
                      void (*set)(CURL *easy, void *data)) {
  const avow_fetch_options_t options = { .set = set };
  char url[64];
  (void) snprintf(url, sizeof(url), "https://localhost:%d/made/large", secure);
  for (size_t i = 0; i < bodies; i++) {
    avow_promise_t *p = avow_curl_fetch(client, url, &options);
    all[i] = avow_then(p, begin, NULL, &readings[i]);
  }
}

static void end_all(reading_t *readings) {
  for (size_t i = 0; i < bodies; i++) {
    assert_int_equal(readings[i].at, size);
    avow_value_unref(readings[i].response);
  }
}

/* Not checked in builds that need much memory themselves. */
static void assert_peak(size_t most) {
  if (WATCHED == 0)
    assert_in_range(peak(), 0, most);
}

/* A body may use at most `most_each` / 16 MiB of memory. */
static void assert_all_come(void (*set)(CURL *easy, void *data),
                            size_t most_each) {
  avow_promise_t **all = calloc(bodies, sizeof(avow_promise_t *));
  reading_t *readings = calloc(bodies, sizeof(*readings));
  forget_peak();
  const size_t before = peak();
  const uint64_t start = uv_hrtime();
  begin_all(all, readings, set);
  avow_value_t v = avow_run(avow_all(loop, all, bodies));
  if (avow_is_error(&v))
    fail_msg("%s", avow_error_message(&v));
  printf("%zu bodies of %zu MiB: %.1f s, memory from %zu to %zu MiB\n", bodies,
         size / MIB, (double) (uv_hrtime() - start) / 1e9, before, peak());
  assert_peak(before + 8 + bodies * most_each / 16);
  end_all(readings);
  avow_value_unref(v);
  free(readings);
  free(all);
}

/* The buffers of a connection and one piece. */
static void bodies_arrive_over_separate_connections(void **state) {
  assert_all_come(by_http1, 4);
}

/* The window of libcurl is 32 MiB. */
static void bodies_arrive_over_one_connection(void **state) {
  assert_all_come(by_http2, size < 32 * MIB ? 16 * size / MIB : 16 * 32);
}

/* The window applies to the compressed bytes. */
static void compressed_bodies_arrive_over_one_connection(void **state) {
  assert_all_come(compressed, size < 64 * MIB ? 16 * size / MIB : 16 * 64);
}

SUITE(curl_bodies) {
  const struct CMUnitTest tests[] = {
    CURL_CASE(bodies_arrive_over_separate_connections),
    CURL_CASE(bodies_arrive_over_one_connection),
    CURL_CASE(compressed_bodies_arrive_over_one_connection),
  };
  harness_init();
  return cmocka_run_group_tests(tests, bodies_setup, keeper_teardown);
}

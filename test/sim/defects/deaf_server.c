/* SPDX-License-Identifier: MIT */
/*
 * A server with many clients. A client that is disconnected connects again. The
 * defect: the loop that accepts clients ends when the first client fails.
 */
#include "host.h"
#include "programs.h"

enum { LINE = 100, GUESTS = 3, ATTEMPTS = 100 };

static avow_value_t serve(void *data) {
  const guest_t *guest = data;
  const avow_stream_t stream = avow_to_stream(&guest->connection);
  avow_reader_t *reader = avow_reader_new(stream);
  const avow_value_t v = avow_await(avow_reader_line(reader, LINE));
  avow_reader_unref(reader);
  return v.tag == AVOW_BYTES ? avow_await(avow_write(stream, v)) : v;
}

static avow_value_t greet(void *data) {
  const avow_value_t v = host_ask(data, "hello\n");
  return avow_is_none(&v) ? avow_error(UV_EOF) : v;
}

static avow_value_t visit(void *data) {
  const host_t *host = data;
  return avow_follow(avow_async(host->loop, greet, data));
}

static avow_value_t run(void *loop) {
  const avow_retry_options_t retry = { .attempts = ATTEMPTS,
                                       .max_delay = 1000 };
  host_t host = { .loop = loop, .serve = serve };
#ifdef MENDED
  host.kind = AVOW_ALL_SETTLED;
#endif
  AVOW_TRY(host_open(&host));
  avow_value_t v = avow_none();
  for (int i = 0; i < GUESTS && !avow_is_error(&v); i++) {
    avow_value_unref(v);
    v = avow_await(avow_retry(loop, visit, &host, &retry));
  }
  host_close(&host);
  return v;
}

static avow_promise_t *begin(uv_loop_t *loop, void *data) {
  return avow_async(loop, run, loop);
}

const program_t deaf_server = {
  .name = "deaf server",
  .defect = "a loop that accepts ends with the first client that fails",
  .begin = begin,
  .bears = BEARS_NET,
};

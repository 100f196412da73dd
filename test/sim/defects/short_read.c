/* SPDX-License-Identifier: MIT */
/*
 * A server that adds up numbers that it receives, one in each line. The defect:
 * it takes the result of one read for a line, but TCP does not preserve the
 * boundaries of writes.
 */
#include <stdlib.h>

#include "host.h"
#include "programs.h"

enum { LINE = 100, NUMBERS = 3 };

#ifdef MENDED
static avow_value_t read_number(avow_reader_t *reader, avow_stream_t stream) {
  return avow_await(avow_reader_line(reader, LINE));
}
#else
static avow_value_t read_number(avow_reader_t *reader, avow_stream_t stream) {
  return avow_await(avow_read(stream, LINE));
}
#endif

static avow_value_t add(avow_reader_t *reader, const guest_t *guest) {
  const avow_stream_t stream = avow_to_stream(&guest->connection);
  int64_t *sum = guest->host->data;
  for (;;) {
    const avow_value_t v = read_number(reader, stream);
    if (v.tag != AVOW_BYTES)
      return v;
    *sum += strtol(avow_to_bytes(&v, NULL), NULL, 10);
    avow_value_unref(v);
    AVOW_TRY(avow_await(avow_write(stream, avow_string("ok\n"))));
  }
}

static avow_value_t serve(void *data) {
  const guest_t *guest = data;
  avow_reader_t *reader = avow_reader_new(avow_to_stream(&guest->connection));
  const avow_value_t v = add(reader, guest);
  avow_reader_unref(reader);
  return v;
}

static avow_value_t run(void *loop) {
  int64_t sum = 0;
  host_t host = { .loop = loop, .serve = serve, .data = &sum };
  AVOW_TRY(host_open(&host));
  for (int i = 0; i < NUMBERS; i++)
    avow_value_unref(host_ask(&host, "1000\n"));
  host_close(&host);
  if (sum == 1000 * NUMBERS)
    return avow_none();
  return avow_error_new(UV_EINVAL, avow_none(), "the sum is %d", (int) sum);
}

static avow_promise_t *begin(uv_loop_t *loop, void *data) {
  return avow_async(loop, run, loop);
}

const program_t short_read = {
  .name = "short read",
  .defect = "one read is treated as one message",
  .begin = begin,
};

/* SPDX-License-Identifier: MIT */
/*
 * A client that pays, and pays again after a failure. The defect: if the
 * connection breaks after the payment, the client pays twice.
 */
#include <stdlib.h>

#include "host.h"
#include "programs.h"

enum { LINE = 100, PAYMENTS = 3, ATTEMPTS = 100, PRICE = 5 };

typedef struct {
  int64_t paid;
  bool known[PAYMENTS];
} account_t;

typedef struct {
  const host_t *host;
  int number;
} payment_t;

static void book(account_t *account, const char *line) {
  const int number = atoi(line);
#ifdef MENDED
  if (account->known[number])
    return;
#endif
  account->known[number] = true;
  account->paid += PRICE;
}

static avow_value_t serve(void *data) {
  const guest_t *guest = data;
  const avow_stream_t stream = avow_to_stream(&guest->connection);
  avow_reader_t *reader = avow_reader_new(stream);
  const avow_value_t v = avow_await(avow_reader_line(reader, LINE));
  avow_reader_unref(reader);
  if (v.tag != AVOW_BYTES)
    return v;
  book(guest->host->data, avow_to_bytes(&v, NULL));
  avow_value_unref(v);
  return avow_await(avow_write(stream, avow_string("paid\n")));
}

static avow_value_t pay_once(void *data) {
  const payment_t *payment = data;
  const char line[] = { (char) ('0' + payment->number), '\n', '\0' };
  const avow_value_t v = host_ask(payment->host, line);
  return avow_is_none(&v) ? avow_error(UV_EOF) : v;
}

static avow_value_t pay(void *data) {
  const payment_t *payment = data;
  return avow_follow(avow_async(payment->host->loop, pay_once, data));
}

static avow_value_t run(void *loop) {
  account_t account = { 0 };
  const avow_retry_options_t retry = { .attempts = ATTEMPTS,
                                       .max_delay = 1000 };
  host_t host = { .loop = loop,
                  .serve = serve,
                  .data = &account,
                  .kind = AVOW_ALL_SETTLED };
  AVOW_TRY(host_open(&host));
  avow_value_t v = avow_none();
  for (int i = 0; i < PAYMENTS && !avow_is_error(&v); i++) {
    avow_value_unref(v);
    payment_t payment = { &host, i };
    v = avow_await(avow_retry(loop, pay, &payment, &retry));
  }
  host_close(&host);
  if (avow_is_error(&v))
    return v;
  avow_value_unref(v);
  if (account.paid == PAYMENTS * PRICE)
    return avow_none();
  return avow_error_new(UV_EINVAL, avow_none(), "%d paid for %d",
                        (int) account.paid, PAYMENTS * PRICE);
}

static avow_promise_t *begin(uv_loop_t *loop, void *data) {
  return avow_async(loop, run, loop);
}

const program_t paid_twice = {
  .name = "paid twice",
  .defect = "a retry of an operation that may have succeeded",
  .begin = begin,
  .bears = BEARS_NET,
};

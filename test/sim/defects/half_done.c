/* SPDX-License-Identifier: MIT */
/*
 * A bank that withdraws money from one account, asks the other bank whether the
 * other account exists, and deposits the money there. The transfer has a time
 * limit. The defect: if the limit expires in between, the money is lost.
 */
#include "programs.h"

enum { ACCOUNTS = 3, BEGIN = 100, LIMIT = 200, TRANSFERS = 6 };

typedef struct {
  uv_loop_t *loop;
  int64_t accounts[ACCOUNTS];
} bank_t;

typedef struct {
  bank_t *bank;
  int from;
  int to;
} transfer_t;

static avow_value_t ask_other_bank(void *data) {
  return avow_none();
}

static avow_value_t move_money(void *data) {
  const transfer_t transfer = *(const transfer_t *) data;
  bank_t *bank = transfer.bank;
  bank->accounts[transfer.from] -= 1;
  const avow_value_t v =
      avow_await(avow_work(bank->loop, ask_other_bank, NULL, NULL));
  if (avow_is_error(&v)) {
#ifdef MENDED
    bank->accounts[transfer.from] += 1;
#endif
    return v;
  }
  bank->accounts[transfer.to] += 1;
  return avow_none();
}

static avow_value_t run(void *data) {
  bank_t bank = { data, { BEGIN, BEGIN, BEGIN } };
  for (int i = 0; i < TRANSFERS; i++) {
    transfer_t transfer = { &bank, i % ACCOUNTS, (i + 1) % ACCOUNTS };
    avow_promise_t *p = avow_async(bank.loop, move_money, &transfer);
    avow_value_unref(avow_await(avow_timeout(p, LIMIT))); /* may be late */
  }
  int64_t sum = 0;
  for (int i = 0; i < ACCOUNTS; i++)
    sum += bank.accounts[i];
  if (sum == ACCOUNTS * BEGIN)
    return avow_none();
  return avow_error_new(UV_EINVAL, avow_none(), "%d are lost",
                        ACCOUNTS * BEGIN - (int) sum);
}

static avow_promise_t *begin(uv_loop_t *loop, void *data) {
  return avow_async(loop, run, loop);
}

const program_t half_done = {
  .name = "half done",
  .defect = "a time limit around two steps expires between them",
  .begin = begin,
};

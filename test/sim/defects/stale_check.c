/* SPDX-License-Identifier: MIT */
/*
 * A theater that checks whether a seat is free, charges the card, and then
 * assigns the seat. The defect: while it charges the card, other customers find
 * the same seat free.
 */
#include "programs.h"

enum { SEATS = 2, GUESTS = 4, APART = 50 };

typedef struct {
  uv_loop_t *loop;
  int taken;
} theatre_t;

typedef struct {
  theatre_t *theatre;
  uint64_t comes;
} guest_t;

static avow_value_t charge_card(void *data) {
  return avow_none();
}

static avow_value_t buy(void *data) {
  const guest_t *guest = data;
  theatre_t *theatre = guest->theatre;
  AVOW_TRY(avow_await(avow_sleep(theatre->loop, guest->comes)));
  if (theatre->taken == SEATS)
    return avow_int(0);
#ifdef MENDED
  theatre->taken++;
#endif
  const avow_value_t v =
      avow_await(avow_work(theatre->loop, charge_card, NULL, NULL));
#ifdef MENDED
  theatre->taken -= avow_is_error(&v);
#else
  theatre->taken += !avow_is_error(&v);
#endif
  return avow_is_error(&v) ? v : avow_int(1);
}

static avow_value_t run(void *data) {
  theatre_t theatre = { data, 0 };
  guest_t guests[GUESTS];
  avow_promise_t *all[GUESTS];
  for (int i = 0; i < GUESTS; i++) {
    guests[i] = (guest_t){ &theatre, (uint64_t) i * APART };
    all[i] = avow_async(theatre.loop, buy, &guests[i]);
  }
  AVOW_TRY(avow_await(avow_join_losers(avow_all(theatre.loop, all, GUESTS))));
  if (theatre.taken == SEATS)
    return avow_none();
  return avow_error_new(UV_EINVAL, avow_none(), "%d sit on %d seats",
                        theatre.taken, SEATS);
}

static avow_promise_t *begin(uv_loop_t *loop, void *data) {
  return avow_async(loop, run, loop);
}

const program_t stale_check = {
  .name = "stale check",
  .defect = "an await between the check of a seat and its booking",
  .begin = begin,
};

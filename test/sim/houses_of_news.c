/* SPDX-License-Identifier: MIT */
/* Programs that use senders, broadcasts and watches. The channel of each tool
   ends with its last sender, and no receiver misses a promised item. */
#include <string.h>

#include "avow/sim.h"
#include "houses.h"

/* Senders: the channel ends after the last item of the last sender. */

enum { A_SENDER = 100, LEAVING = 6 };

static struct {
  uv_loop_t *loop;
  avow_sender_t *sender; /* until all senders have a reference */
  int numbers, holders, sent, heard;
  bool failed; /* a sender failed; its last item may be lost */
  int last[CALLERS];
} desk;

static avow_value_t tell_all(const avow_sender_t *sender, int number) {
  for (int i = 1; i <= TIMES; i++) {
    const avow_value_t item = avow_int(number * A_SENDER + i);
    AVOW_TRY(avow_await(avow_sender_send(sender, item)));
    desk.sent++;
    AVOW_TRY(sleep_a_little(desk.loop));
  }
  return avow_none();
}

static avow_value_t tell(void *data) {
  avow_sender_t *sender = avow_sender_ref(desk.sender);
  desk.holders++;
  const avow_value_t v = tell_all(sender, desk.numbers++);
  desk.failed = desk.failed || avow_is_error(&v);
  desk.holders--;
  avow_sender_unref(sender);
  return v;
}

static avow_value_t send_out(void *loop) {
  return call_all(loop, tell, NULL);
}

static avow_value_t read_all(const avow_channel_t *channel) {
  for (;;) {
    const avow_value_t v = avow_await(avow_channel_next(channel));
    if (avow_is_error(&v))
      return v;
    if (v.tag == AVOW_NONE)
      break;
    const int sender = (int) (avow_to_int(&v) / A_SENDER);
    const int n = (int) (avow_to_int(&v) % A_SENDER);
    avow_sim_check(n == desk.last[sender] + 1, "%d after %d", n,
                   desk.last[sender]);
    desk.last[sender] = n;
    desk.heard++;
  }
  avow_sim_check(desk.holders == 0, "it ended before %d senders", desk.holders);
  avow_sim_check(desk.failed || desk.heard == desk.sent,
                 "%d of %d were received", desk.heard, desk.sent);
  return avow_none();
}

/* Returns the first error of the two outcomes. */
static avow_value_t first_error(avow_value_t v, avow_value_t w) {
  const bool failed = avow_is_error(&v);
  avow_value_unref(failed ? w : v);
  return failed ? v : w;
}

avow_value_t live_with_senders(void *loop) {
  avow_channel_t *channel = avow_channel_new(loop, some(3));
  memset(&desk, 0, sizeof(desk));
  desk.loop = loop;
  desk.sender = avow_sender_new(channel, 0);
  avow_promise_t *sent = avow_async(loop, send_out, loop);
  avow_sender_clear(&desk.sender);
  const avow_value_t v = read_all(channel);
  avow_channel_unref(channel);
  return first_error(v, avow_await(sent));
}

/* Broadcasts: from its subscription on, a receiver receives each item or learns
   how many items it has missed. */

static struct {
  uv_loop_t *loop;
  avow_broadcast_t *broadcast;
  int sent;
  bool drops, failed;
} radio;

static avow_value_t announce_all(const avow_broadcast_t *broadcast) {
  while (radio.sent < 2 * TIMES) {
    const avow_value_t item = avow_int(radio.sent + 1);
    AVOW_TRY(avow_await(avow_broadcast_send(broadcast, item)));
    radio.sent++;
    if (avow_sim_choose(3) == 0)
      AVOW_TRY(sleep_a_little(radio.loop));
  }
  return avow_none();
}

static avow_value_t announce(void *data) {
  avow_broadcast_t *broadcast = avow_broadcast_ref(radio.broadcast);
  const avow_value_t v = announce_all(broadcast);
  radio.failed = avow_is_error(&v);
  avow_broadcast_unref(broadcast);
  return v;
}

/* Returns the number of the last missed item. Returns 0 if it is unknown: the
   receiver has received no item yet, or no memory was left to report the
   number. */
static int last_missed(const avow_value_t *error, int last) {
  const avow_value_t *n = avow_error_cause(error);
  avow_sim_check(radio.drops, "items were dropped");
  avow_sim_check(n == NULL || avow_to_int(n) > 0, "none was missed");
  return n == NULL || last == 0 ? 0 : last + (int) avow_to_int(n);
}

/* Returns NONE at the end. */
static avow_value_t next_news(const avow_channel_t *news, int *last) {
  const avow_value_t v = avow_await(avow_channel_next(news));
  if (avow_error_code(&v) != AVOW_EMISSED)
    return v;
  *last = last_missed(&v, *last);
  avow_value_unref(v);
  return avow_await(avow_channel_next(news));
}

/* Receives until the end, or leaves earlier. */
static avow_value_t follow_news(const avow_channel_t *news) {
  const bool stays = avow_sim_choose(LEAVING) != 0;
  int last = 0;
  for (int i = 0; stays || i < TIMES; i++) {
    const avow_value_t v = next_news(news, &last);
    if (avow_is_error(&v))
      return v;
    if (v.tag == AVOW_NONE) {
      avow_sim_check(last == 0 || last == radio.sent || radio.failed,
                     "%d of %d is the last", last, radio.sent);
      break;
    }
    const int n = (int) avow_to_int(&v);
    avow_sim_check(last == 0 || n == last + 1, "%d after %d", n, last);
    last = n;
    AVOW_TRY(sleep_a_little(radio.loop));
  }
  return avow_none();
}

/* Some receivers subscribe later, but all subscribe before the end. */
static avow_value_t tune_in(void *data) {
  avow_broadcast_t *broadcast = avow_broadcast_ref(radio.broadcast);
  const avow_value_t v =
      avow_sim_choose(2) == 0 ? avow_none() : sleep_a_little(radio.loop);
  avow_channel_t *news = avow_broadcast_subscribe(broadcast);
  avow_broadcast_unref(broadcast);
  const avow_value_t w = avow_is_error(&v) ? avow_none() : follow_news(news);
  avow_channel_unref(news);
  return first_error(v, w);
}

static avow_value_t listen_all(void *loop) {
  return call_all(loop, tune_in, NULL);
}

avow_value_t live_with_broadcast(void *loop) {
  memset(&radio, 0, sizeof(radio));
  radio.loop = loop;
  radio.drops = avow_sim_choose(2) != 0;
  radio.broadcast =
      avow_broadcast_new(loop, 1 + some(3),
                         &(avow_broadcast_options_t){ .drops = radio.drops });
  avow_promise_t *heard = avow_async(loop, listen_all, loop);
  avow_promise_t *said = avow_async(loop, announce, NULL);
  avow_broadcast_unref(radio.broadcast);
  radio.broadcast = NULL;
  const avow_value_t v = avow_await(said);
  return first_error(v, avow_await(heard));
}

/* Watches: a value is never older than the value seen before, and the last
   value seen is the last one set. */

static struct {
  uv_loop_t *loop;
  avow_watch_t *watch;
  int set;
} tower;

static avow_value_t change_all(const avow_watch_t *watch) {
  while (tower.set < 2 * TIMES) {
    avow_watch_set(watch, avow_int(++tower.set));
    if (avow_sim_choose(2) == 0)
      AVOW_TRY(sleep_a_little(tower.loop));
  }
  return avow_none();
}

static avow_value_t change(void *data) {
  avow_watch_t *watch = avow_watch_ref(tower.watch);
  const avow_value_t v = change_all(watch);
  avow_watch_unref(watch);
  return v;
}

static avow_value_t look_out(const avow_channel_t *values, int first) {
  int last = first;
  bool any = false;
  for (;;) {
    const avow_value_t v = avow_await(avow_channel_next(values));
    if (avow_is_error(&v))
      return v;
    if (v.tag == AVOW_NONE)
      break;
    const int n = (int) avow_to_int(&v);
    avow_sim_check(any ? n > last : n >= last, "%d after %d", n, last);
    avow_sim_check(n <= tower.set, "%d is not set yet", n);
    last = n;
    any = true;
    AVOW_TRY(sleep_a_little(tower.loop));
  }
  avow_sim_check(last == tower.set, "%d was seen last, but %d was set last",
                 last, tower.set);
  return avow_none();
}

static avow_value_t look(void *data) {
  const avow_value_t *now = avow_watch_value(tower.watch);
  const int first = now->tag == AVOW_NONE ? 0 : (int) avow_to_int(now);
  avow_channel_t *values = avow_watch_subscribe(tower.watch);
  const avow_value_t v = look_out(values, first);
  avow_channel_unref(values);
  return v;
}

static avow_value_t look_all(void *loop) {
  return call_all(loop, look, NULL);
}

avow_value_t live_with_watch(void *loop) {
  tower.loop = loop;
  tower.set = (int) avow_sim_choose(2);
  tower.watch =
      avow_watch_new(loop, tower.set == 0 ? avow_none() : avow_int(tower.set));
  avow_promise_t *seen = avow_async(loop, look_all, loop);
  avow_promise_t *changed = avow_async(loop, change, NULL);
  avow_watch_unref(tower.watch);
  tower.watch = NULL;
  const avow_value_t v = avow_await(changed);
  return first_error(v, avow_await(seen));
}

/* Out of memory: what many send, and what many hear, lives through it. */
#include "torture.h"

static avow_value_t is_over(const avow_value_t *item, void *data) {
  return avow_is_none(item) ? avow_int(1) : avow_none();
}

static avow_value_t hear_one(void *channel) {
  avow_promise_t *p = avow_channel_next(channel);
  return avow_follow(avow_then(p, is_over, NULL, NULL));
}

static void let_go(void *channel) {
  avow_channel_unref(channel);
}

/* To the end, or to a failure. Takes c. */
static avow_promise_t *hear(avow_channel_t *c) {
  return avow_attach(avow_repeat(loop, hear_one, c), c, let_go);
}

static void drop_sender(void *sender) {
  avow_sender_unref(sender);
}

/* Takes the sender. */
static avow_promise_t *send_two(avow_sender_t *sender) {
  avow_promise_t *ps[] = { avow_sender_send(sender, thing()),
                           avow_sender_send(sender, thing()) };
  return avow_attach(avow_all_settled(loop, ps, 2), sender, drop_sender);
}

static avow_promise_t *sent(void) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_sender_t *sender = avow_sender_new(c);
  avow_promise_t *ps[] = { send_two(avow_sender_ref(sender)),
                           send_two(avow_sender_ref(sender)), NULL };
  avow_sender_unref(sender);
  ps[2] = hear(c);
  return avow_all_settled(loop, ps, 3);
}

static void senders_survive(void **state) {
  survive(sent);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(senders_survive),
  };
  harness_init();
  return cmocka_run_group_tests(tests, start_pool_alone, NULL);
}

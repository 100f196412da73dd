/* SPDX-License-Identifier: MIT */
#include "pair.h"

papers_t authority, localhost;
avow_value_t ends[2], below[2], settings[2];

int make_all_papers(void **state) {
  authority = make_papers(&(wanted_t){ 0 });
  localhost =
      make_papers(&(wanted_t){ .name = "DNS:localhost", .signer = &authority });
  return 0;
}

int free_all_papers(void **state) {
  free_papers(&authority);
  free_papers(&localhost);
  return 0;
}

avow_value_t settings_of(const papers_t *own, const papers_t *trusted) {
  const avow_tls_options_t options = {
    .certificate = own != NULL ? own->certificate : NULL,
    .key = own != NULL ? own->key : NULL,
    .authorities = trusted != NULL ? trusted->certificate : NULL,
  };
  const avow_value_t v = avow_tls_settings(&options);
  if (avow_is_error(&v))
    fail_msg("no settings: %s", avow_error_message(&v));
  return v;
}

void drop(avow_value_t *v) {
  avow_value_clear(v);
}

int pair_setup(void **state) {
  if (harness_setup(state) != 0)
    return -1;
  settings[0] = settings_of(NULL, &authority);
  settings[1] = settings_of(&localhost, NULL);
  return 0;
}

int pair_teardown(void **state) {
  for (int i = 0; i < 2; i++) {
    drop(&ends[i]);
    drop(&below[i]);
    drop(&settings[i]);
  }
  return harness_teardown(state);
}

void open_below(size_t room, const avow_duplex_options_t *options) {
  const avow_value_t pair = avow_duplex(loop, room, options);
  assert_int_equal(pair.tag, AVOW_LIST);
  for (size_t i = 0; i < 2; i++)
    below[i] = avow_value_ref(avow_list_at(&pair, i));
  avow_value_unref(pair);
}

avow_promise_t *greet_client(void) {
  return avow_tls_client(&settings[0], avow_steal(&below[0]), "localhost");
}

avow_promise_t *greet_server(void) {
  return avow_tls_server(&settings[1], avow_steal(&below[1]));
}

static avow_value_t met(avow_promise_t *p) {
  const avow_value_t v = avow_run(p);
  if (v.tag != AVOW_OBJECT)
    fail_msg("no stream: %s", avow_error_message(&v));
  return v;
}

void greet_both(void) {
  avow_promise_t *p = greet_server();
  ends[0] = met(greet_client());
  ends[1] = met(p);
}

void speak(void) {
  open_below(100000, NULL);
  greet_both();
}

avow_stream_t client(void) {
  return avow_to_stream(&ends[0]);
}

avow_stream_t server(void) {
  return avow_to_stream(&ends[1]);
}

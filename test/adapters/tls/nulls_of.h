/* SPDX-License-Identifier: MIT */
/* Definitions for test/proof/nulls.c about avow-tls. */
#include "avow/tls.h"

static avow_value_t settings, transport;

static int set_up(void) {
  const avow_value_t pair = avow_duplex(loop, 100, NULL);
  settings = avow_tls_settings(NULL);
  if (avow_is_error(&pair) || avow_is_error(&settings))
    return -1;
  transport = avow_value_ref(avow_list_at(&pair, 0));
  avow_value_unref(pair);
  return 0;
}

static void tear_down(void) {
  avow_value_clear(&transport);
  avow_value_clear(&settings);
}

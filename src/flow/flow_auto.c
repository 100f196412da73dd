/* SPDX-License-Identifier: MIT */
/* What avow/auto.h has called for inlets and senders where a block ends. */
#include "avow/inlet.h"
#include "avow/sender.h"
#include "base/misuse.h"

void avow_inlet_clear(avow_inlet_t **inlet) {
  if (inlet == NULL) {
    avow__misuse_of_null("an inlet");
    return;
  }
  avow_inlet_t *old = *inlet;
  *inlet = NULL;
  avow_inlet_unref(old);
}

void avow_sender_clear(avow_sender_t **s) {
  if (s == NULL) {
    avow__misuse_of_null("a sender");
    return;
  }
  avow_sender_t *sender = *s;
  *s = NULL;
  avow_sender_unref(sender);
}

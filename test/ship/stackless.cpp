/* SPDX-License-Identifier: MIT */
/* Stackless async functions also compile as C++11. */
#include "avow/stackless.h"

struct greet_t {
  avow_frame_t frame;
  uv_loop_t *loop;
  int tries;
};

avow_value_t avow_greet(const avow_value_t *got, void *data);

avow_value_t avow_greet(const avow_value_t *got, void *data) {
  greet_t *me = static_cast<greet_t *>(data);
  AVOW_BEGIN(&me->frame);
  for (me->tries = 3; me->tries > 0; me->tries--) {
    AVOW_AWAIT(&me->frame, avow_promise_resolve(me->loop, avow_int(me->tries)));
    if (avow_is_error(got))
      return avow_value_ref(got);
  }
  AVOW_END;
}

/* SPDX-License-Identifier: MIT */
#include "awaiting.h"

#include <stdio.h>

void assert_cancel_reaches(avow_promise_t *p, avow_deferred_t *d) {
  avow_cancel(p);
  assert_notes("stop");
  avow_deferred_drop(d);

  assert_rejects(p, UV_ECANCELED);
  assert_notes("got=ECANCELED cleaned=none");
}

void assert_cancel_leaves(avow_promise_t *p, avow_promise_t *shared,
                          avow_deferred_t *d) {
  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_notes("got=ECANCELED cleaned=none");
  assert_int_equal(avow_state(shared), AVOW_PENDING);
  assert_true(avow_resolve(d, avow_int(2)));
  assert_fulfills_int(shared, 2);
}

void dump_loop(char *text, size_t size) {
  FILE *out = tmpfile();
  assert_non_null(out);
  avow_loop_dump(loop, out);
  rewind(out);
  const size_t len = fread(text, 1, size - 1, out);
  assert_true(len > 0);
  text[len] = '\0';
  assert_int_equal(fclose(out), 0);
}

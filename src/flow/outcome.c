/* SPDX-License-Identifier: MIT */
/* How one of several things ended, as a value. */
#include "flow/outcome.h"

#include "value/value.h"

static void outcome_destroy(void *self) {
  avow__value_unref(((avow_outcome_t *) self)->value);
}

static const avow_class_t outcome_class = { .name = "outcome",
                                            .destroy = outcome_destroy };

avow_value_t avow__outcome_new(size_t size, void **out) {
  const avow_value_t v = avow__object_inline(&outcome_class, size, out);
  if (!avow_is_error(&v))
    ((avow_outcome_t *) *out)->value = avow_none();
  return v;
}

void avow__outcome_set(avow_outcome_t *outcome, size_t index, avow_value_t v) {
  outcome->index = index;
  outcome->status = avow_is_error(&v) ? AVOW_REJECTED : AVOW_FULFILLED;
  outcome->value = v;
}

const avow_outcome_t *avow_to_outcome(const avow_value_t *v) {
  return avow_to_object(v, &outcome_class);
}

/* SPDX-License-Identifier: MIT */
/* Outcome of one input of several, as a value. */
#include "flow/outcome.h"

#include "engine/combine.h"

static void outcome_destroy(void *self) {
  avow__value_unref(((avow__outcome_t *) self)->value);
}

static const avow_class_t outcome_class = { .name = "outcome",
                                            .destroy = outcome_destroy };

avow_value_t avow__outcome_new(size_t size, void **out) {
  const avow_value_t v = avow__object_inline(&outcome_class, size, out);
  if (!avow_is_error(&v))
    ((avow__outcome_t *) *out)->value = avow_none();
  return v;
}

void avow__outcome_set(avow__outcome_t *outcome, size_t index, avow_value_t v) {
  outcome->value = v;
  outcome->outcome = avow__outcome_of(&outcome->value, index);
}

const avow_outcome_t *avow_to_outcome(const avow_value_t *v) {
  return avow__to_object(v, &outcome_class);
}

/* SPDX-License-Identifier: MIT */
/*
 * The table of kinds. This file has the rows of chain.c and cancel.c, which
 * each program contains. Every other file sets the rows of its own kinds, so
 * that a static program contains only the files that it uses.
 */
#include "engine/cancel.h"
#include "engine/chain.h"
#include "engine/kind.h"

avow__kind_row_t avow__kinds[AVOW__KINDS] = {
  [AVOW__FREE] = { .name = "free" },
  [AVOW__VALUE] = { .name = "value" },
  [AVOW__DEFERRED] = { .name = "deferred",
                       .is_root = true,
                       .cancel_from = avow__cancel_deferred },
  [AVOW__CLOSE] = { .name = "close", .cancel_from = avow__cancel_running },
  [AVOW__THEN] = { .name = "then",
                   .cancel_from = avow__cancel_reaction,
                   .detached = avow__detached },
  [AVOW__RUNNING] = { .name = "running", .cancel_from = avow__cancel_running },
  [AVOW__FOLLOW] = { .name = "follow",
                     .run = avow__follow_run,
                     .cancel_from = avow__cancel_reaction,
                     .detached = avow__detached },
  [AVOW__ADOPT] = { .name = "follow",
                    .run = avow__adopt_run,
                    .cancel_from = avow__cancel_reaction,
                    .detached = avow__detached },
  [AVOW__THENABLE] = { .name = "thenable",
                       .run = avow__thenable_run,
                       .cancel_from = avow__cancel_queued },
  [AVOW__PAIRED] = { .name = "thenable",
                     .is_root = true,
                     .cancel_from = avow__cancel_pair },
  [AVOW__ASYNC] = { .name = "async",
                    .cancel_from = avow__cancel_reaction,
                    .detached = avow__detached_runs },
  [AVOW__UNWANTED] = { .name = "cancel" },
};

const char *avow__gather_name(unsigned kind) {
  static const char *const names[] = { "all", "all_settled", "race", "any",
                                       "outcomes" };
  return names[kind];
}

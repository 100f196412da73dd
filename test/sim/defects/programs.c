/* SPDX-License-Identifier: MIT */
#include "programs.h"

#include <stddef.h>

const program_t *const programs[] = {
  &lost_item,   &settled_twice, &half_done,   &stale_check,  &short_read,
  &paid_twice,  &leaked_permit, &deaf_server, &half_written, &kept_failure,
  &left_locked, &leaked_value,  NULL,
};

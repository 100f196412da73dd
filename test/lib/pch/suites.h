/* SPDX-License-Identifier: MIT */
/* Precompiled header for the suites. Each file still includes what it uses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "avow/all.h"

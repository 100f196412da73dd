/* SPDX-License-Identifier: MIT */
/* Precompiled for the suites. Each file includes what it uses all the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "avow/all.h"

/* SPDX-License-Identifier: MIT */
/* Precompiled for the suites. Each file includes what it uses all the same. */
#include "harness.h"

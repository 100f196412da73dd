/* SPDX-License-Identifier: MIT */
/*
 * test_stack.c on a system that can only protect guards, and may refuse that.
 */
#define REFUSING 1
#include "test_stack.c"

/* SPDX-License-Identifier: MIT */
/*
 * The version, in one place: Meson reads it from here. docs/interface.md says
 * what stays from one to the next.
 */
#ifndef AVOW_VERSION_H
#define AVOW_VERSION_H

/** The first number of the version that a program is compiled with, */
#define AVOW_VERSION_MAJOR 0

/** the second of it, */
#define AVOW_VERSION_MINOR 1

/** and the third. */
#define AVOW_VERSION_PATCH 0

/** All three, as avow_version_string() has them of the library. */
#define AVOW_VERSION "0.1.0"

#include "avow/config.h"

AVOW_HEADER_BEGIN

/**
 * The version of the library that the program runs with: the three numbers, a
 * byte each, the first highest (as uv_version()).
 */
AVOW_API unsigned avow_version(void);

/** The same as a string, "0.1.0". */
AVOW_API const char *avow_version_string(void);

AVOW_HEADER_END

#endif

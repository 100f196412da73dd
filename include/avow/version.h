/*
 * The version, in one place: Meson reads it from here. docs/interface.md says
 * what stays from one to the next.
 */
#ifndef AVOW_VERSION_H
#define AVOW_VERSION_H

#define AVOW_VERSION_MAJOR 0
#define AVOW_VERSION_MINOR 1
#define AVOW_VERSION_PATCH 0
#define AVOW_VERSION       "0.1.0"

#include "avow/config.h"

AVOW_HEADER_BEGIN

/**
 * The version of the library that the program runs with: the three numbers, a
 * byte each, the first highest (as uv_version()).
 */
AVOW_API unsigned avow_version(void);

/** "0.1.0", likewise. */
AVOW_API const char *avow_version_string(void);

AVOW_HEADER_END

#endif

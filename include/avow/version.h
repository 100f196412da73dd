/* The version, in one place: Meson reads it from here. */
#ifndef AVOW_VERSION_H
#define AVOW_VERSION_H

#define AVOW_VERSION_MAJOR 0
#define AVOW_VERSION_MINOR 1
#define AVOW_VERSION_PATCH 0
#define AVOW_VERSION       "0.1.0"

#endif

/* SPDX-License-Identifier: MIT */
/* Connecting to Unix domain sockets and Windows pipes. */
#ifndef AVOW_CONNECT_PIPE_H
#define AVOW_CONNECT_PIPE_H

#include <stddef.h>

/* Checks the length of a name for a Unix domain socket or a Windows pipe, which
   must not be truncated. Returns UV_EINVAL, UV_ENAMETOOLONG or 0. */
int avow__pipe_check_name(size_t len);

#endif

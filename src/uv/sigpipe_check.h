/* SPDX-License-Identifier: MIT */
/* Whether a peer that hangs up ends the program. */
#ifndef AVOW_SIGPIPE_CHECK_H
#define AVOW_SIGPIPE_CHECK_H

#include <uv.h>

#include "base/misuse.h"

/* To be called before a write to a stream. Debug builds look at the first in
   the life of the process, and say what to do if SIGPIPE would end that. */
#if AVOW__DEBUG && !defined(_WIN32)
void avow__look_at_sigpipe(const uv_stream_t *stream);
#else
#  define avow__look_at_sigpipe(stream) ((void) (stream))
#endif

#endif

/* SPDX-License-Identifier: MIT */
/* Whether a peer that hangs up would end the program. */
#ifndef AVOW_SIGPIPE_CHECK_H
#define AVOW_SIGPIPE_CHECK_H

#include <uv.h>

#include "base/misuse.h"

/* Must be called before a write to a stream. Checked builds test the first
   write of the process, and give advice if SIGPIPE would end it. */
#if AVOW__DEBUG && !defined(_WIN32)
void avow__look_at_sigpipe(const uv_stream_t *stream);
#else
#  define avow__look_at_sigpipe(stream) ((void) (stream))
#endif

#endif

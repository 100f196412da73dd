/* SPDX-License-Identifier: MIT */
/*
 * The files in which the simulator meets avow. The simulator contains avow's
 * objects unchanged, except the files below. A commit that renames a function
 * in one of them must rename it in the simulator, too.
 *
 *   base/alloc.c         compiled anew: memory.c counts what it allocates
 *   base/misuse.c        compiled anew, without printing: misuse.c reports
 *   stream/hangup.c      replaced by hangup.c
 *   uv/cached_file.c     replaced by cached_file.c
 *   uv/eof_error.c       replaced by eof_error.c
 *   uv/try_read.c        compiled anew, without system calls
 *   uv/sigpipe_check.c   compiled anew, without system calls
 *   uv/page_cache.c      left out, because only uv/cached_file.c uses it
 *   uv/tcp_move.c        replaced by tcp_move.c
 *
 * The folders' meson.build files list further ones in past_libuv. There,
 * X_by_path.c replaces X_posix.c. Some files are compiled anew with
 * AVOW_BY_PATHS, so that they call only libuv.
 */
#ifndef AVOW_SIM_SEAM_H
#define AVOW_SIM_SEAM_H

#include "avow/pump.h"
#include "base/misuse.h"
#include "uv/cached_file.h"
#include "uv/eof_error.h"
#include "uv/tcp_move.h"

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Where the simulator meets avow. It contains avow's objects as they are, but
 * for these files. A function that is renamed in one of them is renamed in the
 * simulator by the same commit.
 *
 *   base/alloc.c         compiled anew: memory.c counts what it allocates
 *   base/misuse.c        compiled anew, without printing: misuse.c reports
 *   stream/hangup.c      replaced by hangup.c
 *   uv/eof_error.c       replaced by eof_error.c
 *   uv/try_read.c        compiled anew, without system calls
 *   uv/sigpipe_check.c   compiled anew, without system calls
 *   uv/tcp_move.c        replaced by tcp_move.c
 *
 * The folders' meson.build lists name the others in past_libuv: X_posix.c,
 * which X_by_path.c replaces, and files that are compiled anew with
 * AVOW_BY_PATHS, so that they use libuv's calls only.
 */
#ifndef AVOW_SIM_SEAM_H
#define AVOW_SIM_SEAM_H

#include "avow/pump.h"
#include "base/misuse.h"
#include "uv/eof_error.h"
#include "uv/tcp_move.h"

#endif

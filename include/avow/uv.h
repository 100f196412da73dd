/* SPDX-License-Identifier: MIT */
/* libuv, and what it needs of the compiler: POSIX, which strict standards hide
   in the C library of GNU. */
#ifndef AVOW_UV_H
#define AVOW_UV_H

#ifdef __linux__
#  include <pthread.h>
#  if defined(__GLIBC__) && !defined(PTHREAD_RWLOCK_INITIALIZER)
#    error "uv.h needs POSIX: pass -std=gnu11, or -D_POSIX_C_SOURCE=200809L"
#  endif
#endif
#include <uv.h>

#endif

/* SPDX-License-Identifier: MIT */
/* WATCHED is 1 if a tool watches each memory access. Programs are then slower,
   and stack frames are larger. For valgrind, build with -DWATCHED=1. */
#ifndef WATCHED_H
#define WATCHED_H

#ifndef WATCHED
#  if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#    define WATCHED 1
#  elif defined(__has_feature)
#    if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#      define WATCHED 1
#    endif
#  endif
#endif
#ifndef WATCHED
#  define WATCHED 0
#endif

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Text for places in a program. dladdr() knows no static functions, so the text
 * has a command that prints the function, the file and the line.
 */
/* NOLINTNEXTLINE(readability-identifier-naming): the system's name */
#define _GNU_SOURCE 1 /* for dladdr() */
#include "base/symbol.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/backtrace.h"

#if AVOW__DEBUG || defined(AVOW_TRACE)

enum { TEXT = 512 };

#  if AVOW__DEBUG
_Thread_local const void *avow__site;

const char *avow__text_of_place(char out[AVOW__PLACE_TEXT], const char *before,
                                const void *place, const char *after) {
  const char *text = avow__symbol_text(place);
  out[0] = '\0';
  if (text != NULL)
    (void) snprintf(out, AVOW__PLACE_TEXT, "%s%s%s", before, text, after);
  return out;
}

const void *avow__release_site(void) {
#    ifdef AVOW_BACKTRACE
  return avow__program_caller();
#    else
  return avow__site;
#    endif
}
#  endif

#  ifdef AVOW_DLADDR
#    include <dlfcn.h>
#    ifdef __ELF__
#      include <link.h>
#    endif

/* addr2line counts from where the file was loaded, unless the linker has given
   the file its addresses. */
static uintptr_t base_of(const Dl_info *info) {
#    ifdef __ELF__
  const ElfW(Ehdr) *header = info->dli_fbase;
  if (header->e_type == ET_EXEC)
    return 0;
#    endif
  return (uintptr_t) info->dli_fbase;
}

static void print_found(char *text, const Dl_info *info, uintptr_t at) {
  const bool named = info->dli_sname != NULL;
  const int len = named ? snprintf(text, TEXT, "%.200s+0x%zx", info->dli_sname,
                                   (size_t) (at - (uintptr_t) info->dli_saddr))
                        : snprintf(text, TEXT, "??");
  (void) snprintf(text + len, TEXT - (size_t) len, " (addr2line -fpe %s 0x%zx)",
                  info->dli_fname,
                  (size_t) (at - base_of(info))); /* may be truncated */
}
#  endif

const char *avow__symbol_text(const void *place) {
  static _Thread_local char text[TEXT];
  if (place == NULL)
    return NULL;
#  ifdef AVOW_DLADDR
  Dl_info info;
  if (dladdr(place, &info) != 0) {
    print_found(text, &info, (uintptr_t) place);
    return text;
  }
#  endif
  (void) snprintf(text, TEXT, "0x%zx", (size_t) (uintptr_t) place);
  return text;
}

#endif

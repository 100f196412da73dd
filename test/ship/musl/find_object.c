/* SPDX-License-Identifier: MIT */
/*
 * For ../musl.sh: a function that finds the tables for unwinding a stack.
 * Debian's libgcc calls it in glibc. musl lacks it, because Alpine's libgcc is
 * built for musl.
 */
#define _GNU_SOURCE /* dl_iterate_phdr() */

#include <link.h>
#include <stddef.h>
#include <stdint.h>

/* As in glibc's <dlfcn.h>. */
struct dl_find_object {
  unsigned long long flags;
  void *start, *end;
  struct link_map *map;
  void *eh_frame;
  unsigned long long reserved[7];
};

typedef struct {
  uintptr_t pc;
  struct dl_find_object *out;
} search_t;

static int look_at(struct dl_phdr_info *info, size_t size, void *data) {
  const search_t *search = data;
  const ElfW(Phdr) *code = NULL, *tables = NULL;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &info->dlpi_phdr[i];
    if (part->p_type == PT_GNU_EH_FRAME)
      tables = part;
    else if (part->p_type == PT_LOAD &&
             search->pc - info->dlpi_addr - part->p_vaddr < part->p_memsz)
      code = part;
  }
  if (code == NULL || tables == NULL)
    return 0;
  const uintptr_t start = info->dlpi_addr + code->p_vaddr;
  *search->out = (struct dl_find_object){
    .start = (void *) start,
    .end = (void *) (start + code->p_memsz),
    .eh_frame = (void *) (info->dlpi_addr + tables->p_vaddr),
  };
  return 1;
}

__attribute__((visibility("hidden"))) int _dl_find_object(
    void *pc, struct dl_find_object *out);

/* Returns 0, or -1 if the object is unknown. */
int _dl_find_object(void *pc, struct dl_find_object *out) {
  search_t search = { .pc = (uintptr_t) pc, .out = out };
  return dl_iterate_phdr(look_at, &search) == 1 ? 0 : -1;
}

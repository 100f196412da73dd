/* SPDX-License-Identifier: MIT */
/*
 * Linux calls on files that do not wait for a disk or for another process. They
 * return UV_EAGAIN if they would have to wait, or another code if they cannot
 * be made. Other systems have none: all calls return UV_ENOTSUP.
 */
#ifndef AVOW_PAGE_CACHE_H
#define AVOW_PAGE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/* The result of statx() for a file. No server is asked. */
typedef struct {
  uint64_t mount; /* not used again for another mount since Linux 6.8 */
  uint64_t device, inode, size;
  bool is_file; /* a regular one */
} avow__cached_t;

/* Whether the system has these calls and allows them. Tries them once for each
   process. */
bool avow__page_cache_is_there(void);

/* Finds a file by its name, and returns a descriptor that only identifies it:
   the file is not opened, so a device or a FIFO does nothing. `follows` is
   false for a symbolic link itself. */
int avow__page_cache_find(const char *path, bool follows);

int avow__page_cache_stat(uv_file file, avow__cached_t *out);

/* Returns another descriptor that only identifies a file, for an open one. */
int avow__page_cache_identify(uv_file file);

/* Opens a file that was found, for reading. */
int avow__page_cache_open(uv_file found);

/* Reads at an offset. Fewer bytes than `len` do not show the end. */
int avow__page_cache_read(uv_file file, char *data, size_t len,
                          uint64_t offset);

void avow__page_cache_close(uv_file file);

/* Whether the file is on a file system that keeps names and attributes in
   memory, and needs no other process. This may wait for a server. */
bool avow__is_on_disk(uv_file file);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Files in the page cache: calls on the loop's thread that do not wait for a
 * disk. A negative result means that the thread pool must do the work, and find
 * out about errors.
 */
#ifndef AVOW_CACHED_FILE_H
#define AVOW_CACHED_FILE_H

#include "engine/context.h"

/* The largest number of bytes that an attempt reads, because copying more takes
   longer than asking the pool. */
enum { AVOW__CACHED_MOST = 65536 };

/* Whether there are such calls. */
bool avow__cached_is_there(void);

/* Opens a file of at most AVOW__CACHED_MOST bytes for reading, and returns its
   descriptor and its size. */
int avow__cached_open(avow__context_t *c, const char *path, uint64_t *size);

void avow__cached_close(uv_file file);

/* Reads `len` bytes, or all bytes to the end if they are fewer. */
int avow__cached_read(uv_file file, char *data, size_t len, uint64_t offset);

/* Fill in req->statbuf for the file with that name, for the symbolic link
   itself unless `follows`, or for an open file. */
int avow__cached_stat(avow__context_t *c, const char *path, bool follows,
                      uv_fs_t *req);
int avow__cached_fstat(avow__context_t *c, uv_file file, uv_fs_t *req);

#endif

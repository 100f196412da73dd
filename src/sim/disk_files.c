/* SPDX-License-Identifier: MIT */
/* Open files by number. As on any system, a new file gets the lowest free
   number. A program that uses a closed number therefore reaches another
   file. */
#include "sim/disk_files.h"

#include <string.h>

#include "sim/disk_names.h"
#include "sim/fs_journal.h"
#include "sim/world.h"

enum { PIECE = 8192 };

static void make_opens(sim_disk_t *disk) {
  if (disk->lowest < disk->open_room)
    return;
  const size_t room = disk->open_room > 0 ? 2 * disk->open_room : 16;
  sim_open_t *opens = sim_alloc(room * sizeof(*opens));
  if (disk->open_room > 0)
    memcpy(opens, disk->opens, disk->open_room * sizeof(*opens));
  sim_free(disk->opens);
  disk->opens = opens;
  disk->open_room = room;
}

static uv_file number_of(sim_inode_t *inode, int flags) {
  sim_disk_t *disk = sim_disk();
  make_opens(disk);
  const size_t i = disk->lowest;
  disk->opens[i] =
      (sim_open_t){ .inode = sim_inode_ref(inode), .flags = flags };
  while (disk->lowest < disk->open_room &&
         disk->opens[disk->lowest].inode != NULL)
    disk->lowest++;
  return SIM_FIRST_FILE + (uv_file) i;
}

sim_open_t *sim_disk_file(uv_file file) {
  sim_disk_t *disk = sim_disk();
  const size_t i = (size_t) (file - SIM_FIRST_FILE);
  return file >= SIM_FIRST_FILE && i < disk->open_room &&
                 disk->opens[i].inode != NULL
             ? &disk->opens[i]
             : NULL;
}

static void resize(sim_inode_t *inode, size_t len) {
  const size_t used = inode->content.used;
  sim_content_resize(&inode->content, len);
  sim_disk()->used -= used - inode->content.used;
  sim_inode_touch(inode);
}

int sim_disk_open(const char *path, int flags, int mode) {
  sim_inode_t *inode;
  if (sim_disk()->lowest >= SIM_MOST_FILES)
    return UV_EMFILE;
  const int found = sim_disk_find(path, flags, mode, &inode);
  if (found < 0)
    return found;
  if ((flags & UV_FS_O_TRUNC) != 0 && found == 0)
    resize(inode, 0);
  return number_of(inode, flags);
}

int sim_disk_close(uv_file file) {
  sim_open_t *open = sim_disk_file(file);
  if (open == NULL)
    return UV_EBADF;
  sim_inode_t *inode = open->inode;
  open->inode = NULL;
  const size_t i = (size_t) (file - SIM_FIRST_FILE);
  if (i < sim_disk()->lowest)
    sim_disk()->lowest = i;
  sim_inode_unref(inode);
  return 0;
}

static bool can_read(const sim_open_t *open) {
  return (open->flags & 3) != UV_FS_O_WRONLY;
}

static bool can_write(const sim_open_t *open) {
  return (open->flags & 3) != UV_FS_O_RDONLY;
}

ssize_t sim_disk_read(uv_file file, const uv_buf_t *bufs, size_t n,
                      int64_t offset) {
  sim_open_t *open = sim_disk_file(file);
  if (open == NULL || !can_read(open))
    return UV_EBADF;
  if (sim_inode_is(open->inode, SIM_DIR))
    return UV_EISDIR;
  const uint64_t start = offset < 0 ? open->offset : (uint64_t) offset;
  const size_t at = start < SIM_LONGEST ? (size_t) start : SIM_LONGEST;
  size_t done = 0;
  for (size_t i = 0; i < n; i++)
    done += sim_content_read(&open->inode->content, at + done, bufs[i].base,
                             bufs[i].len);
  if (offset < 0)
    open->offset += done;
  return (ssize_t) done;
}

/* Writes as much as fits in the file and on the disk. */
static ssize_t put(sim_inode_t *inode, uint64_t offset, const char *data,
                   size_t len) {
  sim_disk_t *disk = sim_disk();
  sim_content_t *content = &inode->content;
  if (len == 0)
    return 0;
  if (offset >= SIM_LONGEST)
    return UV_EFBIG;
  const size_t at = (size_t) offset;
  size_t fits = len < SIM_LONGEST - at ? len : SIM_LONGEST - at;
  while (disk->used + sim_content_cost(content, at, fits) > SIM_BLOCKS) {
    const size_t over = (at + fits - 1) % SIM_BLOCK + 1;
    if (over >= fits)
      return UV_ENOSPC;
    fits -= over;
  }
  const size_t used = content->used;
  sim_content_write(content, at, data, fits);
  disk->used += content->used - used;
  sim_inode_touch(inode);
  return (ssize_t) fits;
}

static ssize_t put_all(sim_inode_t *inode, uint64_t start, const uv_buf_t *bufs,
                       size_t n) {
  ssize_t done = 0;
  for (size_t i = 0; i < n; i++) {
    const ssize_t len =
        put(inode, start + (uint64_t) done, bufs[i].base, bufs[i].len);
    if (len < 0)
      return done > 0 ? done : len;
    done += len;
    if ((size_t) len < bufs[i].len)
      break;
  }
  return done;
}

ssize_t sim_disk_write(uv_file file, const uv_buf_t *bufs, size_t n,
                       int64_t offset) {
  sim_open_t *open = sim_disk_file(file);
  if (open == NULL || !can_write(open))
    return UV_EBADF;
  uint64_t start = offset < 0 ? open->offset : (uint64_t) offset;
  if ((open->flags & UV_FS_O_APPEND) != 0)
    start = open->inode->content.len;
  const ssize_t done = put_all(open->inode, start, bufs, n);
  if (offset < 0 && done > 0)
    open->offset = start + (uint64_t) done;
  return done;
}

static ssize_t send_piece(uv_file to, uv_file from, int64_t offset,
                          size_t len) {
  char piece[PIECE];
  uv_buf_t buf = uv_buf_init(piece, len < PIECE ? (unsigned) len : PIECE);
  const ssize_t n = sim_disk_read(from, &buf, 1, offset);
  if (n <= 0)
    return n;
  buf.len = (size_t) n;
  return sim_disk_write(to, &buf, 1, -1);
}

/* The number of bytes to send, at most up to the current end of the source. If
   a file is sent into itself and the ranges overlap, libuv continues piece by
   piece. Bytes that it has just written then count as well. */
static size_t sendable(const sim_open_t *to, const sim_open_t *from,
                       uint64_t offset, size_t len) {
  const uint64_t end = from->inode->content.len;
  const uint64_t left = offset < end ? end - offset : 0;
  const size_t n = len < left ? len : (size_t) left;
  const bool meets = to->inode == from->inode && to->offset + n > offset &&
                     to->offset < offset + n;
  return meets ? len : n;
}

ssize_t sim_disk_send(uv_file to, uv_file from, int64_t offset, size_t len) {
  const sim_open_t *target = sim_disk_file(to);
  const sim_open_t *source = sim_disk_file(from);
  if (target == NULL || source == NULL)
    return UV_EBADF;
  if (sim_inode_is(source->inode, SIM_DIR) ||
      sim_inode_is(target->inode, SIM_DIR))
    return UV_EISDIR;
  if (!can_write(target) || !can_read(source) ||
      (target->flags & UV_FS_O_APPEND) != 0)
    return UV_EBADF;
  if (offset < 0)
    return UV_EINVAL;
  ssize_t done = 0;
  len = sendable(target, source, (uint64_t) offset, len);
  while ((size_t) done < len) {
    const ssize_t n = send_piece(to, from, offset + done, len - (size_t) done);
    if (n <= 0)
      return done > 0 ? done : n;
    done += n;
  }
  return done;
}

int sim_disk_truncate(uv_file file, int64_t len) {
  sim_open_t *open = sim_disk_file(file);
  if (len < 0)
    return UV_EINVAL;
  if (open == NULL)
    return UV_EBADF;
  if (!can_write(open))
    return UV_EINVAL;
  if ((uint64_t) len > SIM_LONGEST)
    return UV_EFBIG;
  resize(open->inode, (size_t) len);
  return 0;
}

int sim_disk_sync(uv_file file) {
  const sim_open_t *open = sim_disk_file(file);
  if (open == NULL)
    return UV_EBADF;
  if (sim_inode_is(open->inode, SIM_DIR))
    sim_journal_sync(open->inode);
  else
    sim_content_sync(&open->inode->content);
  return 0;
}

int sim_disk_lose(uv_file file) {
  const sim_open_t *open = sim_disk_file(file);
  if (open == NULL)
    return UV_EBADF;
  sim_content_lose(&open->inode->content);
  return UV_EIO;
}

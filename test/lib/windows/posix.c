/* SPDX-License-Identifier: MIT */
#include "posix.h"

#include <stdio.h>
#include <string.h>

static int done(uv_fs_t *req, int err) {
  uv_fs_req_cleanup(req);
  return err < 0 ? -1 : 0;
}

int posix_mkdir(const char *path) {
  uv_fs_t req;
  return done(&req, uv_fs_mkdir(NULL, &req, path, 0755, NULL));
}

int symlink(const char *target, const char *path) {
  uv_fs_t req;
  return done(&req, uv_fs_symlink(NULL, &req, target, path, 0, NULL));
}

int setenv(const char *name, const char *value, int overwrite) {
  return uv_os_setenv(name, value) < 0 ? -1 : 0;
}

char *mkdtemp(char *template) {
  uv_fs_t req;
  const int err = uv_fs_mkdtemp(NULL, &req, template, NULL);
  if (err == 0)
    memcpy(template, req.path, strlen(template));
  return done(&req, err) == 0 ? template : NULL;
}

int posix_remove(const char *path) {
  uv_fs_t req;
  if (done(&req, uv_fs_unlink(NULL, &req, path, NULL)) == 0)
    return 0;
  return done(&req, uv_fs_rmdir(NULL, &req, path, NULL));
}

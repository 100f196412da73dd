/* SPDX-License-Identifier: MIT */
/* Directories, machine and user of the process. They are the same
   everywhere. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/disk_stat.h"
#include "sim/event_log.h"
#include "sim/world.h"

SIM_ANCHOR(dirs)

static int give(const char *path, char *out, size_t *size) {
  const size_t len = strlen(path);
  if (out == NULL || size == NULL || *size == 0)
    return UV_EINVAL;
  if (len >= *size) {
    *size = len + 1;
    return UV_ENOBUFS;
  }
  memcpy(out, path, len + 1);
  *size = len;
  return 0;
}

int uv_cwd(char *out, size_t *size) {
  char *path = sim_disk_path_of(sim_disk()->here);
  if (path == NULL)
    return UV_ENOENT;
  const int err = give(path, out, size);
  sim_free(path);
  return err;
}

int uv_chdir(const char *path) {
  return sim_disk_chdir(path);
}

int uv_os_tmpdir(char *out, size_t *size) {
  return give("/tmp", out, size);
}

int uv_os_homedir(char *out, size_t *size) {
  return give("/home", out, size);
}

int uv_os_gethostname(char *out, size_t *size) {
  return give("simulated", out, size);
}

int uv_os_uname(uv_utsname_t *out) {
  if (out == NULL)
    return UV_EINVAL;
  (void) snprintf(out->sysname, sizeof(out->sysname), "Simulated");
  (void) snprintf(out->release, sizeof(out->release), "1");
  (void) snprintf(out->version, sizeof(out->version), "1");
  (void) snprintf(out->machine, sizeof(out->machine), "none");
  return 0;
}

/* The user. */

enum { USER = 1000 };

/* All strings are in one block, as in libuv. The program frees it. */
static const char texts[] = "sim\0/bin/sh\0/home";

int uv_os_get_passwd(uv_passwd_t *out) {
  if (out == NULL)
    return UV_EINVAL;
  char *block = sim_alloc(sizeof(texts));
  memcpy(block, texts, sizeof(texts));
  memset(out, 0, sizeof(*out));
  out->username = block;
  out->shell = block + strlen(block) + 1;
  out->homedir = out->shell + strlen(out->shell) + 1;
  out->uid = out->gid = USER;
  return 0;
}

void uv_os_free_passwd(uv_passwd_t *passwd) {
  if (passwd == NULL)
    return;
  sim_free(passwd->username);
  passwd->username = passwd->shell = passwd->homedir = NULL;
}

#if UV_VERSION_HEX >= 0x012d00
int uv_os_get_passwd2(uv_passwd_t *out, uv_uid_t uid) {
  return uid == USER ? uv_os_get_passwd(out) : UV_ENOENT;
}
#endif

int uv_os_getpriority(uv_pid_t pid, int *priority) {
  if (priority == NULL)
    return UV_EINVAL;
  if (pid != 0 && pid != uv_os_getpid())
    return UV_ESRCH;
  *priority = 0;
  return 0;
}

/* The environment belongs to the real process. A change in one run would affect
   the next. */

int uv_os_setenv(const char *name, const char *value) {
  if (name == NULL || value == NULL)
    return UV_EINVAL;
  if (sim_is_on())
    return sim_refuse("uv_os_setenv");
  return setenv(name, value, 1) == 0 ? 0 : UV_ENOMEM;
}

int uv_os_unsetenv(const char *name) {
  if (name == NULL)
    return UV_EINVAL;
  if (sim_is_on())
    return sim_refuse("uv_os_unsetenv");
  return unsetenv(name) == 0 ? 0 : UV_EINVAL;
}

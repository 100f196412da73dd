/* SPDX-License-Identifier: MIT */
/* The parts that all file requests share: the beginning, the pool and the
   end. */
#include "sim/uv_fs_req.h"

#include <string.h>

#include "base/container.h"
#include "sim/fs_dirs.h"
#include "sim/fs_verbs.h"
#include "sim/thread_pool.h"

SIM_ANCHOR(fs_req)

typedef struct {
  sim_job_t job;
  uv_fs_t *req;
} call_t;

void sim_fs_begin(uv_loop_t *loop, uv_fs_t *req, uv_fs_type type, uv_fs_cb cb) {
  req->type = UV_FS;
  req->reserved[0] = NULL; /* used by the pool */
  req->fs_type = type;
  req->result = 0;
  req->ptr = NULL;
  req->loop = loop;
  req->path = NULL;
  req->new_path = NULL;
  req->bufs = NULL;
  req->nbufs = 0;
  req->cb = cb;
}

/* Requests that write into their path always have a copy of their own. */
static bool owns_path(const uv_fs_t *req) {
  return req->cb != NULL || req->fs_type == UV_FS_MKDTEMP ||
         req->fs_type == UV_FS_MKSTEMP;
}

static void copy_paths(uv_fs_t *req, const char *path, const char *new_path) {
  const size_t size = strlen(path) + 1;
  const size_t new_size = strlen(new_path) + 1;
  char *both = sim_alloc(size + new_size);
  memcpy(both, path, size);
  memcpy(both + size, new_path, new_size);
  req->path = both;
  req->new_path = both + size;
}

void sim_fs_begin_on(uv_loop_t *loop, uv_fs_t *req, uv_fs_type type,
                     const char *path, const char *new_path, uv_fs_cb cb) {
  sim_fs_begin(loop, req, type, cb);
  if (owns_path(req)) {
    copy_paths(req, path, new_path != NULL ? new_path : "");
  } else {
    req->path = path;
    req->new_path = new_path;
  }
}

static void call_work(sim_job_t *job) {
  uv_fs_t *req = AVOW__CONTAINER(call_t, job, job)->req;
  req->result = sim_fs_run(req);
}

static void call_done(sim_job_t *job, int status) {
  call_t *call = AVOW__CONTAINER(call_t, job, job);
  uv_fs_t *req = call->req;
  sim_free(call);
  if (status < 0)
    req->result = status;
  req->cb(req);
}

static void send_to_pool(uv_fs_t *req) {
  call_t *call = sim_alloc(sizeof(*call));
  call->req = req;
  call->job.loop = req->loop;
  call->job.request = (uv_req_t *) req;
  call->job.what = sim_fs_what(req);
  call->job.work = call_work;
  call->job.done = call_done;
  sim_job_start(&call->job);
}

int sim_fs_go(uv_fs_t *req) {
  if (req->cb == NULL) {
    req->result = sim_fs_run(req);
    return (int) req->result;
  }
  send_to_pool(req);
  return 0;
}

static void drop_path(uv_fs_t *req) {
  const union {
    const char *lent;
    char *owned;
  } path = { req->path };
  if (owns_path(req))
    sim_free(path.owned);
  req->path = NULL;
  req->new_path = NULL;
}

void uv_fs_req_cleanup(uv_fs_t *req) {
  if (req == NULL)
    return;
  drop_path(req);
  if (req->bufs != req->bufsml)
    sim_free(req->bufs);
  req->bufs = NULL;
  sim_fs_drop_names(req);
  if (req->fs_type != UV_FS_OPENDIR && req->ptr != &req->statbuf)
    sim_free(req->ptr);
  req->ptr = NULL;
}

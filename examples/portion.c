/*
 * Threads of the pool send as much as the stream takes, and while it takes no
 * more nobody waits there but its loop. They have a descriptor of their own,
 * which stays open until they have ended, whatever becomes of the stream, and
 * which can be polled beside that. (uv_fs_sendfile() would wait on its thread.)
 */
#include "portion.h"

#include <avow/auto.h>
#include <errno.h>
#include <unistd.h>
#ifdef __linux__
#  include <sys/sendfile.h>
#endif

enum { TURN = 4 * 1024 * 1024, STALLED = 30 * 1000 };

typedef struct {
  int to;
  int file;
  off_t offset;
  off_t end;
} portion_t;

/* Like write(), and moves the offset on. */
static ssize_t send_some(portion_t *portion, size_t len) {
#ifdef __linux__
  return sendfile(portion->to, portion->file, &portion->offset, len);
#else
  char data[64 * 1024];
  len = len < sizeof(data) ? len : sizeof(data);
  ssize_t n = pread(portion->file, data, len, portion->offset);
  if (n > 0)
    n = write(portion->to, data, (size_t) n);
  portion->offset += n > 0 ? n : 0;
  return n;
#endif
}

/* INT: how much is left, when the stream takes no more for now, or others
   should have their turn. */
static avow_value_t send_what_fits(void *data) {
  portion_t *portion = data;
  const off_t last = portion->end - portion->offset > TURN
                         ? portion->offset + TURN
                         : portion->end;
  while (portion->offset < last) {
    const ssize_t n = send_some(portion, (size_t) (last - portion->offset));
    if (n < 0 && errno == EAGAIN)
      break;
    if (n <= 0 && errno != EINTR) /* 0: the file has become shorter */
      return avow_error(n < 0 ? uv_translate_sys_error(errno) : UV_EOF);
  }
  return avow_int(portion->end - portion->offset);
}

/* NONE, or an error. */
static avow_value_t send_all(uv_loop_t *loop, portion_t *portion) {
  AVOW_AUTO_CHANNEL polls = NULL;
  for (;;) {
    int64_t left;
    AVOW_TRY(
        avow_await_int(avow_work(loop, send_what_fits, portion, NULL), &left));
    if (left == 0)
      return avow_none();
    if (polls == NULL)
      polls = avow_polls(loop, portion->to, UV_WRITABLE);
    AVOW_TRY(avow_await_done(avow_timeout(avow_channel_next(polls), STALLED)));
  }
}

bool portion_send(uv_stream_t *stream, uv_file file, int64_t offset,
                  int64_t len) {
  uv_os_fd_t fd;
  if (uv_fileno((const uv_handle_t *) stream, &fd) != 0)
    return false;
  portion_t portion = { .to = dup(fd),
                        .file = file,
                        .offset = offset,
                        .end = offset + len };
  if (portion.to < 0)
    return false;
  const avow_value_t v = send_all(stream->loop, &portion);
  (void) close(portion.to); /* the stream stays open */
  const bool sent = !avow_is_error(&v);
  avow_value_unref(v);
  return sent;
}

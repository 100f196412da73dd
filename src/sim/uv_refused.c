/* SPDX-License-Identifier: MIT */
/*
 * The functions that are not simulated. Each one fails the run with its name
 * and then behaves as if the system did not support it. A simulated program has
 * one thread. A function that would wait for another thread ends the run there,
 * because it cannot return.
 */
#include "sim/event_log.h"
#include "sim/run.h"

SIM_ANCHOR(refused)

#define REFUSED(name, ...)    \
  int name(__VA_ARGS__) {     \
    return sim_refuse(#name); \
  }

/* Processes. */
REFUSED(uv_spawn, uv_loop_t *loop, uv_process_t *process,
        const uv_process_options_t *options)
REFUSED(uv_process_kill, uv_process_t *process, int signum)
REFUSED(uv_loop_fork, uv_loop_t *loop)

void uv_disable_stdio_inheritance(void) {
  (void) sim_refuse("uv_disable_stdio_inheritance");
}

/* Threads. */
REFUSED(uv_thread_create, uv_thread_t *thread, uv_thread_cb entry, void *arg)
REFUSED(uv_thread_create_ex, uv_thread_t *thread,
        const uv_thread_options_t *params, uv_thread_cb entry, void *arg)
REFUSED(uv_thread_join, uv_thread_t *thread)

static const char for_another[] =
    "waits for another thread, but a simulated program has one";

void uv_cond_wait(uv_cond_t *cond, uv_mutex_t *mutex) {
  sim_run_hangs("uv_cond_wait", for_another);
}

int uv_cond_timedwait(uv_cond_t *cond, uv_mutex_t *mutex, uint64_t timeout) {
  sim_time_pass(timeout);
  return UV_ETIMEDOUT;
}

void uv_sem_wait(uv_sem_t *sem) {
  if (uv_sem_trywait(sem) != 0)
    sim_run_hangs("uv_sem_wait", for_another);
}

int uv_barrier_wait(uv_barrier_t *barrier) {
  sim_run_hangs("uv_barrier_wait", for_another);
  return 0;
}

/* Loops that libuv allocates, and printing of handles. */
uv_loop_t *uv_loop_new(void) {
  (void) sim_refuse("uv_loop_new");
  return NULL;
}

void uv_loop_delete(uv_loop_t *loop) {
  (void) sim_refuse("uv_loop_delete");
}

void uv_print_all_handles(uv_loop_t *loop, FILE *stream) {
  (void) sim_refuse("uv_print_all_handles");
}

void uv_print_active_handles(uv_loop_t *loop, FILE *stream) {
  (void) sim_refuse("uv_print_active_handles");
}

/* Changes of the process, and questions about other users. */
REFUSED(uv_os_setpriority, uv_pid_t pid, int priority)
REFUSED(uv_set_process_title, const char *title)
#if UV_VERSION_HEX >= 0x012d00
REFUSED(uv_os_get_group, uv_group_t *group, uv_uid_t gid)
#endif

/* Descriptors of the system. */
REFUSED(uv_poll_init, uv_loop_t *loop, uv_poll_t *poll, int fd)
REFUSED(uv_poll_init_socket, uv_loop_t *loop, uv_poll_t *poll,
        uv_os_sock_t socket)
REFUSED(uv_poll_start, uv_poll_t *poll, int events, uv_poll_cb cb)
REFUSED(uv_poll_stop, uv_poll_t *poll)

/* Terminals. */
REFUSED(uv_tty_init, uv_loop_t *loop, uv_tty_t *tty, uv_file fd, int unused)
REFUSED(uv_tty_set_mode, uv_tty_t *tty, uv_tty_mode_t mode)
REFUSED(uv_tty_get_winsize, uv_tty_t *tty, int *width, int *height)

/* Watching files. */
REFUSED(uv_fs_event_init, uv_loop_t *loop, uv_fs_event_t *event)
REFUSED(uv_fs_event_start, uv_fs_event_t *event, uv_fs_event_cb cb,
        const char *path, unsigned int flags)
REFUSED(uv_fs_event_stop, uv_fs_event_t *event)
REFUSED(uv_fs_event_getpath, uv_fs_event_t *event, char *buffer, size_t *size)
REFUSED(uv_fs_poll_init, uv_loop_t *loop, uv_fs_poll_t *poll)
REFUSED(uv_fs_poll_start, uv_fs_poll_t *poll, uv_fs_poll_cb cb,
        const char *path, unsigned int interval)
REFUSED(uv_fs_poll_stop, uv_fs_poll_t *poll)
REFUSED(uv_fs_poll_getpath, uv_fs_poll_t *poll, char *buffer, size_t *size)

/* Datagrams. */
REFUSED(uv_udp_init, uv_loop_t *loop, uv_udp_t *udp)
REFUSED(uv_udp_init_ex, uv_loop_t *loop, uv_udp_t *udp, unsigned int flags)
REFUSED(uv_udp_open, uv_udp_t *udp, uv_os_sock_t sock)
REFUSED(uv_udp_bind, uv_udp_t *udp, const struct sockaddr *addr,
        unsigned int flags)
REFUSED(uv_udp_connect, uv_udp_t *udp, const struct sockaddr *addr)
REFUSED(uv_udp_getpeername, const uv_udp_t *udp, struct sockaddr *name,
        int *len)
REFUSED(uv_udp_getsockname, const uv_udp_t *udp, struct sockaddr *name,
        int *len)
REFUSED(uv_udp_send, uv_udp_send_t *request, uv_udp_t *udp,
        const uv_buf_t bufs[], unsigned int n, const struct sockaddr *addr,
        uv_udp_send_cb cb)
REFUSED(uv_udp_try_send, uv_udp_t *udp, const uv_buf_t bufs[], unsigned int n,
        const struct sockaddr *addr)
REFUSED(uv_udp_recv_start, uv_udp_t *udp, uv_alloc_cb alloc_cb,
        uv_udp_recv_cb cb)
REFUSED(uv_udp_recv_stop, uv_udp_t *udp)
REFUSED(uv_udp_set_membership, uv_udp_t *udp, const char *group, const char *at,
        uv_membership membership)
REFUSED(uv_udp_set_source_membership, uv_udp_t *udp, const char *group,
        const char *at, const char *source, uv_membership membership)
REFUSED(uv_udp_set_multicast_loop, uv_udp_t *udp, int on)
REFUSED(uv_udp_set_multicast_ttl, uv_udp_t *udp, int ttl)
REFUSED(uv_udp_set_multicast_interface, uv_udp_t *udp, const char *at)
REFUSED(uv_udp_set_broadcast, uv_udp_t *udp, int on)
REFUSED(uv_udp_set_ttl, uv_udp_t *udp, int ttl)

#if UV_VERSION_HEX >= 0x013200
REFUSED(uv_udp_try_send2, uv_udp_t *udp, unsigned int n, uv_buf_t *bufs[],
        unsigned int nbufs[], struct sockaddr *addrs[], unsigned int flags)
#endif
#if UV_VERSION_HEX >= 0x013400
REFUSED(uv_udp_open_ex, uv_udp_t *udp, uv_os_sock_t sock, unsigned int flags)
#endif

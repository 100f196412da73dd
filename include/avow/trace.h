/* SPDX-License-Identifier: MIT */
/*
 * Where promises are made, and what becomes of them. Programs built against a
 * trace build of avow (-Dtrace=true; its pkg-config file and its Meson
 * dependency then define AVOW_TRACE) note the place of each call that makes
 * one; reports and dumps show it. Other builds have nothing of this.
 */
#ifndef AVOW_TRACE_H
#define AVOW_TRACE_H

#include <stdio.h>

#include "avow/config.h"
#include "avow/value.h"

AVOW_HEADER_BEGIN

/**
 * Writes what happens on the loop to out from now on, for Chrome's
 * about:tracing, ui.perfetto.dev and what else reads the Trace Event Format:
 * each promise from its making to its settling, each job and where it was
 * queued, what async functions wait for, what is cancelled. Memory for it is
 * allocated here and nowhere else. out stays yours, and is written to before
 * the loop polls: the file of a program that crashes can be read, too.
 * UV_ENOTSUP: this is no trace build. UV_EBUSY: the loop has a trace already.
 * UV_EINVAL: avow is not on the loop; debug builds say so and abort. UV_ENOMEM.
 */
AVOW_API int avow_trace_start(uv_loop_t *loop, FILE *out);

/**
 * Ends it, as the end of the loop does, and closes what is open there: a
 * promise that is pending still says so. What writing failed with, as
 * UV_ENOSPC; nothing was written after that. UV_EINVAL: there is no trace.
 * UV_ENOTSUP: this is no trace build.
 */
AVOW_API int avow_trace_stop(uv_loop_t *loop);

/** Notes the place of a promise that has none yet, and returns it. */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_trace_made(const char *file,
                                                       int line,
                                                       avow_promise_t *p);

/** Notes the place of the await that p is given to, and returns p. */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_trace_await(const char *file,
                                                        int line,
                                                        avow_promise_t *p);

/** Notes the place of a call that is given d to settle, and returns d. */
AVOW_API AVOW_MUST_USE avow_deferred_t *avow_trace_settles(const char *file,
                                                           int line,
                                                           avow_deferred_t *d);

AVOW_HEADER_END

#if defined(AVOW_TRACE) && !defined(AVOW_BUILDING)
#  define AVOW_MADE_(call)      avow_trace_made(__FILE__, __LINE__, call)
#  define avow_promise_new(...) AVOW_MADE_(avow_promise_new(__VA_ARGS__))
#  define avow_promise_resolve(...) \
    AVOW_MADE_(avow_promise_resolve(__VA_ARGS__))
#  define avow_promise_reject(...) AVOW_MADE_(avow_promise_reject(__VA_ARGS__))
#  define AVOW_SETTLES_(d)         avow_trace_settles(__FILE__, __LINE__, d)
#  define avow_resolve(d, ...)     avow_resolve(AVOW_SETTLES_(d), __VA_ARGS__)
#  define avow_reject(d, ...)      avow_reject(AVOW_SETTLES_(d), __VA_ARGS__)
#  define avow_deferred_drop(d)    avow_deferred_drop(AVOW_SETTLES_(d))
#  define avow_try(...)            AVOW_MADE_(avow_try(__VA_ARGS__))
#  define avow_then(...)           AVOW_MADE_(avow_then(__VA_ARGS__))
#  define avow_catch(...)          AVOW_MADE_(avow_catch(__VA_ARGS__))
#  define avow_finally(...)        AVOW_MADE_(avow_finally(__VA_ARGS__))
#  define avow_attach(...)         AVOW_MADE_(avow_attach(__VA_ARGS__))
#  define avow_repeat(...)         AVOW_MADE_(avow_repeat(__VA_ARGS__))
#  define avow_async(...)          AVOW_MADE_(avow_async(__VA_ARGS__))
#  define avow_stackless(...)      AVOW_MADE_(avow_stackless(__VA_ARGS__))
#  define avow_then_closure(...)   AVOW_MADE_(avow_then_closure(__VA_ARGS__))
#  define avow_coroutine_new(...)  AVOW_MADE_(avow_coroutine_new(__VA_ARGS__))
#  define AVOW_AWAITS_(p)          avow_trace_await(__FILE__, __LINE__, p)
#  define avow_await(p)            avow_await(AVOW_AWAITS_(p))
#  define avow_await_value(p, ...) \
    avow_await_value(AVOW_AWAITS_(p), __VA_ARGS__)
#  define avow_await_int(p, ...) avow_await_int(AVOW_AWAITS_(p), __VA_ARGS__)
#  define avow_await_bytes(p, ...) \
    avow_await_bytes(AVOW_AWAITS_(p), __VA_ARGS__)
#  define avow_await_list(p, ...) avow_await_list(AVOW_AWAITS_(p), __VA_ARGS__)
#  define avow_await_object(p, ...) \
    avow_await_object(AVOW_AWAITS_(p), __VA_ARGS__)
#  define avow_await_done(p)      avow_await_done(AVOW_AWAITS_(p))
#  define avow_channel_next(...)  AVOW_MADE_(avow_channel_next(__VA_ARGS__))
#  define avow_channel_first(...) AVOW_MADE_(avow_channel_first(__VA_ARGS__))
#  define avow_channel_send(...)  AVOW_MADE_(avow_channel_send(__VA_ARGS__))
#  ifdef __cplusplus
#    define AVOW_AS_(type, p) (reinterpret_cast<type>(p))
#  else
#    define AVOW_AS_(type, p) ((type) (p))
#  endif
#  define AVOW_CHANNEL_(call) \
    AVOW_AS_(avow_channel_t *, AVOW_MADE_(AVOW_AS_(avow_promise_t *, call)))
#  define avow_channel_batch(...) AVOW_CHANNEL_(avow_channel_batch(__VA_ARGS__))
#  define avow_channel_debounce(...) \
    AVOW_CHANNEL_(avow_channel_debounce(__VA_ARGS__))
#  define avow_channel_filter(...) \
    AVOW_CHANNEL_(avow_channel_filter(__VA_ARGS__))
#  define avow_channel_map(...)   AVOW_CHANNEL_(avow_channel_map(__VA_ARGS__))
#  define avow_channel_merge(...) AVOW_CHANNEL_(avow_channel_merge(__VA_ARGS__))
#  define avow_channel_new(...)   AVOW_CHANNEL_(avow_channel_new(__VA_ARGS__))
#  define avow_channel_take(...)  AVOW_CHANNEL_(avow_channel_take(__VA_ARGS__))
#  define avow_channel_throttle(...) \
    AVOW_CHANNEL_(avow_channel_throttle(__VA_ARGS__))
#  define avow_sender_send(...)    AVOW_MADE_(avow_sender_send(__VA_ARGS__))
#  define avow_select(...)         AVOW_MADE_(avow_select(__VA_ARGS__))
#  define avow_broadcast_send(...) AVOW_MADE_(avow_broadcast_send(__VA_ARGS__))
#  define avow_broadcast_subscribe(...) \
    AVOW_CHANNEL_(avow_broadcast_subscribe(__VA_ARGS__))
#  define avow_watch_subscribe(...) \
    AVOW_CHANNEL_(avow_watch_subscribe(__VA_ARGS__))
#  define avow_outcomes(...)      AVOW_CHANNEL_(avow_outcomes(__VA_ARGS__))
#  define avow_outcomes_new(...)  AVOW_CHANNEL_(avow_outcomes_new(__VA_ARGS__))
#  define avow_next_turn(...)     AVOW_MADE_(avow_next_turn(__VA_ARGS__))
#  define avow_before_poll(...)   AVOW_MADE_(avow_before_poll(__VA_ARGS__))
#  define avow_after_poll(...)    AVOW_MADE_(avow_after_poll(__VA_ARGS__))
#  define avow_ticks(...)         AVOW_CHANNEL_(avow_ticks(__VA_ARGS__))
#  define avow_signals(...)       AVOW_CHANNEL_(avow_signals(__VA_ARGS__))
#  define avow_polls(...)         AVOW_CHANNEL_(avow_polls(__VA_ARGS__))
#  define avow_fs_events(...)     AVOW_CHANNEL_(avow_fs_events(__VA_ARGS__))
#  define avow_fs_polls(...)      AVOW_CHANNEL_(avow_fs_polls(__VA_ARGS__))
#  define avow_all(...)           AVOW_MADE_(avow_all(__VA_ARGS__))
#  define avow_all_settled(...)   AVOW_MADE_(avow_all_settled(__VA_ARGS__))
#  define avow_race(...)          AVOW_MADE_(avow_race(__VA_ARGS__))
#  define avow_any(...)           AVOW_MADE_(avow_any(__VA_ARGS__))
#  define avow_until(...)         AVOW_MADE_(avow_until(__VA_ARGS__))
#  define avow_timeout(...)       AVOW_MADE_(avow_timeout(__VA_ARGS__))
#  define avow_shield(...)        AVOW_MADE_(avow_shield(__VA_ARGS__))
#  define avow_remote_new(...)    AVOW_MADE_(avow_remote_new(__VA_ARGS__))
#  define avow_sleep_weak(...)    AVOW_MADE_(avow_sleep_weak(__VA_ARGS__))
#  define avow_sleep(...)         AVOW_MADE_(avow_sleep(__VA_ARGS__))
#  define avow_clock_advance(...) AVOW_MADE_(avow_clock_advance(__VA_ARGS__))
#  define avow_getaddrinfo(...)   AVOW_MADE_(avow_getaddrinfo(__VA_ARGS__))
#  define avow_getnameinfo(...)   AVOW_MADE_(avow_getnameinfo(__VA_ARGS__))
#  define avow_connect(...)       AVOW_MADE_(avow_connect(__VA_ARGS__))
#  define avow_tcp_connect_host(...) \
    AVOW_MADE_(avow_tcp_connect_host(__VA_ARGS__))
#  define avow_connect_path(...)   AVOW_MADE_(avow_connect_path(__VA_ARGS__))
#  define avow_bind(...)           AVOW_MADE_(avow_bind(__VA_ARGS__))
#  define avow_bind_path(...)      AVOW_MADE_(avow_bind_path(__VA_ARGS__))
#  define avow_write_handle(...)   AVOW_MADE_(avow_write_handle(__VA_ARGS__))
#  define avow_pipe_connect(...)   AVOW_MADE_(avow_pipe_connect(__VA_ARGS__))
#  define avow_udp_send(...)       AVOW_MADE_(avow_udp_send(__VA_ARGS__))
#  define avow_close_reset(...)    AVOW_MADE_(avow_close_reset(__VA_ARGS__))
#  define avow_tcp_connect(...)    AVOW_MADE_(avow_tcp_connect(__VA_ARGS__))
#  define avow_read(...)           AVOW_MADE_(avow_read(__VA_ARGS__))
#  define avow_read_into(...)      AVOW_MADE_(avow_read_into(__VA_ARGS__))
#  define avow_read_all(...)       AVOW_MADE_(avow_read_all(__VA_ARGS__))
#  define avow_write(...)          AVOW_MADE_(avow_write(__VA_ARGS__))
#  define avow_pump(...)           AVOW_MADE_(avow_pump(__VA_ARGS__))
#  define avow_peer_gone(...)      AVOW_MADE_(avow_peer_gone(__VA_ARGS__))
#  define avow_shutdown(...)       AVOW_MADE_(avow_shutdown(__VA_ARGS__))
#  define avow_close(...)          AVOW_MADE_(avow_close(__VA_ARGS__))
#  define avow_close_handle(...)   AVOW_MADE_(avow_close_handle(__VA_ARGS__))
#  define avow_fs_open(...)        AVOW_MADE_(avow_fs_open(__VA_ARGS__))
#  define avow_fs_close(...)       AVOW_MADE_(avow_fs_close(__VA_ARGS__))
#  define avow_fs_read(...)        AVOW_MADE_(avow_fs_read(__VA_ARGS__))
#  define avow_fs_write(...)       AVOW_MADE_(avow_fs_write(__VA_ARGS__))
#  define avow_fs_sendfile(...)    AVOW_MADE_(avow_fs_sendfile(__VA_ARGS__))
#  define avow_fs_fsync(...)       AVOW_MADE_(avow_fs_fsync(__VA_ARGS__))
#  define avow_fs_fdatasync(...)   AVOW_MADE_(avow_fs_fdatasync(__VA_ARGS__))
#  define avow_fs_ftruncate(...)   AVOW_MADE_(avow_fs_ftruncate(__VA_ARGS__))
#  define avow_fs_fchmod(...)      AVOW_MADE_(avow_fs_fchmod(__VA_ARGS__))
#  define avow_fs_futime(...)      AVOW_MADE_(avow_fs_futime(__VA_ARGS__))
#  define avow_fs_fchown(...)      AVOW_MADE_(avow_fs_fchown(__VA_ARGS__))
#  define avow_fs_unlink(...)      AVOW_MADE_(avow_fs_unlink(__VA_ARGS__))
#  define avow_fs_mkdir(...)       AVOW_MADE_(avow_fs_mkdir(__VA_ARGS__))
#  define avow_fs_rmdir(...)       AVOW_MADE_(avow_fs_rmdir(__VA_ARGS__))
#  define avow_fs_rename(...)      AVOW_MADE_(avow_fs_rename(__VA_ARGS__))
#  define avow_fs_link(...)        AVOW_MADE_(avow_fs_link(__VA_ARGS__))
#  define avow_fs_symlink(...)     AVOW_MADE_(avow_fs_symlink(__VA_ARGS__))
#  define avow_fs_access(...)      AVOW_MADE_(avow_fs_access(__VA_ARGS__))
#  define avow_fs_chmod(...)       AVOW_MADE_(avow_fs_chmod(__VA_ARGS__))
#  define avow_fs_utime(...)       AVOW_MADE_(avow_fs_utime(__VA_ARGS__))
#  define avow_fs_lutime(...)      AVOW_MADE_(avow_fs_lutime(__VA_ARGS__))
#  define avow_fs_chown(...)       AVOW_MADE_(avow_fs_chown(__VA_ARGS__))
#  define avow_fs_lchown(...)      AVOW_MADE_(avow_fs_lchown(__VA_ARGS__))
#  define avow_fs_copyfile(...)    AVOW_MADE_(avow_fs_copyfile(__VA_ARGS__))
#  define avow_fs_readlink(...)    AVOW_MADE_(avow_fs_readlink(__VA_ARGS__))
#  define avow_fs_realpath(...)    AVOW_MADE_(avow_fs_realpath(__VA_ARGS__))
#  define avow_fs_mkdtemp(...)     AVOW_MADE_(avow_fs_mkdtemp(__VA_ARGS__))
#  define avow_fs_mkstemp(...)     AVOW_MADE_(avow_fs_mkstemp(__VA_ARGS__))
#  define avow_fs_stat(...)        AVOW_MADE_(avow_fs_stat(__VA_ARGS__))
#  define avow_fs_lstat(...)       AVOW_MADE_(avow_fs_lstat(__VA_ARGS__))
#  define avow_fs_fstat(...)       AVOW_MADE_(avow_fs_fstat(__VA_ARGS__))
#  define avow_fs_statfs(...)      AVOW_MADE_(avow_fs_statfs(__VA_ARGS__))
#  define avow_fs_scandir(...)     AVOW_MADE_(avow_fs_scandir(__VA_ARGS__))
#  define avow_fs_opendir(...)     AVOW_MADE_(avow_fs_opendir(__VA_ARGS__))
#  define avow_fs_readdir(...)     AVOW_MADE_(avow_fs_readdir(__VA_ARGS__))
#  define avow_fs_closedir(...)    AVOW_MADE_(avow_fs_closedir(__VA_ARGS__))
#  define avow_read_file(...)      AVOW_MADE_(avow_read_file(__VA_ARGS__))
#  define avow_write_file(...)     AVOW_MADE_(avow_write_file(__VA_ARGS__))
#  define avow_append_file(...)    AVOW_MADE_(avow_append_file(__VA_ARGS__))
#  define avow_replace_file(...)   AVOW_MADE_(avow_replace_file(__VA_ARGS__))
#  define avow_make_dirs(...)      AVOW_MADE_(avow_make_dirs(__VA_ARGS__))
#  define avow_glob(...)           AVOW_MADE_(avow_glob(__VA_ARGS__))
#  define avow_tree_entries(...)   AVOW_CHANNEL_(avow_tree_entries(__VA_ARGS__))
#  define avow_temp_dir(...)       AVOW_MADE_(avow_temp_dir(__VA_ARGS__))
#  define avow_copy_tree(...)      AVOW_MADE_(avow_copy_tree(__VA_ARGS__))
#  define avow_remove_tree(...)    AVOW_MADE_(avow_remove_tree(__VA_ARGS__))
#  define avow_work(...)           AVOW_MADE_(avow_work(__VA_ARGS__))
#  define avow_work_detached(...)  AVOW_MADE_(avow_work_detached(__VA_ARGS__))
#  define avow_random(...)         AVOW_MADE_(avow_random(__VA_ARGS__))
#  define avow_limiter_run(...)    AVOW_MADE_(avow_limiter_run(__VA_ARGS__))
#  define avow_connections(...)    AVOW_CHANNEL_(avow_connections(__VA_ARGS__))
#  define avow_chunks(...)         AVOW_CHANNEL_(avow_chunks(__VA_ARGS__))
#  define avow_datagrams(...)      AVOW_CHANNEL_(avow_datagrams(__VA_ARGS__))
#  define avow_reader_next(...)    AVOW_MADE_(avow_reader_next(__VA_ARGS__))
#  define avow_reader_exactly(...) AVOW_MADE_(avow_reader_exactly(__VA_ARGS__))
#  define avow_reader_until(...)   AVOW_MADE_(avow_reader_until(__VA_ARGS__))
#  define avow_reader_line(...)    AVOW_MADE_(avow_reader_line(__VA_ARGS__))
#  define avow_reader_all(...)     AVOW_MADE_(avow_reader_all(__VA_ARGS__))
#  define avow_limiter_acquire(...) \
    AVOW_MADE_(avow_limiter_acquire(__VA_ARGS__))
#  define avow_limiter_acquire_many(...) \
    AVOW_MADE_(avow_limiter_acquire_many(__VA_ARGS__))
#  define avow_limiter_idle(...)  AVOW_MADE_(avow_limiter_idle(__VA_ARGS__))
#  define avow_map(...)           AVOW_MADE_(avow_map(__VA_ARGS__))
#  define avow_group_new(...)     AVOW_MADE_(avow_group_new(__VA_ARGS__))
#  define avow_spawn(...)         AVOW_MADE_(avow_spawn(__VA_ARGS__))
#  define avow_process_wait(...)  AVOW_MADE_(avow_process_wait(__VA_ARGS__))
#  define avow_command(...)       AVOW_MADE_(avow_command(__VA_ARGS__))
#  define avow_command_start(...) AVOW_MADE_(avow_command_start(__VA_ARGS__))
#  define avow_retry(...)         AVOW_MADE_(avow_retry(__VA_ARGS__))
#  define avow_deadline(...)      AVOW_MADE_(avow_deadline(__VA_ARGS__))
#  define avow_once_get(...)      AVOW_MADE_(avow_once_get(__VA_ARGS__))
#  define avow_cache_get(...)     AVOW_MADE_(avow_cache_get(__VA_ARGS__))
#  define avow_cache_refresh(...) AVOW_MADE_(avow_cache_refresh(__VA_ARGS__))
#  define avow_rate_acquire(...)  AVOW_MADE_(avow_rate_acquire(__VA_ARGS__))
#  define avow_loops_listen(...)  AVOW_MADE_(avow_loops_listen(__VA_ARGS__))
#  define avow_loops_run(...)     AVOW_MADE_(avow_loops_run(__VA_ARGS__))
#  define avow_loops_close(...)   AVOW_MADE_(avow_loops_close(__VA_ARGS__))
#  define avow_each(...)          AVOW_MADE_(avow_each(__VA_ARGS__))
#  define avow_gather_new(...)    AVOW_MADE_(avow_gather_new(__VA_ARGS__))
#endif

#endif

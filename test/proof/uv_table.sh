#!/bin/sh
# SPDX-License-Identifier: MIT
# Make docs/libuv.md: the functions of uv.h with a callback, and their wrappers.
#
#   sh test/proof/uv_table.sh > docs/libuv.md     writes the page
#   sh test/proof/uv_table.sh --check             fails if the page is outdated
#
# A wrapper has the name of libuv's function, or the comment above its
# declaration names that function. $CC and $UV_CFLAGS locate uv.h.
set -eu
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Functions that the oldest supported uv.h lacks.
newer='uv_pipe_connect2'
# Functions whose callback is a member of a struct.
other='uv_spawn'
# Functions that call back within the call, or without a loop.
none='uv_walk uv_thread_create uv_thread_create_ex'

# Prints the names of functions with a callback parameter.
async_functions() {
  echo '#include <uv.h>' | ${CC:-cc} ${UV_CFLAGS:-} -E -P -x c - |
    tr '\n' ' ' | tr ';' '\n' |
    sed -n 's/.*[ *]\(uv_[a-z0-9_]*\) *([^()]*_cb[ ,)].*/\1/p'
  printf '%s\n' $newer $other
}

# Prints "uv_function wrapper result" for the wrapper of that name, and for each
# uv_function in a public comment. The result is the first clause of @settles or
# @items, or of a comment without a label.
wrappers() {
  awk '
    # The text before a period or semicolon, without "(uv_...)".
    function first_clause(text) {
      if (match(text, /@(settles|items) /))
        text = substr(text, RSTART + RLENGTH)
      sub(/ *@[a-z]+ .*/, "", text)
      gsub(/ +/, " ", text)
      gsub(/\(\)/, "\001", text)
      gsub(/ \([^()]*uv_[^()]*\)/, "", text)
      gsub(/\001/, "()", text)
      sub(/^ /, "", text)
      sub(/[.;]( .*)?$/, "", text)
      gsub(/\*/, "\\*", text)
      return text
    }
    /^\/\*\*/ { text = ""; inside = 1 }
    inside {
      line = $0
      gsub(/^ *\/?\*+\/?|\*\/ *$/, "", line)
      text = text " " line
    }
    inside && /\*\// { inside = 0; fresh = 1; next }
    inside { next }
    /^$/ { fresh = 0 }
    fresh && match($0, /avow_[a-z0-9_]+\(/) {
      name = substr($0, RSTART, RLENGTH - 1)
      if (name ~ /^avow_to_/) next
      what = first_clause(text)
      print "uv_" substr(name, 6), name, what
      rest = text
      while (match(rest, /uv_[a-z0-9_]+/)) {
        print substr(rest, RSTART, RLENGTH), name, what
        rest = substr(rest, RSTART + RLENGTH)
      }
    }' $(sed -n 's|^#include "\(avow/.*\)"|include/\1|p' include/avow.h \
      include/avow/all.h | awk '!seen[$0]++')
}

table() {
  cat <<'HEAD'
# All of libuv

This page lists every asynchronous function of uv.h that has a callback, and the function of avow that replaces it. The
replacement returns a promise, or a channel if the events repeat. The comment of each function in the headers of avow
describes its errors and its cancellation. `test/proof/uv_table.sh` makes this page from uv.h and from these headers. A
test fails if the page is outdated.

The third column names the type and the meaning of the result: the value of the promise, or an item of the channel. The
comment at the top of `avow.h` explains the types. If a row names several functions of avow, the result is that of the
first one.

| libuv | avow | result |
|---|---|---|
HEAD
  sort -u "$work/async" | awk -v none=" $none " '
    NR == FNR {
      what = $0
      sub(/^[^ ]+ [^ ]+ ?(with )?/, "", what)
      if (substr($1, 3) == substr($2, 5)) {
        same[$1] = 1
        names[$1] = ""
        delete gives[$1]
      } else if ($1 in same || ($1, $2) in seen) {
        next
      }
      seen[$1, $2] = 1
      names[$1] = names[$1] (names[$1] ? ", " : "") "`" $2 "()`"
      if (!($1 in gives)) gives[$1] = what
      next
    }
    index(none, " " $1 " ") { next }
    { print "| `" $1 "()` | " ($1 in names ? names[$1] : "MISSING") " | " gives[$1] " |" }
  ' "$work/wrappers" -
  cat <<'TAIL'

## Rare cases of sockets, streams and processes

This table describes how libuv, libraries and Linux behave in rare cases, and what follows for a program.

| function | behavior | consequence |
|---|---|---|
| `avow_getaddrinfo()`, `avow_connect()`, `avow_bind()` | `getaddrinfo()` blocks a thread of the pool. libuv uses at most half of the threads for lookups. | Numeric hosts and ports need no thread. A lookup of a name can wait for a thread. |
| `avow_connect()`, `avow_getaddrinfo()` | A link-local IPv6 address needs a zone, such as `fe80::1%eth0`. | The promise rejects with UV_EAI_NONAME if the zone is unknown. A connect without a zone rejects with UV_EINVAL. |
| `avow_connect()`, `avow_tcp_connect()` | If the peer does not answer, Linux repeats the attempt for about two minutes (`net.ipv4.tcp_syn_retries`). | The promise then rejects with UV_ETIMEDOUT. `avow_timeout()` sets a shorter limit. |
| `avow_getaddrinfo()` | If the process has no free descriptor, glibc can open neither `/etc/hosts` nor a socket for DNS. | The promise rejects with UV_EAI_NONAME, as it does for a name that does not exist. |
| `avow_tcp_connect()` | libuv keeps the socket of a failed attempt in the handle. | Close the handle after a rejection. `avow_tcp_connect_host()` changes the handle only after a connection is established. |
| `avow_pipe_connect()` of a connected handle | If the program calls `uv_pipe_connect()` again, the queued writes of the handle fail. | avow does not connect again. The promise of the second call rejects with UV_EISCONN, and the writes continue. |
| `avow_bind()` | libuv lets an IPv6 socket on `::` serve IPv4 peers, too. On Linux this does not depend on `net.ipv6.bindv6only`. | If `host` is NULL, the stream serves IPv6 and IPv4. The address of an IPv4 peer is `[::ffff:192.0.2.1]:80`. |
| `avow_bind()` | libuv sets SO_REUSEADDR. Linux then lets two sockets bind to one port if neither of them listens. | `avow_connections()` may fail with UV_EADDRINUSE, although `avow_bind()` fulfilled. |
| `avow_connections()` | Linux limits the backlog to `net.core.somaxconn`. | Linux does not refuse further TCP clients. The clients wait, and their systems repeat the attempt. |
| `avow_connections()` | A client may reset its connection while the connection waits in the queue. | The channel still delivers an item for this connection. The address of the peer is empty, and reads reject. |
| `avow_connections()` | If the process has no free descriptor, libuv accepts the connection with a spare descriptor and closes the connection. | The client sees that its connection ends. |
| `avow_bind_path()` | When a pipe is closed, libuv removes the name to which the pipe was bound, even if the name now belongs to another socket. | avow removes the name only if it still refers to the socket of the stream. |
| `avow_connect_path()`, `avow_pipe_connect()` | While the queue of a listening Unix domain socket is full, Linux does not let a nonblocking client wait. | The promise rejects with UV_EAGAIN at once. Connect again later. |
| `avow_bind_path()` | libuv regards the handle as connected. | A read stays pending until a client connects, and then rejects with UV_EINVAL. Before `avow_connections()`, `avow_shutdown()` has no effect. After it, `avow_shutdown()` can make libuv 1.44.2 abort. Close the stream instead. |
| `avow_read()` of a socket | Linux reports a reset only once. | The next call on the socket gets the error, even if that call is a write. |
| `avow_close()` of a connection | If received bytes were not read, Linux resets the connection. | The peer may lose the last bytes that were written to it. Read to the end first. |
| `avow_close()` of a connection | In the background, Linux sends the bytes that it has accepted. | Call `avow_shutdown()` first. Neither function reports whether the bytes arrived. |
| `avow_close()` of a listening stream | Linux resets the connections that wait in the queue. | Receive these connections before you close the stream. |
| `avow_close_reset()` | Linux sends the reset when the last descriptor of the socket is closed. | The reset is delayed while a child process has the socket open. |
| `avow_accept()` of a handle | If the process has no free descriptor, Linux drops a received handle, and libuv does not report the loss. | The bytes arrive without the handle. |
| `avow_hangup()` | A peer that has ended its sending direction may still read. | The promise fulfills after a reset, or when both directions are closed. |
| `avow_udp_send()` of a connected socket | Linux reports that an earlier datagram was refused. | The next send rejects with UV_ECONNREFUSED. |
| `avow_udp_send()` to a broadcast address | Broadcasts require SO_BROADCAST. | The promise rejects with UV_EACCES until the program calls `uv_udp_set_broadcast()`. |
| `avow_datagrams()` | Linux drops datagrams that do not fit into the queue of the socket. | Neither the sender nor the receiver gets an error. |
| `avow_datagrams()` with UV_UDP_LINUX_RECVERR | libuv before 1.52 does not empty the error queue of the socket. | After the first error the loop never blocks again. Bind the socket without this flag. |
| `avow_datagrams()` with UV_UDP_RECVMMSG | libuv has space for IP addresses only. | Longer addresses are truncated. If the sender has no address, the address in the item is undefined. |
| `avow_open_stream()` | O_NONBLOCK applies to all processes that share the open file. | The flag stays set after the stream is closed. |
| `avow_open_stream()` of a terminal | libuv opens the terminal again by its name. | O_NONBLOCK then does not apply to other users of the terminal. If the process may not open the terminal, writes block. |
| `avow_open_stream()` | avow treats devices such as `/dev/null` as files. | A stream of `/dev/null` is at its end. A stream of `/dev/zero` never ends. |
| `avow_open_stream()` of a pseudo-terminal's master | Linux reports the end as EIO, and returns at most 4,095 bytes for each read. | After all bytes, the read fulfills with NONE. |
| `avow_spawn()`, `avow_command()` | libuv sets a standard stream that the child inherits to blocking mode. | The stream also blocks in this process. A stream of avow on the same descriptor then blocks the loop. |
| `avow_spawn()`, `avow_command()` | In the child, libuv sets the signals below 32 to their default actions and unblocks all signals. | A signal that the program ignores, such as SIGPIPE, can end the child. |
| `avow_spawn()`, `avow_command()` | libuv closes no descriptors in the child. | The child inherits descriptors without FD_CLOEXEC. An inherited pipe stays open while the child runs. |
| `avow_spawn()`, `avow_command()` | libuv calls `execvp()` with the environment of the child. | libuv searches the PATH of `env` for the program. If `env` has no PATH, libuv searches `/bin` and `/usr/bin`. |
| `avow_process_kill()` | After the end of a process, its process ID exists until libuv reaps the process in an iteration of the loop. | Until then the function returns 0 and has no effect. |
| `avow_spawn()` with a stream of the program | libuv creates a pair of sockets. | The child cannot open this stream by the name `/dev/stdin`. |
| `avow_process_wait()` | If the program waits for any child, as `waitpid(-1, …)` does, libuv does not get the exit status. | The promise settles only when the loop is closed. |
| `avow_work()`, lookups, files | libuv aborts the process if it cannot start the threads of its pool. | Make sure that RLIMIT_NPROC permits these threads. |
| `avow_work()` | `exit()` waits until the threads of the pool have done all queued work. | Call `_exit()`, or cancel the work first. |
| `avow_nats_connect()` | At its first use, libnats sets SIGPIPE to SIG_IGN. | Set your own handler of SIGPIPE afterwards. |
| `avow_polls()` | libuv reports every error of a socket as UV_EBADF. | The channel delivers an item with all requested events. The next system call on the socket gets the error. |
| `avow_polls()` | libuv sets O_NONBLOCK, which applies to all processes that share the open file. | The flag stays set after the channel is closed. |
| `avow_signals()` | libuv stores signals in a pipe until the loop polls. | While the pipe is full, further signals are lost. |
| `avow_signals()`, `avow_dump_on_signal()` | When the last watcher of a signal stops, libuv sets the default action of the signal. | A program that needs the signal ignored must call `signal()` again. |
| `avow_tls_client()` | OpenSSL searches the directory of CA certificates while it verifies a certificate. | The search runs on the thread of the loop and blocks it. |

## Rare cases of files and time

This table lists operations whose behavior in libuv 1.44.2 and Linux differs from what their names suggest. The headers
describe these cases, too.

| function | behavior | remedy or consequence |
|---|---|---|
| `avow_fs_copyfile()` | If the copy fails, libuv removes the file at the target, even if that file existed before. | Use `UV_FS_COPYFILE_EXCL` or `avow_copy_tree()`. |
| `avow_fs_copyfile()` | libuv never stops if a file is shorter than its reported length. Examples are files of `/sys` and a file that is truncated during the copy. | Use `avow_copy_tree()`. |
| `avow_fs_copyfile()`, `avow_copy_tree()` | Most files of `/proc` have a reported length of 0, so their copies are empty. | Use `avow_read_file()`. |
| `avow_fs_copyfile()` | Without CAP_FSETID, which root has, a copy that is not empty loses set-uid. It also loses set-gid if the group may execute it. | Call `avow_fs_chmod()` afterwards. |
| `avow_fs_rename()` | If `from` and `to` are names of one file, both names stay and the promise fulfills. | Use `avow_fs_unlink()`. |
| `avow_fs_link()` | Linux does not follow a symbolic link. | Call `avow_fs_realpath()` first. |
| `avow_fs_write()`, `avow_fs_sendfile()` | With `O_APPEND`, `avow_fs_write()` ignores the offset, and `avow_fs_sendfile()` rejects with UV_EBADF. | Open the file without `O_APPEND`. |
| `avow_fs_write()`, `avow_fs_sendfile()`, `avow_write_file()`, `avow_append_file()` | A write to a pipe or a socket without a reader raises SIGPIPE on a thread of the pool. SIGPIPE ends the program. | Call `signal(SIGPIPE, SIG_IGN)`. The promise then rejects with UV_EPIPE. |
| `avow_fs_write()`, `avow_fs_ftruncate()`, `avow_write_file()`, `avow_append_file()`, `avow_replace_file()` | A change that would make the file larger than the limit of the process (RLIMIT_FSIZE) raises SIGXFSZ. SIGXFSZ ends the program. | Call `signal(SIGXFSZ, SIG_IGN)`. The promise then rejects with UV_EFBIG. |
| `avow_fs_read()`, `avow_fs_write()` | If a nonblocking descriptor is not ready, the promise rejects with UV_EAGAIN. Some of the bytes may have been written. | Use `avow_open_stream()`. |
| `avow_fs_utime()`, `avow_fs_futime()`, `avow_fs_lutime()` | libuv up to 1.51 truncates times to microseconds, and file systems limit times to their range. | The promise fulfills without an error. |
| `avow_fs_utime()`, `avow_fs_futime()`, `avow_fs_lutime()` | Since 1.51, libuv takes infinity as the current time, and NaN as no change. | With older versions the result depends on the processor. On x86-64 the promise rejects with UV_EINVAL. |
| `avow_fs_fsync()` | Linux reports an error only once, and the next call fulfills. | Write the whole file again. |
| `avow_replace_file()` | Linux cannot rename a file onto a mount point, such as a file that a container mounts. | The promise rejects with UV_EBUSY. Use `avow_write_file()`. |
| `avow_replace_file()` | Hard links still refer to the old file. | The other names of the file keep the old bytes. |
| `avow_remove_tree()`, `avow_copy_tree()`, `avow_tree_entries()`, `avow_glob()` | A directory of the tree may be a mount point, and the operation continues below it. | `avow_remove_tree()` removes the contents of the mounted file system and then rejects with UV_EBUSY. |
| `avow_copy_tree()` | A file may have several names (hard links). | Each name gets its own copy. |
| `avow_fs_chmod()`, `avow_fs_fchmod()` | If the process is not in the group of the file, Linux omits set-gid without an error. | Check the mode with `avow_fs_stat()` afterwards. |
| `avow_fs_chown()`, `avow_fs_fchown()` | Linux removes set-uid and set-gid from executable files. | Call `avow_fs_chmod()` afterwards. |
| all operations | libuv 1.44.2 has no error codes for some errors of Linux, such as EDQUOT (quota exceeded) and ESTALE (NFS). | The code is the negative errno, and its text is `error -122`. Call `strerror(-code)` for a description. |
| `avow_fs_access()` | Linux checks the real user ID and group ID, not the effective ones. | Open the file instead. |
| `avow_fs_events()` | inotify watches a file and not its path. avow resolves the path again after each event of the file itself. | Check the path after each item. |
| `avow_fs_events()` | Linux drops events when the inotify queue is full, and libuv does not report the loss. After 8,192 events in one iteration, avow reports that events may be lost. | Check the path after each item. |
| `avow_sleep()`, `avow_timeout()` | A timer of libuv counts from `uv_now()`, which is outdated after long work. In a job, `avow_sleep()` counts from `uv_now()`, too. | After 200 ms of work in a handler, a sleep of 100 ms is already over. `avow_timeout()` reads the clock first, so its limit starts at the time of the call. |
| `avow_sleep()`, `avow_timeout()`, `avow_ticks()`, `avow_now()`, caches, rates | libuv reads CLOCK_MONOTONIC, which stops while the machine is suspended. | The time of suspension does not count. For the time of day, compare `uv_gettimeofday()` or `time()`. |

## Files in memory

A file that was used lately is in memory, in the page cache. A request to the thread pool then takes longer than the
read. So on Linux 5.12 or newer, avow first tries to read on the loop's thread, with calls that do not wait for a disk:

| operation | is tried for |
|---|---|
| `avow_read_file()` | regular files of at most 64 KiB |
| `avow_fs_read()`, `avow_file_stream()` | at most 64 KiB at an offset, but not at the current position |
| `avow_fs_stat()`, `avow_fs_lstat()`, `avow_fs_fstat()` | files of all types |

Single requests, which are all of these except `avow_read_file()`, are tried only while the loop has no request on the
thread pool. If a call would have to wait, the thread pool does the work. The promise settles in a later job in both
cases, with the same result.

* **File systems:** names and attributes are only read from ext4, XFS and Btrfs. The thread pool finds out about each
  mount, and a loop remembers 16 mounts. Files on tmpfs, overlayfs, FUSE and network file systems go to the pool.
* **Opening:** a name is found with `openat2(O_PATH, RESOLVE_CACHED)`, which opens nothing. A regular file is then
  opened through `/proc/thread-self/fd`, with O_NONBLOCK, so a device, a FIFO or a lease does not stop the loop. Without
  `/proc`, the pool opens the file.
* **Fairness:** in each iteration, these calls take at most 1/64 of `avow_options_t.budget_us`, or one call. By default,
  that is 16 µs. The others wait for the next iteration. If that begins more than 32 µs later, the loop is busy, and all
  that wait go to the pool. While 16 operations wait or are on the pool, `avow_read_file()` uses the pool. After a call
  in vain, the next ones go to the pool directly: one at first, and up to 255 if all calls are in vain.
* **Cancellation:** a canceled operation is not tried.
* **Remaining waits:** a virus scanner that uses permission events of fanotify decides about each open, and the loop
  waits for its decision. If the name of an open file was removed, closing the file frees its blocks. Linux older than
  6.8 can use the number of a mount again.
* **Filters of system calls:** if a filter returns an error, avow uses the pool. If a filter ends the process, set
  `avow_options_t.files_on_pool`. Also set it with libraries that replace functions for files, such as fakeroot.

## Files with io_uring

On Linux, libuv can pass single file requests to the kernel with io_uring, without its thread pool:

* libuv 1.45 to 1.48 use io_uring by default. `UV_USE_IO_URING=0` in the environment disables it.
* Newer versions use it only if the loop has the option `UV_LOOP_USE_IO_URING_SQPOLL` and the environment contains
  `UV_USE_IO_URING=1`.

avow does not change these settings. Its promises settle with the same results in both cases. These are the differences:

* **Threads:** if the kernel is new enough, these requests need no thread of the pool: open, close, read, write, fsync,
  fdatasync, stat, lstat, fstat and the checks of `avow_fs_polls()`. In 1.46, link, symlink, mkdir, rename and unlink
  were added, and in 1.49, ftruncate. All other requests use the pool. So do the functions for whole files and trees
  (`avow/fs.h`, `avow/tree.h`). While the ring is full, further requests use the pool, too.
* **Cancellation:** up to libuv 1.52, `uv_cancel()` returns UV_EBUSY as soon as the request is submitted. The promise
  rejects at once, but the kernel still completes the request: it writes, creates, renames or removes the file. In the
  thread pool, this applies only to requests that a thread has begun. A queued request never starts. Since 1.53, libuv
  also cancels a request that waits in the kernel, such as a read from an empty pipe.
* **Canceled writes:** `avow_fs_write()` repeats its request until all bytes are written. After a cancellation, avow
  starts no further request. With io_uring, the current request to a pipe or a FIFO writes only the bytes that the
  kernel accepts at once. Without io_uring, a thread of the pool writes all bytes of the current request.
* **Late results:** if a canceled request still opens a file, avow closes the file on the thread pool. Therefore
  `avow_loop_close()` waits for a free thread.
* **ftruncate:** libuv 1.49 to 1.51 pass ftruncate incorrectly to Linux 6.9 and newer, so it always fails with
  UV_EINVAL. Do not enable io_uring with these versions.
* **Loops:** each loop has its own ring. Before 1.49, libuv needs milliseconds to create and close a ring. Set
  `UV_USE_IO_URING=0` if a program has hundreds of loops that use no files.
TAIL
}

# Prints rows that do not begin with a type or that end within a clause.
unclear() {
  grep '^| `uv_' "$work/table" |
    grep -vE '\| (NONE|INTs?|BYTES|LIST|OBJECTs?|Settles|as|the value)\>[^|]* \|$' ||
    grep -E '(,|:|\(|\<(a|an|the|of|to|or|and|but|which|that|as|by|with|from)) \|$' \
      "$work/table"
}

async_functions >"$work/async"
wrappers >"$work/wrappers"
table >"$work/table"
if grep MISSING "$work/table" >&2; then
  echo 'uv_table: no comment in include/avow names these functions' >&2
  [ "${1-}" = --check ] && exit 1
fi
if unclear >&2; then
  echo 'uv_table: @settles or @items of these functions must begin with a' \
    'type and a complete clause, such as "INT bytes, always all of them"' >&2
  [ "${1-}" = --check ] && exit 1
fi
if [ "${1-}" != --check ]; then
  cat "$work/table"
elif ! diff docs/libuv.md "$work/table" >&2; then
  echo 'uv_table: run sh test/proof/uv_table.sh > docs/libuv.md' >&2
  exit 1
fi

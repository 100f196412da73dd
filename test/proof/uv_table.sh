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

Each function of uv.h that calls back, and what avow has for it: a promise, or a channel where events repeat. What
the promises settle with, what canceling does and which errors are likely stands in the headers beside the
functions. Made by `test/proof/uv_table.sh` from uv.h and those headers; the tests fail when it is out of date.

| libuv | avow | settles with, or gives |
|---|---|---|
HEAD
  sort -u "$work/async" | awk -v none=" $none " '
    NR == FNR {
      what = $0
      sub(/^[^ ]+ [^ ]+ ?/, "", what)
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

## Sockets, streams and processes at their edges

These tables list how libuv, glibc and Linux behave in rare cases, and the consequences for a program.

| function | there | then |
|---|---|---|
| `avow_getaddrinfo()`, `avow_connect()`, `avow_bind()` | `getaddrinfo()` blocks a thread, and libuv gives it half of the pool | numeric hosts and ports need no thread; names wait for one |
| `avow_connect()`, `avow_getaddrinfo()` | an address of a link needs a zone, `fe80::1%eth0` | an unknown zone is UV_EAI_NONAME; without one connecting is UV_EINVAL |
| `avow_connect()`, `avow_tcp_connect()` | Linux asks a silent peer again for about two minutes (`net.ipv4.tcp_syn_retries`) | UV_ETIMEDOUT: `avow_timeout()` sets an earlier limit |
| `avow_getaddrinfo()` | without a descriptor glibc can open neither `/etc/hosts` nor a socket for DNS | UV_EAI_NONAME, as for a name that does not exist |
| `avow_tcp_connect()` | libuv keeps the socket of a failed attempt | close the handle; `avow_tcp_connect_host()` leaves it as it was |
| `avow_pipe_connect()` of a connected handle | libuv rejects the writes that are queued on the handle | avow rejects with UV_EISCONN, and the writes go on |
| `avow_bind()` | a socket of IPv6 gets IPv4 too, unless the system forbids it | without a host both; a peer by IPv4 is `[::ffff:192.0.2.1]:80` |
| `avow_bind()` | Linux gives a port twice until somebody listens (SO_REUSEADDR) | UV_EADDRINUSE may come from `avow_connections()` |
| `avow_connections()` | Linux cuts the backlog to `net.core.somaxconn` | further clients by TCP are not refused: they wait, and try again |
| `avow_connections()` | a client may reset its connection while that waits | the connection arrives, its peer has no address, and reads reject |
| `avow_connections()` | without a descriptor libuv accepts by a spare one, and closes | the client sees its connection end |
| `avow_bind_path()` | libuv unlinks the name of any pipe that it bound | only the socket that was bound is removed |
| `avow_connect_path()`, `avow_pipe_connect()` | Linux does not let a client wait while the queue of a Unix domain socket is full | UV_EAGAIN at once: connect again later |
| `avow_bind_path()` | its stream counts as one that is connected | a read waits, and `avow_shutdown()` ends the listening |
| `avow_read()` of a socket | Linux tells a reset once | whichever call comes first gets it, also a write |
| `avow_close()` of a connection | Linux resets it if bytes are left that nobody has read | the peer may lose what was written to it last: read to the end first |
| `avow_close()` of a connection | what the system has taken is sent in the background | `avow_shutdown()` first; nobody says whether it arrived |
| `avow_close()` of a listening stream | Linux resets the connections that wait in its queue | receive those that wait first |
| `avow_close_reset()` | Linux sends the reset when the last descriptor of the socket is closed | a child process that has the socket holds the reset up |
| `avow_accept()` of a handle | Linux drops a handle for which the process has no descriptor, and libuv does not tell | the bytes arrive without it |
| `avow_hangup()` | a peer that ended one way may still read | settles at a reset, or when both ways are closed |
| `avow_udp_send()` | Linux tells of an earlier datagram that was refused | a connected socket rejects the next send: UV_ECONNREFUSED |
| `avow_udp_send()` | broadcasts need SO_BROADCAST | UV_EACCES before `uv_udp_set_broadcast()` |
| `avow_datagrams()` | Linux drops what does not fit into the queue of the socket | nobody is told |
| `avow_datagrams()` with UV_UDP_LINUX_RECVERR | libuv before 1.52 does not empty the error queue of the socket | the loop never blocks again after the first error: bind without the flag |
| `avow_datagrams()` with UV_UDP_RECVMMSG | libuv has room for IP addresses only | a longer address is cut, and the address of a sender without one is undefined |
| `avow_open_stream()` | O_NONBLOCK belongs to all processes that share the open file | it stays after the stream is closed |
| `avow_open_stream()` of a terminal | libuv opens the terminal by its name, if the process may | others that share the terminal notice nothing; else writes block |
| `avow_open_stream()` | devices such as `/dev/null` are files | `/dev/null` is at its end, `/dev/zero` has none |
| `avow_open_stream()` | a master of a pseudo-terminal ends with EIO, and gives 4095 bytes at a time | its end is NONE, behind all bytes |
| `avow_spawn()`, `avow_command()` | libuv makes a standard stream that is inherited block | it blocks here, too: a stream that avow has open on it holds the loop up |
| `avow_spawn()`, `avow_command()` | libuv resets the signals below 32, and unblocks all | what the program ignores ends its children, SIGPIPE for one |
| `avow_spawn()`, `avow_command()` | libuv closes no descriptor in the child | those without FD_CLOEXEC are inherited: a pipe among these stays open as long as the child runs |
| `avow_spawn()`, `avow_command()` | libuv calls `execvp()` with the child's environment | the PATH is that of `env`; without one `/bin:/usr/bin` |
| `avow_process_kill()` | a process that has ended is there until libuv reaps it in an iteration of the loop | 0 without effect until then |
| `avow_spawn()` with a stream of the program's | libuv makes a pair of sockets | `/dev/stdin` cannot be opened there |
| `avow_process_wait()` | one that waits for any child takes the end of ours | the promise settles at the end of the loop |
| `avow_work()`, names and files | libuv aborts the process if the threads of its pool cannot start | leave room below RLIMIT_NPROC |
| `avow_work()` | libuv has its threads do all work in the queue before `exit()` ends | `_exit()`, or cancel the work first |
| `avow_nats_connect()` | libnats sets SIGPIPE to SIG_IGN at its first use | set a handler of your own afterwards |
| `avow_polls()` | libuv reports any error of a socket as UV_EBADF | the socket is ready; the next call on it gets the error |
| `avow_polls()` | libuv sets O_NONBLOCK, which belongs to all processes that share the open file | it stays after the channel is closed |
| `avow_signals()` | libuv queues signals in a pipe until the loop polls | while the pipe is full, further signals are lost |
| `avow_signals()`, `avow_dump_on_signal()` | libuv sets the default action when the last watcher of a signal stops | a program that ignored the signal calls `signal()` again |
| `avow_tls_client()` | OpenSSL searches the directory of authorities while it verifies | that is done on the loop's thread |

## Files at the edges

This table lists operations of libuv 1.44.2 and Linux that do something other than their names suggest. The comments in
the headers describe these cases, too.

| function | what happens | what to do |
|---|---|---|
| `avow_fs_copyfile()` | libuv removes what is at the target when the copy fails, also what was there before | `UV_FS_COPYFILE_EXCL`, or `avow_copy_tree()` |
| `avow_fs_copyfile()` | libuv tries forever to copy a file that ends before its length, such as one of `/sys`, or one that is truncated meanwhile | `avow_copy_tree()` |
| `avow_fs_copyfile()`, `avow_copy_tree()` | most files of `/proc` have the length 0, and their copies are empty | `avow_read_file()` |
| `avow_fs_copyfile()` | without CAP_FSETID, as without root, the copy of a file that is not empty loses set-uid, and set-gid if the group may execute it | `avow_fs_chmod()` afterwards |
| `avow_fs_rename()` | two names of one file both stay, and it fulfills | `avow_fs_unlink()` |
| `avow_fs_link()` | a symbolic link is not followed | `avow_fs_realpath()` first |
| `avow_fs_write()`, `avow_fs_sendfile()` | with `O_APPEND` the first ignores the offset, and the second rejects with UV_EBADF | open the file without it |
| `avow_fs_write()`, `avow_fs_sendfile()`, `avow_write_file()`, `avow_append_file()` | a pipe or a socket without a reader raises SIGPIPE on a thread of the pool, which ends the program | `signal(SIGPIPE, SIG_IGN)`: then they reject with UV_EPIPE |
| `avow_fs_write()`, `avow_fs_ftruncate()`, `avow_write_file()`, `avow_append_file()`, `avow_replace_file()` | a file beyond the limit of its size (RLIMIT_FSIZE) raises SIGXFSZ, which ends the program | `signal(SIGXFSZ, SIG_IGN)`: then they reject with UV_EFBIG |
| `avow_fs_read()`, `avow_fs_write()` | a descriptor that does not block gives UV_EAGAIN, also after a part of the bytes | `avow_open_stream()` |
| `avow_fs_utime()`, `avow_fs_futime()`, `avow_fs_lutime()` | libuv up to 1.51 cuts times to microseconds, and file systems cut them to their range | no error |
| `avow_fs_utime()`, `avow_fs_futime()`, `avow_fs_lutime()` | from 1.51 on libuv takes infinity for now, and NaN for no change | with older ones the result depends on the processor: on x86-64 UV_EINVAL |
| `avow_fs_fsync()` | an error is told once, and the next call fulfills | write the file anew |
| `avow_replace_file()` | Linux renames no file onto a mount point, such as a file that a container mounts | UV_EBUSY: `avow_write_file()` |
| `avow_replace_file()` | a hard link leads to the old file | its other names keep the old bytes |
| `avow_remove_tree()`, `avow_copy_tree()`, `avow_tree_entries()`, `avow_glob()` | a directory may be a mount point | they continue below it; `avow_remove_tree()` empties the mounted file system and rejects with UV_EBUSY |
| `avow_copy_tree()` | a file may have several names (hard links) | each name gets a copy of its own |
| `avow_fs_chmod()`, `avow_fs_fchmod()` | set-gid is left out without an error outside the group of the file | `avow_fs_stat()` behind it |
| `avow_fs_chown()`, `avow_fs_fchown()` | executable files lose set-uid and set-gid | `avow_fs_chmod()` behind it |
| all operations | libuv 1.44.2 has no code for some errors of Linux, such as EDQUOT (full quota) and ESTALE (NFS) | the code is the negative errno, its text `error -122`: `strerror(-code)` |
| `avow_fs_access()` | it is about the real user, not the effective one | open the file |
| `avow_fs_events()` | inotify watches a file and not its path, and libuv does not tell of a full queue: avow watches the path anew at each event of the file itself, and tells of losses after 8,192 events in a turn | look at the path after each item |
| `avow_sleep()`, `avow_timeout()` | a timer counts from `uv_now()`, which is old behind long work: a sleep does, and a limit counts from the present | |
| `avow_sleep()`, `avow_timeout()`, `avow_now()` | CLOCK_MONOTONIC stands still while the machine is suspended | compare `uv_gettimeofday()` where that time counts |
| `avow_sleep()`, `avow_timeout()`, `avow_ticks()`, caches, rates | libuv reads CLOCK_MONOTONIC, which stops while the machine is suspended | times last that much longer; for the time of day, compare `time()` |

## Files by io_uring

On Linux, libuv 1.45 to 1.48 have the kernel do most requests for files (io_uring), without the thread pool;
`UV_USE_IO_URING=0` in the environment turns that off. Newer ones do so for loops that ask for it
(`UV_LOOP_USE_IO_URING_SQPOLL`), with `UV_USE_IO_URING=1`. avow leaves that to the program, and what its promises settle
with is the same. What differs:

* These need no thread of the pool, and do not wait for a free one, where the kernel is new enough: open, close, read,
  write, fsync, fdatasync, stat, lstat, fstat and looks by `avow_fs_polls()`; from 1.46 on also link, symlink, mkdir,
  rename and unlink; from 1.49 on ftruncate. All others are the pool's, as are whole files and trees (`avow/fs.h`,
  `avow/tree.h`): those are work for its threads. When the ring is full, the next requests go to the pool.
* Canceling such a request takes nothing back: up to 1.52 `uv_cancel()` says UV_EBUSY from the moment it was made. Its
  promise rejects at once, and the kernel does it all the same: a file is written, made, renamed or removed. With the
  pool that holds for a request that a thread has begun; one that is queued is never begun. Since 1.53 the kernel lets
  go of one that waits, such as a read from an empty pipe.
* A canceled write to a pipe or a FIFO ends with the part that the kernel took at once; a thread of the pool writes all
  of it. In both, no further part is begun.
* What such a request gives too late is closed again on the thread pool, so that `avow_loop_close()` waits for a thread.
* libuv 1.49 to 1.51 ask newer kernels (6.9) wrongly for ftruncate, which then always fails with UV_EINVAL: a loop does
  not ask for io_uring there.
* A loop has a ring of its own, which takes milliseconds to make and end before 1.49: a program with loops by the
  hundred that do no files turns it off.
TAIL
}

# Prints rows that do not begin with a type or that end within a clause.
unclear() {
  grep '^| `uv_' "$work/table" |
    grep -vE '\| (NONE|INTs?|BYTES|LIST|OBJECTs?|Settles|as|with)\>[^|]* \|$' ||
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

/* SPDX-License-Identifier: MIT */
/*
 * Faults in system calls. libuv's calls reach functions of this program
 * (calls_file.c, calls_path.c, calls_process.c, calls_socket.c). These ask here
 * whether to fail, and otherwise call the system. Only calls for files, paths,
 * sockets and processes count, because libuv aborts if calls on its eventfd or
 * on epoll fail.
 */
#ifndef INJECT_H
#define INJECT_H

#include <stdbool.h>
#include <stddef.h>

typedef enum {
  CALL_NONE, /* does not count */
  CALL_OPEN,
  CALL_STAT, /* of a file or of a path */
  CALL_READ,
  CALL_WRITE,
  CALL_CLOSE,
  CALL_SOCKET,
  CALL_CONNECT,
  CALL_CONNECTED, /* getsockopt() for the result of connecting */
  CALL_ACCEPT,
  CALL_RECEIVE,
  CALL_SEND,
  CALL_SHUTDOWN,
  CALL_CLOSE_SOCKET,
  CALL_LOOKUP,
  CALL_MAKE, /* a directory or a link */
  CALL_REMOVE,
  CALL_RENAME,
  CALL_MODE,
  CALL_TIMES,
  CALL_READLINK,
  CALL_OPENDIR,
  CALL_READDIR,
  CALL_SYNC,
  CALL_SYNC_DIR, /* also opens the directory for syncing */
  CALL_COPY,
  CALL_PIPE, /* also a pair of sockets */
  CALL_FORK,
  CALL_CACHED, /* that does not wait for a disk */
  CALLS
} call_t;

#define BIT(call) (1U << (unsigned) (call))

typedef enum { CUT_NOT, CUT_TO_HALF, CUT_TO_ONE, CUT_TO_NONE } cut_t;

typedef struct {
  const char *name;
  int error; /* an errno, or 0 for a cut */
  cut_t cut; /* how much the call may transfer */
  unsigned calls;
} fault_t;

/* The nth call (1: the next one) that can have the fault fails. `times` is the
   number of calls that fail from there on. */
void inject(const fault_t *fault, long nth, long times);

void inject_nothing(void);

/* Sets whether calls of this thread go to the system unchanged. */
void inject_pause(bool on);

/* Return bits for the calls that failed, or were made, since inject(). */
unsigned inject_hit(void);
unsigned inject_seen(void);

const char *inject_call_name(call_t call);

/* Used by the calls. Returns true and sets errno if the call must fail.
   Otherwise limits *len, unless NULL, to the bytes that it may transfer. */
bool inject_fails(call_t call, size_t *len);

/* Returns `call`, or CALL_NONE on the thread that injects, because that thread
   makes calls for the setup and the checks. */
call_t inject_in_pool(call_t call);

/* The type with which a descriptor was opened. Pairs are sockets to a process;
   libuv aborts if it cannot close them. */
typedef enum {
  KIND_OTHER,
  KIND_FILE,
  KIND_DIRECTORY,
  KIND_SOCKET,
  KIND_PAIR
} kind_t;

kind_t inject_kind(int fd);
int inject_opened(int fd, kind_t kind); /* returns fd, which may be -1 */

/* Returns the next function of that name: the system's, or a sanitizer's. */
void *inject_next(const char *name);

#endif

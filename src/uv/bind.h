/* SPDX-License-Identifier: MIT */
/* Binding sockets. */
#ifndef AVOW_BIND_H
#define AVOW_BIND_H

#include <uv.h>

/* Binds, with uv_tcp_bind()'s flags. An address in use is libuv's to report
   late: asking for the name of the socket brings it out. */
int avow__bind_to(uv_tcp_t *tcp, const struct sockaddr *address,
                  unsigned flags);

#endif

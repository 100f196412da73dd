/* SPDX-License-Identifier: MIT */
/* Binding of sockets. */
#ifndef AVOW_BIND_H
#define AVOW_BIND_H

#include <uv.h>

/* Binds with the flags of uv_tcp_bind(). libuv reports an address in use late,
   so this function asks for the socket's name to get that error now. */
int avow__bind_to(uv_tcp_t *tcp, const struct sockaddr *address,
                  unsigned flags);

#endif

/* SPDX-License-Identifier: MIT */
/* The clients of a server on a free port of loopback. */
#ifndef GUESTS_H
#define GUESTS_H

#include <avow/all.h>

/* Prints the port and calls `welcome` for each client, as a handler with the
   stream and the loop. The result of the handler is discarded. A signal ends
   the server. Returns the exit status. */
int guests_serve(avow_cb welcome);

#endif

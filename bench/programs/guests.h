/* SPDX-License-Identifier: MIT */
/* A server's guests: whoever connects to a free port of loopback. */
#ifndef GUESTS_H
#define GUESTS_H

#include <avow/all.h>

/* Prints the port, and welcomes each of them: as a handler, with the stream and
   the loop, and what that settles with is dropped. It ends by a signal. The
   exit status. */
int guests_serve(avow_cb welcome);

#endif

/* The port of a loop: where other threads' answers come in. */
#ifndef AVOW_REMOTE_PRIVATE_H
#define AVOW_REMOTE_PRIVATE_H

#include "engine/context.h"

/* Where nothing else is left to happen: until a remote has answered. */
void avow__port_wait(avow__context_t *c);

#endif

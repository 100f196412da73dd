/* SPDX-License-Identifier: MIT */
/* A nats-server for tests, in a process of its own on a port of loopback. */
#ifndef NATS_SERVER_H
#define NATS_SERVER_H

#include <stdbool.h>

/* Before the first test, and behind the last. In the middle, too: it comes back
   at the same port, and knows nothing of what was. */
void nats_server_start(void);
void nats_server_stop(void);

/* What its configuration is, from the next start; NULL: none again. */
void nats_server_set_config(const char *text);

/* Whether it has JetStream, from the next start, in a folder that is new, and
   stays as it is where the server is stopped and started again. */
void nats_server_set_jetstream(bool has);

/* Keeps it from doing anything, until it may go on. */
void nats_server_pause(void);
void nats_server_go_on(void);

/* "nats://127.0.0.1:PORT" of it; and of somebody who takes connections, and
   says nothing; and of nobody. */
const char *nats_url(void);
const char *silent_url(void);
const char *nobodys_url(void);

/* Blocks until a client is connected to silent_url(). */
void silent_wait(void);

/* Ends the connections to silent_url() and refuses further ones. The next
   silent_url() is another. */
void silent_leave(void);

#endif

/* SPDX-License-Identifier: MIT */
/* A nats-server for tests, in a process of its own on a port of loopback. */
#ifndef NATS_SERVER_H
#define NATS_SERVER_H

#include <stdbool.h>

/* Call these before the first test and after the last one. A test may call
   them, too. The server then uses the same port again, but does not remember
   earlier messages. */
void nats_server_start(void);
void nats_server_stop(void);

/* Sets the configuration from the next start on. NULL removes it. */
void nats_server_set_config(const char *text);

/* Sets whether the server has JetStream from the next start on. Its folder is
   new, and remains when the server is stopped and started again. */
void nats_server_set_jetstream(bool has);

/* Stop and continue the process of the server. */
void nats_server_pause(void);
void nats_server_go_on(void);

/* Return "nats://127.0.0.1:PORT" for the server, for a listener that accepts
   connections and stays silent, and for a port without a listener. */
const char *nats_url(void);
const char *silent_url(void);
const char *refusing_url(void);

/* Blocks until a client is connected to silent_url(). */
void silent_wait(void);

/* Closes the connections to silent_url() and refuses further ones. The next
   call of silent_url() returns another URL. */
void silent_leave(void);

#endif

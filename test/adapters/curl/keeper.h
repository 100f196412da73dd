/* SPDX-License-Identifier: MIT */
/*
 * Runs third-party servers for tests of clients, in a folder with certificates
 * (see papers.sh). The servers inherit sockets that already listen, so that
 * tests need not wait for them or guess ports. The first socket is descriptor
 * 3. The servers end with the process of the tests, in whatever way it ends.
 */
#ifndef KEEPER_H
#define KEEPER_H

/* Functions for a group of tests: call them before the first test and after the
   last one. */
int keeper_setup(void **state);
int keeper_teardown(void **state);

/* Opens another listening socket for the next program. Returns its port. */
int keeper_listen(void);

/* Runs a program in the folder until it succeeds. `args` ends with NULL. */
void keeper_finish(const char *const *args);

/* Runs a program in the folder in the background. */
void keeper_run(const char *const *args);

/* Return the path of a file in the folder, and a port as text. A result is
   valid until several further calls. */
const char *in_folder(const char *name);
const char *port_text(int port);

#endif

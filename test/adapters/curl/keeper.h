/* SPDX-License-Identifier: MIT */
/*
 * Servers of others for tests of clients: programs in a folder with papers for
 * them, papers.sh says which. They have sockets of ours, which listen before
 * they run, so that there is nothing to wait for and no port to guess: the
 * first that was asked for is their descriptor 3. They end with the tests'
 * process, however it does.
 */
#ifndef KEEPER_H
#define KEEPER_H

/* For groups of tests: before the first, and behind the last. */
int keeper_setup(void **state);
int keeper_teardown(void **state);

/* One more socket on loopback for the program that runs next: its port. */
int keeper_listen(void);

/* A program runs there to its end, successfully; args ends with NULL. */
void keeper_finish(const char *const *args);

/* A program runs there. */
void keeper_run(const char *const *args);

/* The path of a file in the folder, and what a port is called in arguments;
   good until so many more are asked for. */
const char *in_folder(const char *name);
const char *port_text(int port);

#endif

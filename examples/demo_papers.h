/* SPDX-License-Identifier: MIT */
/* Certificates for servers that live as long as the program. */
#ifndef DEMO_PAPERS_H
#define DEMO_PAPERS_H

#include <stdbool.h>

/* PEM. */
typedef struct {
  char certificate[2048];
  char key[1024];
} papers_t;

/* Creates a key and a self-signed certificate for 127.0.0.1. Only a client that
   was given the certificate trusts it. Returns false without memory or random
   numbers. */
bool papers_make(papers_t *out, const char *name);

#endif

/* SPDX-License-Identifier: MIT */
/* Certificates and keys, made by the test for itself, in memory. */
#ifndef PAPERS_H
#define PAPERS_H

#include <openssl/evp.h>
#include <openssl/x509.h>

/* PEM, a key and its certificate; freed with free_papers(). */
typedef struct {
  char *certificate, *key;
  X509 *x;
  EVP_PKEY *pkey;
} papers_t;

/* Zero in a field stands for its default. */
typedef struct {
  const char *name;       /* as "DNS:localhost"; none, and then for nobody */
  const char *title;      /* "Authority", of one that has no name */
  const papers_t *signer; /* itself */
  long from, to;          /* seconds from now; -3600 and 3600 */
  unsigned rsa;           /* bits of its key; it is of P-256 instead */
  const char *digest;     /* that it is signed with; "SHA256" */
  const char *use;        /* what for alone: "clientAuth"; any */
  const char *permits;    /* an authority's, for what: "permitted;DNS:x.org" */
  const char *behind_nul; /* what comes after a byte of 0 in its name */
} wanted_t;

papers_t make_papers(const wanted_t *wanted);
void free_papers(papers_t *papers);

#endif

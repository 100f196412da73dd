/* SPDX-License-Identifier: MIT */
#include "demo_papers.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

enum { DAY = 24 * 60 * 60 };

/* Sets the subject: a name for people, and an address that clients verify. */
static bool set_owner(X509 *x, const char *name) {
  const unsigned char *text = (const unsigned char *) name;
  X509_NAME *owner = X509_get_subject_name(x);
  X509_EXTENSION *address =
      X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
  const bool set =
      address != NULL && X509_add_ext(x, address, -1) == 1 &&
      X509_NAME_add_entry_by_txt(owner, "CN", MBSTRING_ASC, text, -1, -1, 0) &&
      X509_set_issuer_name(x, owner);
  X509_EXTENSION_free(address);
  return set;
}

static bool fill(X509 *x, EVP_PKEY *key, const char *name) {
  return X509_set_version(x, X509_VERSION_3) &&
         ASN1_INTEGER_set(X509_get_serialNumber(x), 1) &&
         X509_gmtime_adj(X509_getm_notBefore(x), -DAY) != NULL &&
         X509_gmtime_adj(X509_getm_notAfter(x), DAY) != NULL &&
         X509_set_pubkey(x, key) && set_owner(x, name) &&
         X509_sign(x, key, EVP_sha256()) > 0;
}

/* Takes the text that was written to `bio`. */
static bool take(BIO *bio, char *out, int size) {
  const int len = BIO_read(bio, out, size - 1);
  if (len <= 0 || BIO_pending(bio) != 0)
    return false;
  out[len] = '\0';
  return true;
}

static bool print(BIO *bio, X509 *x, EVP_PKEY *key, papers_t *out) {
  return PEM_write_bio_X509(bio, x) &&
         take(bio, out->certificate, sizeof(out->certificate)) &&
         PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) &&
         take(bio, out->key, sizeof(out->key));
}

bool papers_make(papers_t *out, const char *name) {
  EVP_PKEY *key = EVP_EC_gen("P-256");
  X509 *x = X509_new();
  BIO *bio = BIO_new(BIO_s_mem());
  const bool made = key != NULL && x != NULL && bio != NULL &&
                    fill(x, key, name) && print(bio, x, key, out);
  BIO_free(bio);
  X509_free(x);
  EVP_PKEY_free(key);
  return made;
}

/* SPDX-License-Identifier: MIT */
#include "papers.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

static char *text_of(BIO *bio) {
  char *data;
  const long len = BIO_get_mem_data(bio, &data);
  char *text = calloc(1, (size_t) len + 1);
  assert_non_null(text);
  memcpy(text, data, (size_t) len);
  BIO_free(bio);
  return text;
}

static EVP_PKEY *make_key(unsigned rsa) {
  EVP_PKEY *key = rsa > 0 ? EVP_RSA_gen(rsa) : EVP_EC_gen("P-256");
  assert_non_null(key);
  return key;
}

static void add_extension(X509 *x, int nid, const char *value) {
  X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
  assert_non_null(extension);
  assert_int_equal(X509_add_ext(x, extension, -1), 1);
  X509_EXTENSION_free(extension);
}

static void set_names(X509 *x, const wanted_t *wanted) {
  static int serial;
  ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
  X509_NAME *name = X509_get_subject_name(x);
  const char *title = wanted->title != NULL ? wanted->title : "Authority";
  const char *text = wanted->name != NULL ? wanted->name : title;
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             (const unsigned char *) text, -1, -1, 0);
  const X509 *signer = wanted->signer != NULL ? wanted->signer->x : x;
  X509_set_issuer_name(x, X509_get_subject_name(signer));
}

/* Configurations of OpenSSL cannot express such a name. */
static void add_name_with_nul(X509 *x, const char *name, const char *rest) {
  char bytes[100];
  const int len = snprintf(bytes, sizeof(bytes), "%s%c%s", name, 0, rest);
  ASN1_IA5STRING *string = ASN1_IA5STRING_new();
  GENERAL_NAME *general = GENERAL_NAME_new();
  GENERAL_NAMES *names = GENERAL_NAMES_new();
  assert_int_equal(ASN1_STRING_set(string, bytes, len), 1);
  GENERAL_NAME_set0_value(general, GEN_DNS, string);
  assert_int_equal(sk_GENERAL_NAME_push(names, general), 1);
  assert_int_equal(X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, 0), 1);
  GENERAL_NAMES_free(names);
}

static void add_extensions(X509 *x, const wanted_t *wanted) {
  if (wanted->behind_nul != NULL)
    add_name_with_nul(x, wanted->name, wanted->behind_nul);
  else if (wanted->name != NULL)
    add_extension(x, NID_subject_alt_name, wanted->name);
  else
    add_extension(x, NID_basic_constraints, "critical,CA:TRUE");
  if (wanted->use != NULL)
    add_extension(x, NID_ext_key_usage, wanted->use);
  if (wanted->permits != NULL)
    add_extension(x, NID_name_constraints, wanted->permits);
}

static X509 *make_certificate(const wanted_t *wanted, EVP_PKEY *key) {
  X509 *x = X509_new();
  assert_non_null(x);
  X509_set_version(x, 2);
  set_names(x, wanted);
  const long from = wanted->from != 0 ? wanted->from : -3600;
  X509_gmtime_adj(X509_getm_notBefore(x), from);
  X509_gmtime_adj(X509_getm_notAfter(x), wanted->to != 0 ? wanted->to : 3600);
  X509_set_pubkey(x, key);
  add_extensions(x, wanted);
  EVP_PKEY *by = wanted->signer != NULL ? wanted->signer->pkey : key;
  const char *digest = wanted->digest != NULL ? wanted->digest : "SHA256";
  assert_true(X509_sign(x, by, EVP_get_digestbyname(digest)) > 0);
  return x;
}

papers_t make_papers(const wanted_t *wanted) {
  papers_t papers = { .pkey = make_key(wanted->rsa) };
  papers.x = make_certificate(wanted, papers.pkey);
  BIO *bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, papers.x);
  papers.certificate = text_of(bio);
  bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, papers.pkey, NULL, NULL, 0, NULL, NULL);
  papers.key = text_of(bio);
  return papers;
}

void free_papers(papers_t *papers) {
  free(papers->certificate);
  free(papers->key);
  X509_free(papers->x);
  EVP_PKEY_free(papers->pkey);
}

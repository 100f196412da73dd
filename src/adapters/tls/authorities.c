/* SPDX-License-Identifier: MIT */
/*
 * The system's authorities. Reading their file takes longer than a loop may
 * block, and most servers do not need them. The first handshake that needs the
 * file reads it on the thread pool, once for the whole process. All settings
 * share its contents. It is read again only when it has changed. OpenSSL itself
 * searches the system's directories during verification.
 */
#include "authorities.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdlib.h>

/* Identity of the file. */
typedef struct {
  uint64_t device, inode, size;
  uv_timespec_t changed;
} identity_t;

/* The contents that were read last, which never change. NULL: none. */
static X509_STORE *known;
static identity_t known_by;
static uv_mutex_t lock; /* guards both */
static uv_once_t once = UV_ONCE_INIT;

static void make_lock(void) {
  if (uv_mutex_init(&lock) != 0)
    abort(); /* as libuv does without a lock */
}

/* Returns zeros if there is no file. OpenSSL uses the same path. */
static identity_t identify(void) {
  uv_fs_t req;
  const char *path = getenv(X509_get_default_cert_file_env());
  if (path == NULL)
    path = X509_get_default_cert_file();
  const int err = uv_fs_stat(NULL, &req, path, NULL);
  const uv_stat_t info = req.statbuf;
  uv_fs_req_cleanup(&req);
  if (err != 0)
    return (identity_t){ .size = 0 };
  return (identity_t){ .device = info.st_dev,
                       .inode = info.st_ino,
                       .size = info.st_size,
                       .changed = info.st_mtim };
}

static bool is_same(const identity_t *a, const identity_t *b) {
  return a->device == b->device && a->inode == b->inode && a->size == b->size &&
         a->changed.tv_sec == b->changed.tv_sec &&
         a->changed.tv_nsec == b->changed.tv_nsec;
}

/* Returns NULL if out of memory. Contents that are not certificates are
   ignored. */
static X509_STORE *read_file(void) {
  X509_STORE *store = X509_STORE_new();
  X509_LOOKUP *lookup =
      store != NULL ? X509_STORE_add_lookup(store, X509_LOOKUP_file()) : NULL;
  if (lookup == NULL) {
    X509_STORE_free(store);
    return NULL;
  }
  (void) X509_LOOKUP_load_file(lookup, NULL, X509_FILETYPE_DEFAULT);
  return store;
}

/* Returns a reference that the caller frees, or NULL if out of memory. */
static X509_STORE *current(void) {
  const identity_t now = identify();
  uv_once(&once, make_lock);
  uv_mutex_lock(&lock);
  if (known == NULL || !is_same(&now, &known_by)) {
    X509_STORE_free(known);
    known = read_file();
    known_by = now;
  }
  X509_STORE *store = known;
  if (store != NULL)
    (void) X509_STORE_up_ref(store); /* cannot fail */
  uv_mutex_unlock(&lock);
  return store;
}

static bool add_object(X509_STORE *to, const X509_OBJECT *object) {
  X509 *x = X509_OBJECT_get0_X509(object);
  X509_CRL *crl = X509_OBJECT_get0_X509_CRL(object);
  if (x != NULL)
    return X509_STORE_add_cert(to, x) == 1;
  return crl == NULL || X509_STORE_add_crl(to, crl) == 1;
}

static bool add_all(X509_STORE *to, X509_STORE *from) {
  const STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(from);
  bool fine = true;
  for (int i = 0; fine && i < sk_X509_OBJECT_num(all); i++)
    fine = add_object(to, sk_X509_OBJECT_value(all, i));
  return fine;
}

bool avow__tls_authorities_prepare(avow__tls_settings_t *s) {
  s->store = SSL_CTX_get_cert_store(s->ctx);
  atomic_store(&s->lacks, true);
  return SSL_CTX_set_default_verify_dir(s->ctx) == 1 &&
         SSL_CTX_set_default_verify_store(s->ctx) == 1;
}

/* If the program has set another store, the program must fill it. */
bool avow__tls_authorities_lack(const avow__tls_settings_t *s, bool client) {
  return atomic_load(&s->lacks) &&
         (client || SSL_CTX_get_verify_mode(s->ctx) != SSL_VERIFY_NONE) &&
         SSL_CTX_get_cert_store(s->ctx) == s->store;
}

bool avow__tls_authorities_load(avow__tls_settings_t *s) {
  X509_STORE *from = current();
  const bool fine = from != NULL && add_all(s->store, from);
  X509_STORE_free(from);
  ERR_clear_error();
  if (fine)
    atomic_store(&s->lacks, false);
  return fine;
}

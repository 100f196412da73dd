/* SPDX-License-Identifier: MIT */
/*
 * Sessions that clients remember, to resume them: of 64 hosts, those that were
 * spoken to last, four each. Settings have them for themselves, so that who
 * believes others resumes nothing; each is offered only to the host whose
 * certificate was verified when it began, and while that is valid. One of TLS
 * 1.3 is offered once, for who listens on the way must not know a client again.
 *
 * Whatever thread a stream is on: the mutex guards all.
 */
#include "sessions.h"

#include <openssl/err.h>
#include <string.h>

#include "settings.h"

enum { HOSTS = 64, SESSIONS = 4 };

typedef struct {
  char *host; /* NULL: unused, and then there are none */
  SSL_SESSION *sessions[SESSIONS];
  size_t n;
  uint64_t used; /* the greater, the later */
} remembered_t;

struct avow__tls_sessions_s {
  uv_mutex_t mutex;
  uint64_t uses;
  remembered_t hosts[HOSTS];
};

avow__tls_sessions_t *avow__tls_sessions_new(void) {
  avow__tls_sessions_t *all = OPENSSL_zalloc(sizeof(*all));
  if (all != NULL && uv_mutex_init(&all->mutex) == 0)
    return all;
  OPENSSL_free(all);
  return NULL;
}

static void drop_sessions(remembered_t *r) {
  while (r->n > 0)
    SSL_SESSION_free(r->sessions[--r->n]);
}

static void forget(remembered_t *r) {
  drop_sessions(r);
  OPENSSL_free(r->host);
  r->host = NULL;
}

void avow__tls_sessions_free(avow__tls_sessions_t *all) {
  if (all == NULL)
    return;
  for (size_t i = 0; i < HOSTS; i++)
    forget(&all->hosts[i]);
  uv_mutex_destroy(&all->mutex);
  OPENSSL_free(all);
}

/* NULL if it is not known. */
static remembered_t *find(avow__tls_sessions_t *all, const char *host) {
  for (size_t i = 0; i < HOSTS; i++)
    if (all->hosts[i].host != NULL && strcmp(all->hosts[i].host, host) == 0)
      return &all->hosts[i];
  return NULL;
}

/* In the place of the one that was not spoken to for the longest time. NULL: no
   memory. */
static remembered_t *add_host(avow__tls_sessions_t *all, const char *host) {
  char *copy = OPENSSL_strdup(host);
  if (copy == NULL)
    return NULL;
  remembered_t *r = &all->hosts[0];
  for (size_t i = 1; i < HOSTS; i++)
    if (all->hosts[i].used < r->used)
      r = &all->hosts[i];
  forget(r);
  r->host = copy;
  return r;
}

static bool is_for_once(const SSL_SESSION *session) {
  return SSL_SESSION_get_protocol_version(session) == TLS1_3_VERSION;
}

static void drop_oldest(remembered_t *r) {
  SSL_SESSION_free(r->sessions[0]);
  r->n--;
  for (size_t i = 0; i < r->n; i++)
    r->sessions[i] = r->sessions[i + 1];
}

/* Another takes the place of one that may be offered again. */
static void push(remembered_t *r, SSL_SESSION *session) {
  if (!is_for_once(session))
    drop_sessions(r);
  if (r->n == SESSIONS)
    drop_oldest(r);
  r->sessions[r->n++] = session;
}

/* False: no memory, and the session stays the caller's. */
static bool remember(avow__tls_sessions_t *all, const char *host,
                     SSL_SESSION *session) {
  uv_mutex_lock(&all->mutex);
  remembered_t *r = find(all, host);
  if (r == NULL)
    r = add_host(all, host);
  if (r != NULL) {
    r->used = ++all->uses;
    push(r, session);
  }
  uv_mutex_unlock(&all->mutex);
  return r != NULL;
}

/* OpenSSL would not look at the certificate again. */
static bool is_valid(SSL_SESSION *session) {
  const X509 *peer = SSL_SESSION_get0_peer(session);
  return SSL_SESSION_is_resumable(session) && peer != NULL &&
         X509_cmp_current_time(X509_get0_notAfter(peer)) > 0;
}

/* The caller's, as is what it leaves there. NULL if there is none. */
static SSL_SESSION *pop(remembered_t *r) {
  while (r->n > 0) {
    SSL_SESSION *last = r->sessions[r->n - 1];
    if (is_valid(last) &&
        (is_for_once(last) || SSL_SESSION_up_ref(last) == 1)) {
      r->n -= is_for_once(last);
      return last;
    }
    r->n--;
    SSL_SESSION_free(last);
  }
  return NULL;
}

static SSL_SESSION *recall(avow__tls_sessions_t *all, const char *host) {
  uv_mutex_lock(&all->mutex);
  remembered_t *r = find(all, host);
  SSL_SESSION *session = r != NULL ? pop(r) : NULL;
  uv_mutex_unlock(&all->mutex);
  return session;
}

static avow__tls_sessions_t *sessions_of(const avow__tls_t *t) {
  return avow__tls_settings_of(&t->settings)->sessions;
}

/* OpenSSL has a session that may be resumed, and gives it away for 1. It is in
   the middle of a read, which must not fail because there was no memory here.
 */
static int on_session(SSL *ssl, SSL_SESSION *session) {
  const avow__tls_t *t = BIO_get_data(SSL_get_rbio(ssl));
  if (t->host == NULL)
    return 0;
  (void) ERR_set_mark(); /* if there is none, there are no errors either */
  const bool taken = remember(sessions_of(t), t->host, session);
  (void) ERR_pop_to_mark();
  return taken;
}

void avow__tls_sessions_collect(SSL_CTX *ctx) {
  (void) SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_BOTH |
                                                 SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(ctx, on_session);
}

void avow__tls_sessions_offer(const avow__tls_t *t) {
  SSL_SESSION *session = recall(sessions_of(t), t->host);
  if (session != NULL && SSL_set_session(t->ssl, session) != 1)
    ERR_clear_error(); /* it does without */
  SSL_SESSION_free(session);
}

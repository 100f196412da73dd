/* SPDX-License-Identifier: MIT */
/*
 * Sessions that clients keep and resume: of the 64 most recently used hosts,
 * four for each. Each settings object has its own sessions, so different
 * authorities never share a session. A session is offered only to the host
 * whose certificate was verified at its start, and only while this certificate
 * is valid. A session of TLS 1.3 is offered once, because an observer could
 * otherwise recognize a client.
 *
 * Streams may be on any thread, so the mutex guards everything.
 */
#include "sessions.h"

#include <openssl/err.h>
#include <string.h>

#include "settings.h"

enum { HOSTS = 64, SESSIONS = 4 };

typedef struct {
  char *host; /* NULL: unused, without sessions */
  SSL_SESSION *sessions[SESSIONS];
  size_t n;
  uint64_t used; /* a greater number is more recent */
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

/* Returns NULL if the host is unknown. */
static remembered_t *find(avow__tls_sessions_t *all, const char *host) {
  for (size_t i = 0; i < HOSTS; i++)
    if (all->hosts[i].host != NULL && strcmp(all->hosts[i].host, host) == 0)
      return &all->hosts[i];
  return NULL;
}

/* Replaces the least recently used host. Returns NULL if out of memory. */
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

/* A new session replaces one that may be offered repeatedly. */
static void push(remembered_t *r, SSL_SESSION *session) {
  if (!is_for_once(session))
    drop_sessions(r);
  if (r->n == SESSIONS)
    drop_oldest(r);
  r->sessions[r->n++] = session;
}

/* Returns false if out of memory; the caller then still owns the session. */
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

/* OpenSSL would not check the certificate again. */
static bool is_valid(SSL_SESSION *session) {
  const X509 *peer = SSL_SESSION_get0_peer(session);
  return SSL_SESSION_is_resumable(session) && peer != NULL &&
         X509_cmp_current_time(X509_get0_notAfter(peer)) > 0;
}

/* Returns a session that the caller owns, or NULL. Drops the invalid sessions
   before it. */
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

/* OpenSSL calls this with a session that may be resumed. Returning 1 takes
   ownership of the session. OpenSSL is in the middle of a read, which must not
   fail if this is out of memory. */
static int on_session(SSL *ssl, SSL_SESSION *session) {
  const avow__tls_t *t = BIO_get_data(SSL_get_rbio(ssl));
  if (t->host == NULL)
    return 0;
  (void) ERR_set_mark(); /* fails only if there are no errors */
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
    ERR_clear_error(); /* it is not resumed */
  SSL_SESSION_free(session);
}

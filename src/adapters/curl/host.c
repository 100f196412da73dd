/* SPDX-License-Identifier: MIT */
/*
 * The host of a transfer is the start of its URL. Two spellings of a host are
 * two hosts here, but one host for libcurl, which applies the same limit to it.
 * A host that multiplexes counts as one connection. It may run as many
 * transfers as libcurl puts on one connection.
 *
 * The queue has the hosts whose transfers may start. Each time, one transfer of
 * the first host starts, and the host moves to the end.
 */
#include "host.h"

#include <assert.h>
#include <string.h>

#include "avow/loop.h"

enum { STREAMS = 100 }; /* of a connection: libcurl's default */

static size_t name_length(const char *url) {
  const char *scheme_end = strstr(url, "://");
  const size_t before =
      scheme_end != NULL ? (size_t) (scheme_end - url) + 3 : 0;
  return before + strcspn(url + before, "/?#");
}

static host_t **row_of(client_t *c, const char *name, size_t len) {
  unsigned hash = 2166136261U;
  for (size_t i = 0; i < len; i++)
    hash = (hash ^ (unsigned char) name[i]) * 16777619U;
  return &c->hosts[hash % CLIENT_ROWS];
}

static host_t *host_new(client_t *c, const char *name, size_t len) {
  host_t *host = avow_calloc(1, sizeof(*host) + len);
  if (host == NULL)
    return NULL;
  host->client = c;
  host->len = len;
  memcpy(host->name, name, len);
  return host;
}

host_t *avow__curl_host(client_t *c, const char *url) {
  const char *name = url != NULL ? url : "";
  const size_t len = name_length(name);
  host_t **row = row_of(c, name, len);
  host_t *host = *row;
  while (host != NULL &&
         (host->len != len || memcmp(host->name, name, len) != 0))
    host = host->next;
  if (host == NULL) {
    host = host_new(c, name, len);
    if (host == NULL)
      return NULL;
    host->is_any = url == NULL;
    host->next = *row;
    *row = host;
  }
  host->refs++;
  return host;
}

void avow__curl_host_unref(host_t *host) {
  if (--host->refs > 0)
    return;
  assert(host->running == 0);
  host_t **at = row_of(host->client, host->name, host->len);
  while (*at != host)
    at = &(*at)->next;
  *at = host->next;
  avow_free(host);
}

static bool is_below_limit(const host_t *host) {
  unsigned most = host->client->host_connections;
  if (host->multiplexes && most < STREAMS)
    most = STREAMS;
  return host->is_any || host->running < most;
}

void avow__curl_host_ready(host_t *host) {
  client_t *c = host->client;
  if (host->is_ready || host->waiting.first == NULL || !is_below_limit(host))
    return;
  host->is_ready = true;
  host->refs++;
  host->next_ready = NULL;
  if (c->ready != NULL)
    c->last_ready->next_ready = host;
  else
    c->ready = host;
  c->last_ready = host;
}

static void host_take_out(host_t *host) {
  host->client->ready = host->next_ready;
  host->is_ready = false;
}

static unsigned connections_of(const host_t *host) {
  return host->multiplexes && host->running > 0 ? 1 : host->running;
}

static bool has_room(const host_t *host) {
  const client_t *c = host->client;
  return c->used < c->connections || (host->multiplexes && host->running > 0);
}

host_t *avow__curl_host_next(client_t *c) {
  for (host_t *host = c->ready; host != NULL; host = c->ready) {
    const bool may_begin = host->waiting.first != NULL && is_below_limit(host);
    if (may_begin && !has_room(host))
      return NULL;
    host_take_out(host);
    if (may_begin) {
      host->refs--; /* not the last, because the transfer has one */
      return host;
    }
    avow__curl_host_unref(host);
  }
  return NULL;
}

void avow__curl_host_run(host_t *host, int more) {
  client_t *c = host->client;
  c->used -= connections_of(host);
  host->running += (unsigned) more;
  c->used += connections_of(host);
  avow__curl_host_ready(host);
}

void avow__curl_host_multiplexes(host_t *host) {
  client_t *c = host->client;
  c->used -= connections_of(host);
  host->multiplexes = !host->is_any;
  c->used += connections_of(host);
  avow__curl_host_ready(host);
}

/* SPDX-License-Identifier: MIT */
/*
 * libcurl reports when a lookup starts. A lookup has ended when the total time
 * of lookups has grown. Lookups for a SOCKS proxy and for the data connection
 * of FTP do not add to this time. They come after the lookup of the server and
 * cannot be recognized while they run. A transfer that is canceled then is
 * removed at once. Since libcurl 7.87, this leaves the thread running, as does
 * a timeout of libcurl. Older versions wait.
 */
#include "resolver_watch.h"

#include <stddef.h>

static int on_lookup(void *resolver, void *reserved, void *data) {
  lookup_t *lookup = data;
  long redirects = 0;
  (void) curl_easy_getinfo(lookup->easy, CURLINFO_REDIRECT_COUNT, &redirects);
  (void) curl_easy_getinfo(lookup->easy, CURLINFO_NAMELOOKUP_TIME_T,
                           &lookup->before);
  lookup->first = redirects != lookup->redirects;
  lookup->redirects = redirects;
  return 0;
}

static void do_not_wait(CURL *easy, long whether) {
#if LIBCURL_VERSION_NUM >= 0x075700
  (void) curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, whether);
#endif
}

void avow__curl_lookup_note(lookup_t *lookup, CURL *easy) {
  *lookup = (lookup_t){ .easy = easy, .redirects = -1 };
  (void) curl_easy_setopt(easy, CURLOPT_RESOLVER_START_FUNCTION, on_lookup);
  (void) curl_easy_setopt(easy, CURLOPT_RESOLVER_START_DATA, lookup);
  do_not_wait(easy, 1);
}

void avow__curl_lookup_forget(CURL *easy) {
  (void) curl_easy_setopt(easy, CURLOPT_RESOLVER_START_FUNCTION, NULL);
  (void) curl_easy_setopt(easy, CURLOPT_RESOLVER_START_DATA, NULL);
  do_not_wait(easy, 0);
}

bool avow__curl_looks_up(const lookup_t *lookup) {
  curl_off_t taken = 0;
  if (!lookup->first)
    return false;
  (void) curl_easy_getinfo(lookup->easy, CURLINFO_NAMELOOKUP_TIME_T, &taken);
  return taken == lookup->before;
}

static curl_socket_t refuse_socket(void *data, curlsocktype purpose,
                                   struct curl_sockaddr *address) {
  return CURL_SOCKET_BAD;
}

/* libcurl makes all other calls after it has a socket, and it gets none. */
void avow__curl_lookup_last(CURL *easy) {
  (void) curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, refuse_socket);
  (void) curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
  (void) curl_easy_setopt(easy, CURLOPT_VERBOSE, 0L);
  (void) curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, NULL);
  (void) curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, NULL);
}

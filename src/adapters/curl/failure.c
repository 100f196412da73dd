/* SPDX-License-Identifier: MIT */
/*
 * Failures. The cause of an error is a pointer into a table in this file, at
 * the index of libcurl's code. A cause of another error can therefore not be
 * taken for such a code.
 */
#include "failure.h"

#include <string.h>

static char codes[CURL_LAST];

/* Maps codes for failures before a peer was reached, and for invalid requests.
   Other codes become UV_EPROTO. */
static int code_of(CURLcode code) {
  static const struct {
    CURLcode theirs;
    int ours;
  } table[] = {
    { CURLE_OPERATION_TIMEDOUT, UV_ETIMEDOUT },
    { CURLE_OUT_OF_MEMORY, UV_ENOMEM },
    { CURLE_COULDNT_RESOLVE_HOST, UV_EAI_NONAME },
    { CURLE_COULDNT_RESOLVE_PROXY, UV_EAI_NONAME },
    { CURLE_URL_MALFORMAT, UV_EINVAL },
    { CURLE_UNSUPPORTED_PROTOCOL, UV_EINVAL },
    { CURLE_BAD_FUNCTION_ARGUMENT, UV_EINVAL },
    { CURLE_UNKNOWN_OPTION, UV_EINVAL },
    { CURLE_NOT_BUILT_IN, UV_ENOTSUP },
    { CURLE_FILESIZE_EXCEEDED, UV_EMSGSIZE },
#if LIBCURL_VERSION_NUM >= 0x080600
    { CURLE_TOO_LARGE, UV_EMSGSIZE },
#endif
    { CURLE_SEND_FAIL_REWIND, UV_ESPIPE },
    { CURLE_ABORTED_BY_CALLBACK, UV_ECANCELED },
  };
  for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
    if (table[i].theirs == code)
      return table[i].ours;
  return UV_EPROTO;
}

/* For these codes, the system may report more. */
static bool is_of_system(CURLcode code) {
  return code == CURLE_COULDNT_CONNECT || code == CURLE_SEND_ERROR ||
         code == CURLE_RECV_ERROR || code == CURLE_INTERFACE_FAILED;
}

/* libcurl uses this code for an unsupported URL, and also for a response with
   an unknown HTTP version. In the second case it has already contacted the peer
   of the URL. */
static bool is_of_peer(CURL *easy, CURLcode code) {
  const char *url = NULL, *scheme = NULL;
  if (code != CURLE_UNSUPPORTED_PROTOCOL)
    return false;
  (void) curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url);
  (void) curl_easy_getinfo(easy, CURLINFO_SCHEME, &scheme);
  if (url == NULL || scheme == NULL)
    return false;
  const size_t len = strlen(scheme);
  return curl_strnequal(url, scheme, len) != 0 && url[len] == ':';
}

static int system_code(CURL *easy) {
  long err = 0;
  (void) curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &err);
  return err > 0 ? uv_translate_sys_error((int) err) : 0;
}

static void put_back(uv_file fd) {
  uv_fs_t close;
  (void) uv_fs_close(NULL, &close, fd, NULL);
  uv_fs_req_cleanup(&close);
}

/* With these codes, libcurl does not report that it lacked a descriptor. */
static bool is_of_descriptors(CURLcode code) {
  return code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
         code == CURLE_COULDNT_RESOLVE_PROXY ||
         code == CURLE_SSL_CACERT_BADFILE;
}

enum { PIPES = 4 }; /* as many descriptors as a lookup and TLS may need */

/* Tests whether descriptors are left. Returns 0, or the code of the failure. */
static int no_pipes(unsigned n) {
  uv_file ends[PIPES][2];
  unsigned made = 0;
  int err = 0;
  while (made < n && err == 0) {
    err = uv_pipe(ends[made], 0, 0);
    made += err == 0;
  }
  while (made-- > 0) {
    put_back(ends[made][0]);
    put_back(ends[made][1]);
  }
  return err;
}

bool avow__curl_lacks_descriptors(CURLcode code) {
  const int err = is_of_descriptors(code) ? no_pipes(PIPES) : 0;
  return err == UV_EMFILE || err == UV_ENFILE;
}

avow_value_t avow__curl_failure(CURL *easy, CURLcode code,
                                const char *message) {
  int system = is_of_system(code) ? system_code(easy) : 0;
  if (system == 0 && code == CURLE_COULDNT_CONNECT)
    system = no_pipes(1);
  const int ours = is_of_peer(easy, code) ? UV_EPROTO : code_of(code);
  const int err = system != 0 ? system : ours;
  if (message[0] == '\0')
    message = curl_easy_strerror(code);
  const avow_value_t cause = avow_pointer(&codes[code]);
  if (code == CURLE_COULDNT_CONNECT && system != 0) /* `message` has no cause */
    return avow_error_new(err, cause, "%s: %s", message, avow_strerror(err));
  return avow_error_new(err, cause, "%s", message);
}

CURLcode avow_curl_code(const avow_value_t *error) {
  const avow_value_t *cause =
      error != NULL && avow_is_error(error) ? avow_error_cause(error) : NULL;
  if (cause == NULL || cause->tag != AVOW_POINTER)
    return CURLE_OK;
  const uintptr_t at = (uintptr_t) cause->u.p, first = (uintptr_t) codes;
  return at > first && at < first + CURL_LAST ? (CURLcode) (at - first)
                                              : CURLE_OK;
}

/* SPDX-License-Identifier: MIT */
/*
 * Names and addresses: uv_getaddrinfo() and uv_getnameinfo(). An object owns
 * the list of addresses, so a list that arrives too late is freed with it. The
 * loop's thread converts numeric addresses. Only names go to the thread pool.
 */
#include "avow/net.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "avow/cancel.h"
#include "uv/address.h"
#include "uv/op.h"

typedef struct {
  avow__op_t op;
  uv_getaddrinfo_t req;
  char node[]; /* for messages; empty if there is none */
} lookup_t;

static void free_list(void *list) {
  uv_freeaddrinfo(list);
}

static const avow_class_t addrinfo_class = { .name = "addrinfo",
                                             .sendable = true,
                                             .destroy = free_list };

const struct addrinfo *avow_to_addrinfo(const avow_value_t *v) {
  return avow__to_object(v, &addrinfo_class);
}

/* libuv reports UV_EAI_CANCELED where it documents UV_ECANCELED. */
static int normalized(int status) {
  return status == UV_EAI_CANCELED ? UV_ECANCELED : status;
}

static void on_addrinfo(uv_getaddrinfo_t *req, int status,
                        struct addrinfo *list) {
  lookup_t *lookup = req->data;
  if (status == 0) {
    avow__op_complete(&lookup->op, avow_object(&addrinfo_class, list));
    return;
  }
  uv_freeaddrinfo(list);
  const char *node = lookup->node[0] != '\0' ? lookup->node : NULL;
  avow__op_complete(&lookup->op,
                    avow__error_of(normalized(status), "getaddrinfo", node));
}

static void dns_cancel(void *data) {
  lookup_t *lookup = data;
  (void) uv_cancel((uv_req_t *) &lookup->req); /* else its result is unused */
}

#ifdef __GLIBC__
enum { DEFAULT_FLAGS = AI_V4MAPPED | AI_ADDRCONFIG };
#else
enum { DEFAULT_FLAGS = 0 };
#endif

/* True for all numeric forms, such as "127.1", and for a few names. */
static bool may_be_numeric(const char *node, const char *service) {
  if (service != NULL && service[strspn(service, "0123456789")] != '\0')
    return false;
  return node == NULL || isdigit((unsigned char) node[0]) != 0 ||
         strchr(node, ':') != NULL;
}

/* The system converts numbers without waiting. They need no thread of the pool,
   which slow lookups may occupy. Returns false if `node` is a name. */
static bool convert(uv_loop_t *loop, const char *node, const char *service,
                    const struct addrinfo *hints, avow_value_t *out) {
  uv_getaddrinfo_t req;
  struct addrinfo numeric = { .ai_flags = DEFAULT_FLAGS };
  if (!may_be_numeric(node, service))
    return false;
  if (hints != NULL)
    numeric = *hints;
  numeric.ai_flags |= AI_NUMERICHOST | AI_NUMERICSERV;
  const int err = uv_getaddrinfo(loop, &req, NULL, node, service, &numeric);
  if (err == UV_EAI_NONAME && node != NULL && strchr(node, ':') == NULL)
    return false;
  *out = err == 0 ? avow_object(&addrinfo_class, req.addrinfo)
                  : avow__error_of(err, "getaddrinfo", node);
  return true;
}

/* glibc would use the remainder modulo 65536 as the port. */
static bool is_no_port(const char *service) {
  if (service == NULL)
    return false;
  char *end;
  const unsigned long port = strtoul(service, &end, 10); /* as glibc does */
  return *end == '\0' && port > 65535;
}

static lookup_t *lookup_new(uv_loop_t *loop, const char *node,
                            avow_promise_t **out) {
  const size_t len = node != NULL ? strlen(node) : 0;
  lookup_t *lookup = avow__op_new(loop, sizeof(*lookup) + len + 1, out);
  if (lookup == NULL)
    return NULL;
  lookup->req.data = lookup;
  if (len > 0)
    memcpy(lookup->node, node, len);
  return lookup;
}

static void begin_lookup(uv_loop_t *loop, lookup_t *lookup, const char *node,
                         const char *service, const struct addrinfo *hints) {
  avow_on_cancel(lookup->op.deferred, dns_cancel, lookup);
  const int err =
      uv_getaddrinfo(loop, &lookup->req, on_addrinfo, node, service, hints);
  if (err == 0)
    avow__op_started_on_pool(&lookup->op);
  else
    (void) avow__op_end(&lookup->op, avow__error_of(err, "getaddrinfo", node));
}

avow_promise_t *avow_getaddrinfo(uv_loop_t *loop, const char *node,
                                 const char *service,
                                 const struct addrinfo *hints) {
  avow__check_ready(loop);
  avow_promise_t *p;
  avow_value_t v;
  if (is_no_port(service))
    return avow__refuse(loop, UV_EAI_SERVICE, "getaddrinfo", node);
  lookup_t *lookup = lookup_new(loop, node, &p);
  if (lookup != NULL && convert(loop, node, service, hints, &v))
    (void) avow__op_end(&lookup->op, v);
  else if (lookup != NULL)
    begin_lookup(loop, lookup, node, service, hints);
  return p;
}

typedef struct {
  avow__op_t op;
  uv_getnameinfo_t req;
  char address[AVOW__ADDRESS_MAX]; /* for messages */
} naming_t;

static avow_value_t pair(const char *first, const char *second) {
  avow_value_t both[] = { avow_string(first), avow_string(second) };
  if (!avow_is_error(&both[0]) && !avow_is_error(&both[1]))
    return avow_list(both, 2);
  avow__value_unref(both[0]);
  avow__value_unref(both[1]);
  return avow_error(UV_ENOMEM);
}

static void on_nameinfo(uv_getnameinfo_t *req, int status, const char *host,
                        const char *service) {
  naming_t *naming = req->data;
  avow__op_complete(&naming->op,
                    status == 0
                        ? pair(host, service)
                        : avow__error_of(normalized(status), "getnameinfo",
                                         naming->address));
}

static void cancel_naming(void *data) {
  naming_t *naming = data;
  (void) uv_cancel((uv_req_t *) &naming->req); /* else its result is unused */
}

/* Whether only numbers are wanted, which need no lookup. */
static bool wants_numbers(int flags) {
  const int numeric = NI_NUMERICHOST | NI_NUMERICSERV;
  return (flags & (numeric | NI_NAMEREQD)) == numeric;
}

static avow_value_t print_numbers(uv_loop_t *loop, naming_t *naming,
                                  const struct sockaddr *address, int flags) {
  uv_getnameinfo_t *req = &naming->req;
  const int err = uv_getnameinfo(loop, req, NULL, address, flags);
  return err == 0 ? pair(req->host, req->service)
                  : avow__error_of(err, "getnameinfo", naming->address);
}

static void look_up_names(uv_loop_t *loop, naming_t *naming,
                          const struct sockaddr *address, int flags) {
  naming->req.data = naming;
  avow_on_cancel(naming->op.deferred, cancel_naming, naming);
  const int err =
      uv_getnameinfo(loop, &naming->req, on_nameinfo, address, flags);
  if (err == 0)
    avow__op_started_on_pool(&naming->op);
  else
    (void) avow__op_end(&naming->op,
                        avow__error_of(err, "getnameinfo", naming->address));
}

avow_promise_t *avow_getnameinfo(uv_loop_t *loop,
                                 const struct sockaddr *address, int flags) {
  avow__check_ready(loop);
  avow_promise_t *p;
  naming_t *naming = avow__op_new(loop, sizeof(*naming), &p);
  if (naming == NULL)
    return p;
  avow__address_print(address, naming->address);
  if (wants_numbers(flags))
    (void) avow__op_end(&naming->op,
                        print_numbers(loop, naming, address, flags));
  else
    look_up_names(loop, naming, address, flags);
  return p;
}

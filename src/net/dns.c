/* SPDX-License-Identifier: MIT */
/*
 * Names and addresses: uv_getaddrinfo() and uv_getnameinfo(). A list of
 * addresses is an object's, so one that comes too late is freed with it.
 */
#include "avow/dns.h"

#include <stdlib.h>
#include <string.h>

#include "avow/cancel.h"
#include "io/op.h"
#include "net/address.h"

typedef struct {
  avow__op_t op;
  uv_getaddrinfo_t req;
  char node[]; /* for messages; empty for none */
} lookup_t;

static void free_list(void *list) {
  uv_freeaddrinfo(list);
}

static const avow_class_t addrinfo_class = { .name = "addrinfo",
                                             .sendable = true,
                                             .destroy = free_list };

const struct addrinfo *avow_to_addrinfo(const avow_value_t *v) {
  return avow_to_object(v, &addrinfo_class);
}

/* libuv says UV_EAI_CANCELED where it documents UV_ECANCELED. */
static int normalised(int status) {
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
                    avow__error_of(normalised(status), "getaddrinfo", node));
}

static void dns_cancel(void *data) {
  lookup_t *lookup = data;
  (void) uv_cancel((uv_req_t *) &lookup->req); /* or it ends unheard */
}

/* glibc takes what is left of it, divided by 65536, for the port. */
static bool is_no_port(const char *service) {
  if (service == NULL)
    return false;
  char *end;
  const unsigned long port = strtoul(service, &end, 10); /* as it does */
  return *end == '\0' && port > 65535;
}

avow_promise_t *avow_getaddrinfo(uv_loop_t *loop, const char *node,
                                 const char *service,
                                 const struct addrinfo *hints) {
  if (is_no_port(service))
    return avow__refuse(loop, UV_EAI_SERVICE, "getaddrinfo", node);
  avow_promise_t *p;
  const size_t len = node != NULL ? strlen(node) : 0;
  lookup_t *lookup = avow__op_new(loop, sizeof(*lookup) + len + 1, &p);
  if (lookup == NULL)
    return p;
  lookup->req.data = lookup;
  if (len > 0)
    memcpy(lookup->node, node, len);
  avow_on_cancel(lookup->op.deferred, dns_cancel, lookup);
  const int err =
      uv_getaddrinfo(loop, &lookup->req, on_addrinfo, node, service, hints);
  if (err == 0)
    avow__op_started_on_pool(&lookup->op);
  else
    (void) avow__op_end(&lookup->op, avow__error_of(err, "getaddrinfo", node));
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
                        : avow__error_of(normalised(status), "getnameinfo",
                                         naming->address));
}

static void cancel_naming(void *data) {
  naming_t *naming = data;
  (void) uv_cancel((uv_req_t *) &naming->req); /* or it ends unheard */
}

avow_promise_t *avow_getnameinfo(uv_loop_t *loop,
                                 const struct sockaddr *address, int flags) {
  avow_promise_t *p;
  naming_t *naming = avow__op_new(loop, sizeof(*naming), &p);
  if (naming == NULL)
    return p;
  avow__address_print(address, naming->address);
  naming->req.data = naming;
  avow_on_cancel(naming->op.deferred, cancel_naming, naming);
  const int err =
      uv_getnameinfo(loop, &naming->req, on_nameinfo, address, flags);
  if (err == 0)
    avow__op_started_on_pool(&naming->op);
  else
    (void) avow__op_end(&naming->op,
                        avow__error_of(err, "getnameinfo", naming->address));
  return p;
}

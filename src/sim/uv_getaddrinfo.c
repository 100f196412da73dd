/* SPDX-License-Identifier: MIT */
/* Resolves names to addresses and addresses to names. */
#include <stdio.h>
#include <string.h>

#include "base/container.h"
#include "sim/chance.h"
#include "sim/resolver.h"
#include "sim/thread_pool.h"

SIM_ANCHOR(getaddrinfo)

/* One address in the result. */
typedef struct {
  struct addrinfo info; /* must be first: uv_freeaddrinfo() frees it through
                           this */
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } address;
  char name[];
} answer_t;

typedef struct {
  sim_job_t job;
  uv_getaddrinfo_t *request;
  uv_getaddrinfo_cb cb;
  sim_query_t query;
  char text[]; /* the strings of the query */
} lookup_t;

typedef struct {
  int type, protocol;
} kind_t;

static const kind_t kinds[] = { { SOCK_STREAM, IPPROTO_TCP },
                                { SOCK_DGRAM, IPPROTO_UDP },
                                { SOCK_RAW, 0 } };

void uv_freeaddrinfo(struct addrinfo *list) {
  while (list != NULL) {
    struct addrinfo *next = list->ai_next;
    sim_free(list);
    list = next;
  }
}

static answer_t *answer_new(const sim_address_t *address, const kind_t *kind,
                            const char *name) {
  const size_t size = name != NULL ? strlen(name) + 1 : 0;
  answer_t *answer = sim_alloc(sizeof(*answer) + size);
  int len = sizeof(answer->address);
  sim_address_write(address, &answer->address.any, &len);
  answer->info.ai_family = address->family;
  answer->info.ai_socktype = kind->type;
  answer->info.ai_protocol = kind->protocol;
  answer->info.ai_addr = &answer->address.any;
  answer->info.ai_addrlen = (socklen_t) len;
  if (name != NULL)
    answer->info.ai_canonname = memcpy(answer->name, name, size);
  return answer;
}

/* Adds a result for each socket type that the query asks for. Returns the new
   end of the list. */
static struct addrinfo **answer(const sim_query_t *query,
                                const sim_address_t *address,
                                struct addrinfo **end, bool is_first) {
  const struct addrinfo *hints = &query->hints;
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
    if (hints->ai_socktype != 0 && hints->ai_socktype != kinds[i].type)
      continue;
    const bool is_named = is_first && (hints->ai_flags & AI_CANONNAME) != 0;
    answer_t *one =
        answer_new(address, &kinds[i], is_named ? query->node : NULL);
    *end = &one->info;
    end = &one->info.ai_next;
    is_first = false;
  }
  return end;
}

static int check_hints(const sim_query_t *query) {
  const struct addrinfo *hints = &query->hints;
  const int family = hints->ai_family;
  if ((hints->ai_flags & AI_CANONNAME) != 0 && query->node == NULL)
    return UV_EAI_BADFLAGS;
  if (family != AF_UNSPEC && family != AF_INET && family != AF_INET6)
    return UV_EAI_FAMILY;
  return 0;
}

static int resolve(const sim_query_t *query, struct addrinfo **out) {
  sim_address_t found[SIM_ADDRESSES];
  int err = check_hints(query);
  if (err == 0)
    err = sim_resolver_port(query);
  if (err < 0)
    return err;
  const uint16_t port = (uint16_t) err;
  const int n = sim_resolver_addresses(query, found);
  struct addrinfo **end = out;
  for (int i = 0; i < n; i++) {
    found[i].port = port;
    end = answer(query, &found[i], end, i == 0);
  }
  if (n >= 0 && *out == NULL)
    return UV_EAI_SOCKTYPE;
  return n < 0 ? n : 0;
}

static void lookup_work(sim_job_t *job) {
  lookup_t *lookup = AVOW__CONTAINER(lookup_t, job, job);
  uv_getaddrinfo_t *request = lookup->request;
  request->retcode = resolve(&lookup->query, &request->addrinfo);
}

/* libuv reports a canceled lookup with a code of its own. */
static void lookup_done(sim_job_t *job, int status) {
  lookup_t *lookup = AVOW__CONTAINER(lookup_t, job, job);
  uv_getaddrinfo_t *request = lookup->request;
  const uv_getaddrinfo_cb cb = lookup->cb;
  sim_free(lookup);
  if (status != 0)
    request->retcode = UV_EAI_CANCELED;
  cb(request, request->retcode, request->addrinfo);
}

static const char *copied(char **at, const char *text) {
  if (text == NULL)
    return NULL;
  char *copy = *at;
  const size_t size = strlen(text) + 1;
  *at += size;
  return memcpy(copy, text, size);
}

static size_t size_of(const char *text) {
  return text != NULL ? strlen(text) + 1 : 0;
}

static lookup_t *lookup_new(const sim_query_t *query) {
  lookup_t *lookup = sim_alloc(sizeof(*lookup) + size_of(query->node) +
                               size_of(query->service));
  char *at = lookup->text;
  lookup->query.hints = query->hints;
  lookup->query.node = copied(&at, query->node);
  lookup->query.service = copied(&at, query->service);
  return lookup;
}

static void lookup_start(uv_loop_t *loop, uv_getaddrinfo_t *request,
                         uv_getaddrinfo_cb cb, const sim_query_t *query) {
  lookup_t *lookup = lookup_new(query);
  lookup->job = (sim_job_t){ .loop = loop,
                             .request = (uv_req_t *) request,
                             .what = "net.dns",
                             .work = lookup_work,
                             .done = lookup_done };
  lookup->request = request;
  lookup->cb = cb;
  sim_job_start(&lookup->job);
}

int uv_getaddrinfo(uv_loop_t *loop, uv_getaddrinfo_t *request,
                   uv_getaddrinfo_cb cb, const char *node, const char *service,
                   const struct addrinfo *hints) {
  enum { LONGEST = 255 };
  sim_query_t query = { .node = node, .service = service };
  if (request == NULL || (node == NULL && service == NULL) ||
      size_of(node) > LONGEST)
    return UV_EINVAL;
  if (hints != NULL)
    query.hints = *hints;
  request->type = UV_GETADDRINFO;
  request->loop = loop;
  request->addrinfo = NULL;
  request->retcode = 0;
  if (cb == NULL)
    return request->retcode = resolve(&query, &request->addrinfo);
  lookup_start(loop, request, cb, &query);
  return 0;
}

/* From addresses to names. */

typedef struct {
  sim_job_t job;
  uv_getnameinfo_t *request;
  uv_getnameinfo_cb cb;
  sim_address_t address;
  int flags;
} naming_t;

static void print_ip(const sim_address_t *address, char *out, size_t size) {
  char text[SIM_ADDRESS_TEXT];
  sim_address_print_ip(address, text);
  (void) snprintf(out, size, "%s", text); /* fits */
}

static int name_host(const naming_t *naming, char *out, size_t size) {
  const bool wants = (naming->flags & NI_NUMERICHOST) == 0;
  const char *name = wants ? sim_resolver_of(&naming->address) : NULL;
  if (name == NULL && (naming->flags & NI_NAMEREQD) != 0)
    return UV_EAI_NONAME;
  if (name != NULL)
    (void) snprintf(out, size, "%s", name); /* fits, because names do */
  else
    print_ip(&naming->address, out, size);
  return 0;
}

static void name_port(const naming_t *naming, char *out, size_t size) {
  const uint16_t port = naming->address.port;
  const bool wants = (naming->flags & NI_NUMERICSERV) == 0;
  const char *name = wants ? sim_resolver_service(port) : NULL;
  if (name != NULL)
    (void) snprintf(out, size, "%s", name); /* fits */
  else
    (void) snprintf(out, size, "%d", port); /* fits */
}

static int naming_ask(const naming_t *naming, uv_getnameinfo_t *request) {
  if (sim_strikes("net.dns_fails"))
    return UV_EAI_AGAIN;
  name_port(naming, request->service, sizeof(request->service));
  return name_host(naming, request->host, sizeof(request->host));
}

static void naming_work(sim_job_t *job) {
  const naming_t *naming = AVOW__CONTAINER(naming_t, job, job);
  naming->request->retcode = naming_ask(naming, naming->request);
}

static void naming_done(sim_job_t *job, int status) {
  naming_t *naming = AVOW__CONTAINER(naming_t, job, job);
  uv_getnameinfo_t *request = naming->request;
  const uv_getnameinfo_cb cb = naming->cb;
  sim_free(naming);
  if (status != 0)
    request->retcode = UV_EAI_CANCELED;
  const bool is_known = request->retcode == 0;
  cb(request, request->retcode, is_known ? request->host : NULL,
     is_known ? request->service : NULL);
}

static void naming_start(uv_loop_t *loop, const naming_t *it) {
  naming_t *naming = sim_alloc(sizeof(*naming));
  *naming = *it;
  naming->job = (sim_job_t){ .loop = loop,
                             .request = (uv_req_t *) it->request,
                             .what = "net.dns",
                             .work = naming_work,
                             .done = naming_done };
  sim_job_start(&naming->job);
}

int uv_getnameinfo(uv_loop_t *loop, uv_getnameinfo_t *request,
                   uv_getnameinfo_cb cb, const struct sockaddr *address,
                   int flags) {
  naming_t naming = { .request = request, .cb = cb, .flags = flags };
  if (request == NULL || address == NULL ||
      sim_address_read(address, &naming.address) != 0)
    return UV_EINVAL;
  request->type = UV_GETNAMEINFO;
  request->loop = loop;
  request->retcode = 0;
  if (cb == NULL)
    return request->retcode = naming_ask(&naming, request);
  naming_start(loop, &naming);
  return 0;
}

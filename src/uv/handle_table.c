/* SPDX-License-Identifier: MIT */
#include "uv/handle_table.h"

#include "base/check.h"

static void net_close(avow__context_t *c) {
  avow__net_t *net = avow__net_of(c);
  if (net->owned_close != NULL)
    avow__table_each(&net->tables[AVOW__OWNED], net->owned_close);
  if (net->quiet != NULL)
    net->quiet(c);
}

static void net_free(avow__context_t *c) {
  avow__net_t *net = avow__net_of(c);
  if (net->owned_free != NULL)
    avow__table_each(&net->tables[AVOW__OWNED], net->owned_free);
  avow__buffer_clear(&net->room);
}

#ifdef AVOW_CHECK

static void net_check(avow__context_t *c) {
  for (int i = 0; i < AVOW__NET_TABLES; i++)
    avow__table_check(&avow__net_of(c)->tables[i]);
}

#endif

static void net_end(avow__context_t *c) {
  for (int i = 0; i < AVOW__NET_TABLES; i++)
    avow__table_close(&avow__net_of(c)->tables[i]);
}

avow__net_t *avow__net_open(avow__context_t *c) {
  static const avow__subsystem_t subsystem = { .close = net_close,
                                               .free = net_free,
                                               .check =
                                                   AVOW__CHECKED(net_check),
                                               .at_end = net_end };
  return avow__extension_open(c, AVOW__NET_EXTENSION, &subsystem,
                              sizeof(avow__net_t));
}

avow__node_t *avow__net_find(const avow__context_t *c, int table,
                             const void *key) {
  const avow__net_t *net = avow__net_of(c);
  return net != NULL ? avow__table_find(&net->tables[table], key) : NULL;
}

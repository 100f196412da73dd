/* SPDX-License-Identifier: MIT */
/* Dumps as a graph for Graphviz. */
#include "avow/trace.h"
#include "engine/check_thread.h"
#include "engine/dump.h"
#include "engine/name.h"

static void dot_node(avow__dump_t *dump, const avow_promise_t *p) {
  static const char *const colors[] = { "lightyellow", "palegreen", "salmon" };
  (void) fputs("  ", dump->out);
  avow__dump_id(dump->out, p);
  (void) fprintf(dump->out, " [fillcolor=%s, label=\"%s",
                 colors[avow__state(p)], avow__kind_name(p));
  avow__dump_name(dump->out, p);
  (void) fprintf(dump->out, "\\n%s", avow__dump_state(p));
  if (avow__state(p) == AVOW_REJECTED)
    (void) fprintf(dump->out, " %s", avow_err_name(p->u.value.code));
  (void) fputs("\\n", dump->out);
  avow__dump_about(dump, p);
  (void) fputs("\"];\n", dump->out);
}

static void dot_one(avow_promise_t *p, void *data) {
  avow__dump_t *dump = data;
  if (avow__dump_leaves_out(dump, p))
    return;
  if (avow__dump_receiver(p) == p)
    dot_node(dump, p);
  const avow_promise_t *from = avow__dump_awaited(p);
  if (from == NULL)
    return;
  (void) fputs("  ", dump->out);
  avow__dump_id(dump->out, avow__dump_receiver(p));
  (void) fputs(" -> ", dump->out);
  avow__dump_id(dump->out, from);
  (void) fputs(";\n", dump->out);
}

void avow_loop_dump_dot(uv_loop_t *loop, FILE *out) {
  if (out == NULL) {
    avow__misuse_of_null("file");
    return;
  }
  avow__dump_t dump = { avow__context_of(loop), out, "", "\\n" };
  avow__check_thread(dump.context);
  (void) fputs(
      "digraph promises {\n"
      "  node [shape=box, style=filled, fontname=monospace];\n",
      out);
  avow__pool_each(&dump.context->pool, dot_one, &dump);
  (void) fputs("}\n", out);
}

/* A program of others that loads a plug-in with avow inside, as test_hosted
   PLUG-IN: many copies of it at a time. The program has libuv and no avow. */
#define _GNU_SOURCE /* dlinfo() */

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "watch.h"

#if AVOW__ASAN || AVOW__TSAN

int main(void) {
  puts("skipped: sanitizers take copies of one library for one");
  return 77;
}

#else

static const char *plug_in;
static int failed;

static void report(const char *name, bool right) {
  printf("%s %s\n", right ? "ok  " : "FAIL", name);
  failed += !right;
}

static void must(bool works, const char *what) {
  if (works)
    return;
  const char *why = dlerror();
  (void) fprintf(stderr, "test_hosted: %s: %s\n", what, why != NULL ? why : "");
  exit(1); /* nothing that follows could work */
}

static void *load(const char *path) {
  void *plug = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  must(plug != NULL, path);
  return plug;
}

/* What its function of that name gives. */
static int ask(void *plug, const char *name, uv_loop_t *loop) {
  int (*fn)(uv_loop_t * loop) = NULL;
  void *at = dlsym(plug, name);
  must(at != NULL, name);
  memcpy(&fn, &at, sizeof(fn)); /* C has no way from one to the other */
  return fn(loop);
}

/* musl loads nothing that asks for it, and glibc has little of it. */
static void it_asks_for_no_static_tls(void) {
  void *plug = load(plug_in);
  struct link_map *map = NULL;
  bool asks = false;
  must(dlinfo(plug, RTLD_DI_LINKMAP, &map) == 0, "dlinfo");
  for (const ElfW(Dyn) *d = map->l_ld; d->d_tag != DT_NULL; d++)
    asks |= d->d_tag == DT_FLAGS && (d->d_un.d_val & DF_STATIC_TLS) != 0;
  report("it_asks_for_no_static_tls", !asks);
  (void) dlclose(plug); /* its end is not what this is about */
}

/* Copies, for what is loaded twice from one file is loaded once. */

enum { COPIES = 60 };

static char directory[] = "/tmp/avow-hosted-XXXXXX";

static const char *name_of(int i) {
  static char path[64];
  (void) snprintf(path, sizeof(path), "%s/%d.so", directory, i); /* it fits */
  return path;
}

static void copy(const char *to) {
  char buffer[65536];
  const int in = open(plug_in, O_RDONLY);
  const int out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0700);
  must(in >= 0 && out >= 0, to);
  for (ssize_t n; (n = read(in, buffer, sizeof(buffer))) != 0;)
    must(n > 0 && write(out, buffer, (size_t) n) == n, to);
  must(close(out) == 0 && close(in) == 0, to);
}

static int ask_all(void *plugs[], const char *name, uv_loop_t *loop) {
  int right = 0;
  for (int i = 0; i < COPIES; i++)
    right += ask(plugs[i], name, loop) == 0;
  return right;
}

static void sixty_copies_serve_one_loop(void) {
  void *plugs[COPIES];
  uv_loop_t loop;
  must(mkdtemp(directory) != NULL && uv_loop_init(&loop) == 0, directory);
  for (int i = 0; i < COPIES; i++) {
    copy(name_of(i));
    plugs[i] = load(name_of(i));
    must(unlink(name_of(i)) == 0, name_of(i));
  }
  must(rmdir(directory) == 0, directory);
  report("sixty copies open", ask_all(plugs, "hosted_open", &loop) == COPIES);
  report("sixty copies work", ask_all(plugs, "hosted_work", &loop) == COPIES);
  report("sixty copies close", ask_all(plugs, "hosted_close", &loop) == COPIES);
  report("the loop closes", uv_loop_close(&loop) == 0);
}

int main(int argc, char **argv) {
  must(argc == 2, "test_hosted PLUG-IN");
  plug_in = argv[1];
  it_asks_for_no_static_tls();
  sixty_copies_serve_one_loop();
  return failed;
}

#endif

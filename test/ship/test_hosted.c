/* SPDX-License-Identifier: MIT */
/*
 * A host program that loads a plug-in with avow inside, as hosted_host PLUG-IN.
 * It loads many copies at a time, and loads and unloads one repeatedly. The
 * program has libuv and no avow.
 */

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "fiber/overflow.h"
#include "watched.h"

#if AVOW__ASAN || AVOW__TSAN

int main(void) {
  puts("skipped: sanitizers do not tell copies of a library apart");
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
  exit(1); /* the rest depends on it */
}

/* RTLD_GLOBAL: a plug-in must not use the avow of another plug-in. */
static void *load(const char *path) {
  void *plug = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
  must(plug != NULL, path);
  return plug;
}

/* Returns the result of the function of that name. */
static int ask(void *plug, const char *name, uv_loop_t *loop) {
  int (*fn)(uv_loop_t * loop) = NULL;
  void *at = dlsym(plug, name);
  must(at != NULL, name);
  memcpy(&fn, &at, sizeof(fn)); /* C has no such cast */
  return fn(loop);
}

/* musl loads no library that requests static TLS, and glibc has little of it.
 */
static void plugin_requires_no_static_tls(void) {
  void *plug = load(plug_in);
  struct link_map *map = NULL;
  bool asks = false;
  must(dlinfo(plug, RTLD_DI_LINKMAP, &map) == 0, "dlinfo");
  for (const ElfW(Dyn) *d = map->l_ld; d->d_tag != DT_NULL; d++)
    asks |= d->d_tag == DT_FLAGS && (d->d_un.d_val & DF_STATIC_TLS) != 0;
  report("plugin_requires_no_static_tls", !asks);
  (void) dlclose(plug); /* other tests check the unloading */
}

/* The test copies the file, because dlopen() loads the same file only once. */

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

static void load_copies(void *plugs[], int n) {
  memset(directory + sizeof(directory) - 7, 'X', 6); /* for another name */
  must(mkdtemp(directory) != NULL, directory);
  for (int i = 0; i < n; i++) {
    copy(name_of(i));
    plugs[i] = load(name_of(i));
    must(unlink(name_of(i)) == 0, name_of(i));
  }
  must(rmdir(directory) == 0, directory);
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
  must(uv_loop_init(&loop) == 0, "loop");
  load_copies(plugs, COPIES);
  report("sixty copies open", ask_all(plugs, "hosted_open", &loop) == COPIES);
  report("sixty copies work", ask_all(plugs, "hosted_work", &loop) == COPIES);
  report("sixty copies close", ask_all(plugs, "hosted_close", &loop) == COPIES);
  report("the loop closes", uv_loop_close(&loop) == 0);
}

/* Loading and unloading. */

enum { RELOADS = WATCHED ? 50 : 1500, EARLY = RELOADS / 5 };

static bool use(void *plug, uv_loop_t *loop) {
  return ask(plug, "hosted_open", loop) == 0 &&
         ask(plug, "hosted_work", loop) == 0 &&
         ask(plug, "hosted_close", loop) == 0;
}

/* Unloads the plug-in, which has no other user. musl, however, never unloads a
   library. */
static bool unload(void *plug) {
  if (dlclose(plug) != 0)
    return false;
#  ifdef __GLIBC__
  return dlopen(plug_in, RTLD_NOW | RTLD_NOLOAD) == NULL;
#  else
  return true;
#  endif
}

static bool reload(uv_loop_t *loop) {
  void *plug = load(plug_in);
  const bool right = use(plug, loop);
  return unload(plug) && right;
}

static int free_keys(void) {
  enum { MOST = 2000 };
  static pthread_key_t keys[MOST];
  int n = 0;
  while (n < MOST && pthread_key_create(&keys[n], NULL) == 0)
    n++;
  for (int i = 0; i < n; i++)
    (void) pthread_key_delete(keys[i]); /* the key is valid */
  return n;
}

/* Returns the size of the address space, or 0 if the system does not report
   it. */
static long pages(void) {
  long n = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL)
    return 0;
  must(fscanf(file, "%ld", &n) == 1 && fclose(file) == 0, "statm");
  return n;
}

static void plugin_may_be_reloaded_repeatedly(void) {
  uv_loop_t loop;
  int right = 0;
  long early = 0;
  must(uv_loop_init(&loop) == 0 && reload(&loop), plug_in);
  const int keys = free_keys();
  for (int i = 0; i < RELOADS; i++) {
    right += reload(&loop);
    if (i == EARLY)
      early = pages();
  }
  report("it comes and goes", right == RELOADS);
  report("no keys stay", free_keys() == keys);
  report("no memory stays", WATCHED || pages() < early + (RELOADS - EARLY) / 4);
  report("the loop closes then", uv_loop_close(&loop) == 0);
}

/* Threads that use the plug-in and live longer than it. */

typedef struct {
  void *plug;
  bool right;
  uv_sem_t used, gone;
} guest_t;

static void outlive(void *data) {
  guest_t *guest = data;
  uv_loop_t loop;
  guest->right = uv_loop_init(&loop) == 0 && use(guest->plug, &loop) &&
                 uv_loop_close(&loop) == 0;
  uv_sem_post(&guest->used);
  uv_sem_wait(&guest->gone);
}

static bool is_outlived(void) {
  guest_t guest = { .plug = load(plug_in) };
  uv_thread_t thread;
  must(uv_sem_init(&guest.used, 0) == 0 && uv_sem_init(&guest.gone, 0) == 0 &&
           uv_thread_create(&thread, outlive, &guest) == 0,
       "thread");
  uv_sem_wait(&guest.used);
  const bool is_gone = unload(guest.plug);
  uv_sem_post(&guest.gone);
  must(uv_thread_join(&thread) == 0, "thread");
  uv_sem_destroy(&guest.used);
  uv_sem_destroy(&guest.gone);
  return is_gone && guest.right;
}

static void threads_may_outlive_the_plugin(void) {
  int right = 0;
  for (int i = 0; i < 50; i++)
    right += is_outlived();
  report("threads outlive it", right == 50);
}

/* Handlers of faults. Checked builds install them when an async function runs,
   unless the host has handlers. */

static bool is_default(int sig) {
  struct sigaction now;
  (void) sigaction(sig, NULL, &now); /* it reads the handler */
  return now.sa_handler == SIG_DFL;
}

static bool are_default(void) {
  return is_default(SIGSEGV) && is_default(SIGBUS);
}

static void plugin_removes_signal_handlers(void) {
  const int keys = free_keys();
  int right = 0;
  for (int i = 0; i < 50; i++)
    right += are_default() && is_outlived() && are_default();
  report("signals are given back", right == 50);
  report("no keys stay then", free_keys() == keys);
}

static bool is_same(int sig, const struct sigaction *as) {
  struct sigaction now;
  (void) sigaction(sig, NULL, &now); /* it reads the handler */
  return now.sa_sigaction == as->sa_sigaction;
}

static void start(void *plug, uv_loop_t *loop) {
  must(ask(plug, "hosted_open", loop) == 0 &&
           ask(plug, "hosted_work", loop) == 0,
       "plug-in");
}

static void stop(void *plug, uv_loop_t *loop) {
  must(ask(plug, "hosted_close", loop) == 0, "close");
}

/* A copy leaves the handlers of another copy alone, and may install its own
   ones after these. */
static void copies_keep_handlers_of_each_other(void) {
  void *plugs[2];
  uv_loop_t loop;
  struct sigaction first;
  must(uv_loop_init(&loop) == 0, "loop");
  load_copies(plugs, 2);
  start(plugs[0], &loop);
  (void) sigaction(SIGSEGV, NULL, &first); /* it reads the handler */
  start(plugs[1], &loop);
  bool right = is_same(SIGSEGV, &first);
  stop(plugs[1], &loop);
  right = right && is_same(SIGSEGV, &first);
  start(plugs[1], &loop);
  stop(plugs[0], &loop);
  right = right && are_default();
  stop(plugs[1], &loop);
  right = right && are_default();
  start(plugs[1], &loop);
  right = right && is_default(SIGSEGV) == !AVOW__OVERFLOW;
  stop(plugs[1], &loop);
  report("copies keep handlers of each other", right && are_default());
  must(uv_loop_close(&loop) == 0, "loop");
}

#  ifdef __GLIBC__
static void handler(int sig) {
  _exit(sig);
}

/* Host code saves the handlers, and restores them after the plug-in closed. */
static void restored_handlers_are_removed(void) {
  const struct sigaction own = { .sa_handler = handler };
  struct sigaction segv, bus;
  uv_loop_t loop;
  void *plug = load(plug_in);
  must(uv_loop_init(&loop) == 0, "loop");
  start(plug, &loop);
  (void) sigaction(SIGSEGV, &own, &segv); /* these calls cannot fail */
  (void) sigaction(SIGBUS, &own, &bus);
  stop(plug, &loop);
  report("later handlers stay",
         is_same(SIGSEGV, &own) && is_same(SIGBUS, &own));
  (void) sigaction(SIGSEGV, &segv, NULL);
  (void) sigaction(SIGBUS, &bus, NULL);
  report("no handler of unloaded code stays", unload(plug) && are_default());
  must(uv_loop_close(&loop) == 0, "loop");
}
#  endif

int main(int argc, char **argv) {
  must(argc == 2, "usage: hosted_host PLUG-IN");
  plug_in = argv[1];
  (void) setvbuf(stdout, NULL, _IOLBF, 0); /* a crash must not lose lines */
  plugin_requires_no_static_tls();
  sixty_copies_serve_one_loop();
  plugin_may_be_reloaded_repeatedly();
  threads_may_outlive_the_plugin();
  plugin_removes_signal_handlers();
  copies_keep_handlers_of_each_other();
#  ifdef __GLIBC__
  restored_handlers_are_removed();
#  endif
  return failed;
}

#endif

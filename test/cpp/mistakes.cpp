/* SPDX-License-Identifier: MIT */
/* Mistakes that a checked build reports, made through avow.hpp: the messages
   are those of C. The most similar right program prints nothing. Each program
   is a child process. The test controls the clock that avow reads. */
#include <avow.hpp>

#include <sys/wait.h>
#include <unistd.h>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#if defined(__has_feature)
#  define HAS(feature) __has_feature(feature)
#else
#  define HAS(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    HAS(address_sanitizer) || HAS(thread_sanitizer) || defined(AVOW_NO_POOL)
#  define WATCHED 1 /* tools report freed memory and overflows before avow */
#else
#  define WATCHED 0
#endif

struct shape {
  int corners;
};
template <>
inline constexpr const char *avow::class_name<shape> = "shape";

static uv_loop_t *loop;
static uint64_t present = 1;
static constexpr uint64_t blocks = 60 * 1000 * 1000, hurries = 40 * 1000 * 1000;

extern "C" {
uint64_t __wrap_uv_hrtime() {
  return present;
}
uint64_t __wrap_avow__check_clock() {
  return present;
}
}

static void open_loop() {
  static uv_loop_t own;
  loop = &own;
  if (uv_loop_init(loop) != 0 || avow_loop_init(loop, nullptr) != 0)
    std::abort();
}

static void close_loop() {
  if (avow_loop_close(loop) != 0 || uv_loop_close(loop) != 0)
    std::abort();
}

static avow::promise one() {
  return avow::resolve(loop, 1);
}

static avow::promise soon() {
  return avow_sleep(loop, 0);
}

/* Runs `fn` on another thread. */
template <class F>
static void elsewhere(F fn) {
  std::thread(fn).join();
}

/* Objects that are never released. */
static void leak_values() {
  (void) avow::value("text").release();
  (void) avow::value::object<shape>(3).release();
}

static void release_values() {
  const avow::value text("text"), object = avow::value::object<shape>(3);
}

static void leak_a_promise() {
  (void) one().release();
}

static void release_a_promise() {
  const avow::promise p = one();
}

static void leak_a_deferred() {
  auto [p, d] = avow::deferred::make(loop);
  (void) d.release();
}

static void drop_a_deferred() {
  avow::promise p;
  {
    auto [q, d] = avow::deferred::make(loop);
    p = std::move(q).catch_([] {});
  }
  (void) std::move(p).run();
}

/* Objects that were moved. */
static void use_a_moved_promise() {
  avow::promise p = one();
  const avow::promise q = std::move(p).then([] {});
  const avow::promise r = std::move(p).then([] {});
}

static void use_a_promise_twice() {
  avow::promise p = one();
  const avow::promise q = p.ref().then([] {});
  const avow::promise r = std::move(p).then([] {});
}

static void settle_a_moved_deferred() {
  auto [p, d] = avow::deferred::make(loop);
  (void) d.resolve(1);
  (void) d.resolve(2);
}

static void settle_a_deferred() {
  auto [p, d] = avow::deferred::make(loop);
  (void) d.resolve(1);
}

/* Objects of C that their owner has freed or passed on. */
static void use_a_taken_promise() {
  avow::promise p = soon();
  avow_promise_t *taken = p.get();
  const avow::promise q = std::move(p).then([] {});
  const avow::promise r = avow_finally(taken, nullptr, nullptr);
}

static void use_a_referenced_promise() {
  avow::promise p = soon();
  avow_promise_t *again = p.ref().release();
  const avow::promise q = std::move(p).then([] {});
  const avow::promise r = avow_finally(again, nullptr, nullptr);
}

static void own_a_pending_promise_twice() {
  const avow::promise p = soon();
  const avow::promise q = p.get();
}

static void share_a_pending_promise() {
  const avow::promise p = soon();
  const avow::promise q = p.ref();
}

static void settle_a_deferred_twice() {
  auto [p, d] = avow::deferred::make(loop);
  avow_deferred_t *settled = d.get();
  (void) d.resolve(1);
  (void) avow::deferred(settled).resolve(2);
}

static void settle_a_shared_deferred() {
  auto [p, d] = avow::deferred::make(loop);
  avow_deferred_t *shared = avow_deferred_ref(d.get());
  (void) d.resolve(1);
  (void) avow::deferred(shared).resolve(2);
}

static void read_a_freed_text() {
  avow_value_t freed;
  {
    const avow::value text("text");
    freed = *text.get();
  }
  (void) avow::value::of(&freed).to<std::string>();
}

static void read_a_freed_object() {
  avow_value_t freed;
  {
    const avow::value object = avow::value::object<shape>(3);
    freed = *object.get();
  }
  (void) avow::value::of(&freed).to<shape>();
}

static void read_referenced_values() {
  avow::value text("text"), object = avow::value::object<shape>(3);
  const avow::value texts = text.ref(), objects = object.ref();
  text = 0;
  object = 0;
  (void) texts.to<std::string>();
  (void) objects.to<shape>();
}

#if !WATCHED
static void use_a_freed_promise() {
  avow_promise_t *freed;
  {
    const avow::promise p = one();
    freed = p.get();
  }
  const avow::promise q = avow::promise(freed).then([] {});
}

#endif

/* Data that is a local variable. */
static avow_value_t read_number(const avow_value_t *, void *data) {
  return avow_int(*static_cast<int *>(data));
}

static avow::promise read_later(int *number) {
  return soon().by(avow_then, read_number, nullptr, number);
}

static void pass_a_local() {
  one()
      .then([] {
        int local = 42;
        return read_later(&local);
      })
      .run();
}

/* A call that the compiler inlines would leave the variable in the caller. */
static __attribute__((noinline)) avow::promise read_a_local() {
  int local = 42;
  return read_later(&local);
}

static void pass_a_local_and_return() {
  (void) read_a_local().run();
}

static void pass_a_static() {
  one()
      .then([] {
        static int kept = 42;
        return read_later(&kept);
      })
      .run();
}

static void pass_a_local_of_the_caller_of_run() {
  int local = 42;
  (void) read_later(&local).run();
}

static void capture_a_local() {
  one()
      .then([] {
        int local = 42;
        return soon().then([local] { return local; });
      })
      .run();
}

/* Calls on another thread. */
static void react_elsewhere() {
  avow::promise p = one();
  elsewhere([&] { (void) std::move(p).then([] {}); });
}

static void react_at_the_end_elsewhere() {
  avow::promise p = one();
  elsewhere([&] { (void) std::move(p).finally([] {}); });
}

static void release_elsewhere() {
  avow::promise p = one();
  elsewhere([&] { const avow::promise q = std::move(p); });
}

static void resolve_elsewhere() {
  auto [p, d] = avow::deferred::make(loop);
  avow::deferred *there = &d;
  elsewhere([there] { (void) there->resolve(1); });
}

static void resolve_a_remote_elsewhere() {
  avow_remote_t *remote;
  avow::promise p = avow_remote_new(loop, &remote);
  elsewhere([remote] { (void) avow_remote_resolve(remote, avow_int(1)); });
  (void) std::move(p).run();
}

/* Handlers that block the loop. */
static void block() {
  (void) one().then([] { present += blocks; }).run();
}

static void block_at_the_end() {
  (void) one().finally([] { present += blocks; }).run();
}

static void hurry() {
  (void) one().then([] { present += hurries; }).run();
  (void) one().finally([] { present += hurries; }).run();
}

/* Promises that nothing settles. */
static void idle() {
  auto [p, d] = avow::deferred::make(loop);
  avow::promise q = std::move(p).then([] {}).finally([] {});
  (void) q.ref().run();
  (void) d.resolve(1);
  (void) std::move(q).run();
}

static void settle() {
  auto [p, d] = avow::deferred::make(loop);
  avow::promise q = std::move(p).then([] {}).finally([] {});
  (void) d.resolve(1);
  (void) std::move(q).run();
}

/* Loops that are run in a handler, or not at all. */
static void run_inside() {
  (void) one().then([] { return one().run(); }).run();
}

static void return_inside() {
  (void) one().then([] { return one(); }).run();
}

static void never_run() {
  (void) avow::promise(avow_sleep(loop, 1)).then([] {});
  std::exit(0);
}

static void never_close() {
  (void) soon().run();
  std::exit(0);
}

static void run_and_close() {
  (void) soon().then([] {}).run();
  close_loop();
  std::exit(0);
}

static void exit_in_a_handler() {
  (void) one().then([] { std::exit(0); }).run();
}

#if !WATCHED
/* Uses at least 4 KiB of stack for each level below the first. */
static avow_value_t descend(void *levels) {
  volatile char frame[4096];
  volatile size_t any = 0; /* else clang shrinks the array */
  int *const left = static_cast<int *>(levels);
  frame[any] = 1;
  if (--*left > 0)
    avow_ignore(descend(levels));
  return avow_int(frame[any]);
}

static void descend_in_an_async_function(int levels) {
  (void) avow::promise(avow_async(loop, descend, &levels)).run();
}

static void overflow_a_stack() {
  descend_in_an_async_function(1000);
}

static void fit_on_a_stack() {
  descend_in_an_async_function(10);
}
#endif

#if __cplusplus >= 202002L
static avow::promise wait(uv_loop_t *, avow::promise p) {
  co_return co_await std::move(p);
}

static avow::promise spend(uv_loop_t *, uint64_t ns) {
  co_await soon();
  present += ns;
  co_return{};
}

static void start_a_coroutine_elsewhere() {
  elsewhere([] { (void) wait(loop, nullptr); });
}

static void await_a_moved_promise() {
  avow::promise p = one();
  (void) std::move(p).run();
  (void) wait(loop, std::move(p)).run();
}

static void block_in_a_coroutine() {
  (void) spend(loop, blocks).run();
}

static void idle_in_a_coroutine() {
  auto [p, d] = avow::deferred::make(loop);
  avow::promise q = wait(loop, std::move(p));
  (void) q.ref().run();
  (void) d.resolve(1);
  (void) std::move(q).run();
}

static void never_run_a_coroutine() {
  (void) wait(loop, soon()).release();
  std::exit(0);
}

static void run_coroutines() {
  avow::promise p = one();
  (void) wait(loop, p.ref()).run();
  (void) wait(loop, std::move(p)).run();
  (void) spend(loop, hurries).run();
}
#endif

#define ELSEWHERE(called)                                                 \
  "avow: " called                                                         \
  "(): called on a thread other than the loop's; use "                    \
  "avow_post() to run code there, or set avow_options_t.changes_threads " \
  "if threads take turns\n"
#define INSIDE                                                              \
  "(): called inside a callback, or a callback was left by longjmp(); "     \
  "return avow_follow(promise) or call avow_then(); in an async function, " \
  "call avow_await()\n"
#define PENDING                                                            \
  "avow: avow_run(): nothing is left to run, and the promise is pending; " \
  "settle what it waits for:\n"
#define DEFERRED \
  "avow:   deferred; settle it with avow_resolve() or avow_reject()\n"

static const struct {
  void (*wrong)();
  const char *message;
  void (*right)();
} mistakes[] = {
  { leak_values,
    "avow: at exit: 2 values are still referenced; call avow_value_unref() on "
    "each:\navow:   1 bytes\navow:   1 shape\n",
    release_values },
  { leak_a_promise,
    "avow: avow_loop_close(): 1 promise is still referenced; call avow_unref() "
    "on it\n",
    release_a_promise },
  { leak_a_deferred,
    "avow: avow_loop_close(): 1 deferred is still referenced; call "
    "avow_deferred_drop() on it\n",
    drop_a_deferred },
  { use_a_moved_promise,
    "avow: avow_then_closure(): promise is NULL; pass a valid promise\n",
    use_a_promise_twice },
  { settle_a_moved_deferred,
    "avow: avow_resolve(): deferred is NULL; pass a valid deferred\n",
    settle_a_deferred },
  { use_a_taken_promise,
    "avow: avow_finally(): promise used after avow_then_closure() took "
    "ownership of it; call avow_ref() before passing it on",
    use_a_referenced_promise },
  { own_a_pending_promise_twice,
    "avow: avow_unref(): promise used after it was released; call avow_ref() "
    "before passing it on",
    share_a_pending_promise },
  { settle_a_deferred_twice,
    "avow: avow_resolve(): deferred used after it was settled",
    settle_a_shared_deferred },
  { read_a_freed_text, "avow: avow_to_bytes(): value used after it was freed",
    read_referenced_values },
  { read_a_freed_object,
    "avow: avow_is_object(): value used after it was freed",
    read_referenced_values },
#if !WATCHED
  { use_a_freed_promise,
    "avow: avow_then_closure(): promise used after it was freed",
    use_a_promise_twice },
#endif
  { pass_a_local,
    "avow: avow_then(): data is a local variable, which ends before the "
    "handler runs; allocate it with malloc(), and free it with "
    "avow_attach()\n",
    pass_a_static },
  { pass_a_local, "avow: avow_then(): data is a local", capture_a_local },
  { pass_a_local_and_return,
    "avow: data of a handler (then) was a local variable of a function that "
    "has returned; allocate it with malloc(), and free it with "
    "avow_attach()\n",
    pass_a_local_of_the_caller_of_run },
  { react_elsewhere, ELSEWHERE("avow_then_closure"), use_a_promise_twice },
  { react_at_the_end_elsewhere, ELSEWHERE("avow_finally"), settle },
  { release_elsewhere, ELSEWHERE("avow_unref"), release_a_promise },
  { resolve_elsewhere, ELSEWHERE("avow_resolve"), resolve_a_remote_elsewhere },
  { block, "avow: job of then blocked the loop for 60.0 ms", hurry },
  { block_at_the_end, "avow: job of finally blocked the loop for 60.0 ms",
    hurry },
  { idle, PENDING "avow:   finally\navow:   then\n" DEFERRED, settle },
  { run_inside, "avow: avow_run" INSIDE, return_inside },
  { never_run,
    "avow: at exit: a loop was never run; call avow_run() or uv_run(), and "
    "then avow_loop_close()\n",
    run_and_close },
  { never_run, "avow:   pending: 1 sleep\n", run_and_close },
  { never_close,
    "avow: at exit: a loop was not closed; call avow_loop_close() once for "
    "each avow_loop_init() before the process ends\n",
    exit_in_a_handler },
#if !WATCHED
  { overflow_a_stack, " overflowed its stack of 262144 bytes", fit_on_a_stack },
#endif
#if __cplusplus >= 202002L
  { start_a_coroutine_elsewhere, ELSEWHERE("avow_coroutine_new"),
    run_coroutines },
  { await_a_moved_promise,
    "avow: followed promise is NULL; pass a valid followed promise\n",
    run_coroutines },
  { block_in_a_coroutine, "avow: job of stackless blocked the loop for 60.0 ms",
    run_coroutines },
  { idle_in_a_coroutine, PENDING "avow:   stackless\n" DEFERRED,
    run_coroutines },
  { never_run_a_coroutine, "avow:   pending: 1 stackless\n", run_coroutines },
#endif
};

/* Returns what a process prints to stderr that runs `fn` and then exits. */
static std::string printed_by(void (*fn)()) {
  int fds[2];
  if (pipe(fds) != 0)
    std::abort();
  (void) std::fflush(stdout); /* else each child prints it again */
  const pid_t child = fork();
  if (child == 0) {
    (void) dup2(fds[1], STDERR_FILENO);
    open_loop();
    fn();
    close_loop();
    std::exit(0);
  }
  (void) close(fds[1]);
  std::string text;
  char part[1024];
  ssize_t n;
  while ((n = read(fds[0], part, sizeof(part))) > 0)
    text.append(part, static_cast<size_t>(n));
  (void) close(fds[0]);
  if (child < 0 || waitpid(child, nullptr, 0) != child)
    std::abort();
  return text;
}

/* Removes the places that only trace builds add to a line. */
static std::string without_places(std::string text) {
  for (;;) {
    const auto at = text.find(", made in ");
    const auto end = text.find(')', at);
    if (at == std::string::npos || end == std::string::npos)
      return text;
    text.erase(at, end + 1 - at);
  }
}

static bool has(const std::string &text, const char *part) {
  return without_places(text).find(part) != std::string::npos;
}

/* Release builds print nothing, and the mistake may corrupt memory there. */
int main() {
  int failures = 0;
  for (const auto &each : mistakes) {
    const auto i = &each - mistakes;
#ifndef NDEBUG
    const std::string wrong = printed_by(each.wrong);
    if (!has(wrong, each.message) && ++failures)
      std::printf("mistake %td: no '%s' in: %s\n", i, each.message,
                  wrong.c_str());
#endif
    const std::string right = printed_by(each.right);
    if (has(right, "avow: ") && ++failures)
      std::printf("mistake %td: the right program prints: %s\n", i,
                  right.c_str());
  }
  return failures != 0;
}

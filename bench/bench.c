/* SPDX-License-Identifier: MIT */
/*
 * Measuring and printing. Each case first runs until its code and the caches
 * are warm and a turn is long enough to time. After that, each turn makes the
 * same allocations.
 */
#include "bench.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "floor.h"

/* Turns are short, so that many of them are undisturbed. */
enum { TURNS = 61, QUICK_MAX = 1000, MS = 1000 * 1000, TURN = 10 * MS };

uv_loop_t *bench_loop;
uint64_t bench_calls;

static uv_loop_t the_loop;
static atomic_bool counting; /* slow, so off in timed turns */
static atomic_uint_fast64_t allocations, bytes;
static const char *unit_name, *only;
static bool timed, quick, csv;

/* Precedes each block and stores its size. */
typedef struct {
  _Alignas(16) size_t size;
} head_t;

_Static_assert(sizeof(head_t) == 16, "keeps malloc's alignment");

static void *count_in(head_t *head, size_t size) {
  if (head == NULL)
    return NULL;
  head->size = size;
  if (atomic_load_explicit(&counting, memory_order_relaxed)) {
    atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&bytes, size, memory_order_relaxed);
  }
  return head + 1;
}

static void count_out(size_t size) {
  if (atomic_load_explicit(&counting, memory_order_relaxed))
    atomic_fetch_sub_explicit(&bytes, size, memory_order_relaxed);
}

static void *counting_malloc(size_t size) {
  return count_in(malloc(sizeof(head_t) + size), size);
}

static void *counting_calloc(size_t n, size_t size) {
  return count_in(calloc(1, sizeof(head_t) + n * size), n * size);
}

static void *counting_realloc(void *p, size_t size) {
  head_t *head = p != NULL ? (head_t *) p - 1 : NULL;
  const size_t old = head != NULL ? head->size : 0;
  void *moved = count_in(realloc(head, sizeof(head_t) + size), size);
  if (moved != NULL)
    count_out(old);
  return moved;
}

static void counting_free(void *p) {
  head_t *head = (head_t *) p - 1;
  count_out(head->size);
  free(head);
}

uint64_t bench_allocations(void) {
  return atomic_load(&allocations);
}

uint64_t bench_bytes(void) {
  return atomic_load(&bytes);
}

static uint64_t nanoseconds(uv_timeval_t time) {
  return (uint64_t) time.tv_sec * 1000 * MS + (uint64_t) time.tv_usec * 1000;
}

uint64_t bench_clock_of_all(void) {
  uv_rusage_t used;
  bench_require(uv_getrusage(&used) == 0, "uv_getrusage()");
  return nanoseconds(used.ru_utime) + nanoseconds(used.ru_stime);
}

uint64_t bench_clock(void) {
#ifdef CLOCK_THREAD_CPUTIME_ID
  struct timespec now;
  if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0)
    return (uint64_t) now.tv_sec * 1000 * MS + (uint64_t) now.tv_nsec;
#endif
  return uv_hrtime();
}

void bench_fail(const char *what) {
  (void) fprintf(stderr, "bench: failed: %s\n", what);
  exit(EXIT_FAILURE);
}

avow_value_t bench_count(const avow_value_t *arg, void *data) {
  bench_calls++;
  return avow_int(arg->u.i);
}

void bench_drain(void) {
  bench_require(uv_run(bench_loop, UV_RUN_DEFAULT) == 0, "the loop ends");
}

typedef struct {
  double subject, floor, ratio; /* for each operation */
  double allocations;
} result_t;

static size_t size_of(const bench_case_t *c) {
  return quick && c->n > QUICK_MAX ? QUICK_MAX : c->n;
}

void bench_shuffle(void *items[], size_t n) {
  uint64_t random = 1;
  for (size_t i = n; i > 1; i--) {
    random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
    const size_t other = (size_t) (random >> 33) % i;
    void *item = items[i - 1];
    items[i - 1] = items[other];
    items[other] = item;
  }
}

/* In a program that has run for a while, the next free block is anywhere, and
   each one costs a cache miss. In a new program, it is the neighboring block,
   which the processor prefetches. */
static void scatter(size_t n) {
  avow_promise_t **promises = calloc(n, sizeof(avow_promise_t *));
  bench_require(promises != NULL, "memory to scatter");
  for (size_t i = 0; i < n; i++)
    promises[i] = avow_promise_resolve(bench_loop, avow_none());
  bench_shuffle((void **) promises, n);
  for (size_t i = 0; i < n; i++)
    avow_unref(promises[i]);
  free(promises);
}

/* The number of rounds in a turn. Bytes are the same in each round. */
static size_t warm_up(const bench_case_t *c) {
  size_t rounds = 1;
  if (!timed)
    return rounds;
  uint64_t elapsed = 0;
  for (;;) {
    const uint64_t start = uv_hrtime();
    (void) c->subject(size_of(c), rounds); /* warm-up: the time is ignored */
    elapsed = uv_hrtime() - start;
    if (quick || elapsed >= TURN)
      break;
    rounds *= 2;
  }
  if (c->floor != NULL)
    (void) c->floor(size_of(c), rounds); /* warm-up, too */
  return rounds;
}

static result_t take_turn(const bench_case_t *c, size_t rounds) {
  const size_t n = size_of(c);
  const double operations = (double) n * (double) rounds;
  const double subject = (double) c->subject(n, rounds);
  const double lowest = c->floor != NULL ? (double) c->floor(n, rounds) : 0;
  return (result_t){ .subject = subject / operations,
                     .floor = lowest / operations,
                     .ratio = lowest > 0 ? subject / lowest : 0 };
}

/* A turn whose time does not count. */
static double count_turn(const bench_case_t *c, size_t rounds) {
  const size_t n = size_of(c);
  atomic_store(&counting, true);
  const uint64_t before = bench_allocations();
  (void) c->subject(n, rounds); /* only allocations count here */
  const uint64_t asked = bench_allocations() - before;
  atomic_store(&counting, !timed);
  return (double) asked / ((double) n * (double) rounds);
}

static int compare(const void *a, const void *b) {
  const double x = *(const double *) a;
  const double y = *(const double *) b;
  return (x > y) - (x < y);
}

/* The median of the field at this offset. */
static double median(const result_t turns[], size_t count, size_t offset) {
  double values[TURNS];
  for (size_t i = 0; i < count; i++)
    memcpy(&values[i], (const char *) &turns[i] + offset, sizeof(double));
  qsort(values, count, sizeof(double), compare);
  return values[count / 2];
}

static result_t measure(const bench_case_t *c) {
  const size_t rounds = warm_up(c);
  const size_t count = quick || !timed ? 1 : TURNS;
  result_t turns[TURNS];
  for (size_t i = 0; i < count; i++)
    turns[i] = take_turn(c, rounds);
  return (result_t){
    .subject = median(turns, count, offsetof(result_t, subject)),
    .floor = median(turns, count, offsetof(result_t, floor)),
    .ratio = median(turns, count, offsetof(result_t, ratio)),
    .allocations = count_turn(c, rounds),
  };
}

/* Values are compared as they are printed: bytes as whole numbers. */
static double rounded(double x) {
  const double steps = timed ? 100 : 1;
  return (double) (int64_t) (x * steps + 0.5) / steps;
}

static const char *mark(const bench_case_t *c, const result_t *r) {
#ifndef NDEBUG
  return "debug build";
#endif
  if (quick)
    return "not measured";
  if (c->target <= 0 && c->target_ratio <= 0)
    return "";
  const bool fast = c->target <= 0 || rounded(r->subject) <= c->target;
  const bool near =
      c->target_ratio <= 0 || rounded(r->ratio) <= c->target_ratio;
  return fast && near ? "met" : "MISSED";
}

static void print_header(void) {
  if (csv)
    (void) puts(
        "case,n,unit,amount,floor,ratio,allocations,target,"
        "target_ratio,mark");
  else
    (void) printf("%-42s %9s %10s %10s %6s %9s %11s %8s %7s\n", "case", "n",
                  unit_name, "floor", "ratio", "allocs", "per second", "target",
                  "ratio");
}

static void format(char *out, size_t size, const char *as, double x) {
  (void) snprintf(out, size, x > 0 ? as : "-", x);
}

static void print_csv(const bench_case_t *c, const result_t *r) {
  (void) printf("\"%s\",%zu,%s,%.3f,%.3f,%.3f,%.4f,%g,%g,%s\n", c->name,
                size_of(c), unit_name, r->subject, r->floor, r->ratio,
                r->allocations, c->target, c->target_ratio, mark(c, r));
}

static void print_line(const bench_case_t *c, const result_t *r) {
  char lowest[32], ratio[32], asked[32], rate[32], target[32], target_ratio[32];
  format(lowest, sizeof(lowest), "%.2f", r->floor);
  format(ratio, sizeof(ratio), "%.2f", r->ratio);
  (void) snprintf(asked, sizeof(asked), timed ? "%.3f" : "-", r->allocations);
  format(rate, sizeof(rate), "%.0f", timed ? 1e9 / r->subject : 0);
  format(target, sizeof(target), "<= %g", c->target);
  format(target_ratio, sizeof(target_ratio), "<= %g", c->target_ratio);
  (void) printf("%-42s %9zu %10.2f %10s %6s %9s %11s %8s %7s  %s\n", c->name,
                size_of(c), rounded(r->subject), lowest, ratio, asked, rate,
                target, target_ratio, mark(c, r));
  (void) fflush(stdout); /* shows each line at once */
}

static void run_case(const bench_case_t *c) {
  if (c->subject == NULL) {
    scatter(size_of(c));
    floor_scatter(size_of(c));
    return;
  }
  if (only != NULL && strstr(c->name, only) == NULL)
    return;
  const result_t result = measure(c);
  (csv ? print_csv : print_line)(c, &result);
}

static void read_arguments(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--quick") == 0)
      quick = true;
    else if (strcmp(argv[i], "--csv") == 0)
      csv = true;
    else if (strcmp(argv[i], "--only") == 0 && i + 1 < argc)
      only = argv[++i];
    else
      bench_require(false, "usage: [--quick] [--csv] [--only TEXT]");
  }
}

/* Installs the counting allocator before any memory is used. A program may have
   several tables. */
static void count_memory(void) {
  static bool counted;
  if (counted)
    return;
  counted = true;
  bench_require(avow_replace_allocator(counting_malloc, counting_realloc,
                                       counting_calloc, counting_free) == 0,
                "avow_replace_allocator()");
}

int bench_main(int argc, char **argv, const char *unit,
               const bench_case_t cases[], size_t count) {
  unit_name = unit;
  timed = strcmp(unit, "ns") == 0;
  counting = !timed;
  read_arguments(argc, argv);
  bench_loop = &the_loop;
  count_memory();
  bench_require(uv_loop_init(bench_loop) == 0, "uv_loop_init()");
  bench_require(avow_loop_init(bench_loop, NULL) == 0, "avow_loop_init()");
  print_header();
  for (size_t i = 0; i < count; i++)
    run_case(&cases[i]);
  bench_require(avow_loop_close(bench_loop) == 0, "avow_loop_close()");
  bench_require(uv_loop_close(bench_loop) == 0, "uv_loop_close()");
  bench_require(timed || bench_bytes() == 0, "no memory is left");
  return EXIT_SUCCESS;
}

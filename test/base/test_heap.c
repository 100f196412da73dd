/* What avow does to the heap of the process, which no other test has used. The
   harness is not asked: with another allocator avow leaves the heap alone. */
#include "harness.h"

enum { BLOCKS = 64, SIZE = 4096, ROUNDS = 100 };

static void use_and_free(void) {
  avow_value_t blocks[BLOCKS];
  for (size_t i = 0; i < BLOCKS; i++) {
    char *data;
    blocks[i] = avow_bytes_new(SIZE, &data);
    memset(data, 'x', SIZE);
  }
  for (size_t i = 0; i < BLOCKS; i++)
    avow_value_unref(blocks[i]);
}

static uint64_t page_faults(void) {
  uv_rusage_t used;
  assert_int_equal(uv_getrusage(&used), 0);
  return used.ru_minflt;
}

static void bursts_of_blocks_do_not_fault_again(void **state) {
#if !defined(__GLIBC__) || defined(AVOW_NO_POOL)
  skip_because("this is about the heap of glibc, with no tool in its place");
#endif
  uv_loop_t own;
  assert_int_equal(uv_loop_init(&own), 0);
  assert_int_equal(avow_loop_init(&own, NULL), 0);
  use_and_free();
  const uint64_t before = page_faults();

  for (int i = 0; i < ROUNDS; i++)
    use_and_free();

  assert_int_in_range(page_faults() - before, 0, ROUNDS * BLOCKS / 10);
  assert_int_equal(avow_loop_close(&own), 0);
  assert_int_equal(uv_loop_close(&own), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(bursts_of_blocks_do_not_fault_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

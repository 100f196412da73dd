/* SPDX-License-Identifier: MIT */
/* The functions of libuv that return the time. */
#include "sim/loop.h"

SIM_ANCHOR(clock)

/* If a program reads the clock more often in one iteration, the clock advances
   by itself. */
enum { LOOKS = 10 * 1000 };

enum { MS_EACH = 1000, PROCESS = 1234 };

/* The date at which virtual time begins: 2024-01-01. */
static const int64_t epoch = 1704067200;

/* Without this, a program that reads the clock until a time has passed would
   loop forever. */
uint64_t uv_hrtime(void) {
  if (++sim_world.looks > LOOKS)
    sim_time_pass(SIM_US);
  return sim_now() + (uint64_t) SIM_BEGIN_MS * SIM_MS;
}

void uv_sleep(unsigned int msec) {
  sim_time_pass((uint64_t) msec * SIM_MS);
}

int uv_uptime(double *uptime) {
  *uptime = (double) sim_time_ms() / MS_EACH;
  return 0;
}

int uv_gettimeofday(uv_timeval64_t *tv) {
  if (tv == NULL)
    return UV_EINVAL;
  tv->tv_sec = epoch + (int64_t) (sim_now() / SIM_MS / MS_EACH);
  tv->tv_usec = (int32_t) (sim_now() / SIM_US % SIM_MS);
  return 0;
}

#if UV_VERSION_HEX >= 0x012d00
int uv_clock_gettime(uv_clock_id clock_id, uv_timespec64_t *ts) {
  if (ts == NULL)
    return UV_EFAULT;
  if (clock_id != UV_CLOCK_MONOTONIC && clock_id != UV_CLOCK_REALTIME)
    return UV_EINVAL;
  ts->tv_sec =
      (clock_id == UV_CLOCK_REALTIME ? epoch : SIM_BEGIN_MS / MS_EACH) +
      (int64_t) (sim_now() / SIM_MS / MS_EACH);
  ts->tv_nsec = (int32_t) (sim_now() % (MS_EACH * SIM_MS));
  return 0;
}
#endif

/* The number is the same on each machine and in each run. */
uv_pid_t uv_os_getpid(void) {
  return PROCESS;
}

uv_pid_t uv_os_getppid(void) {
  return PROCESS - 1;
}

#define _GNU_SOURCE
#include "CVirtualClock.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static _Thread_local int64_t virtual_now = -1;

void c_virtual_clock_set(int64_t nanoseconds) { virtual_now = nanoseconds; }

int clock_gettime(clockid_t clock, struct timespec *time) {
  if (virtual_now >= 0 && (clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME)) {
    time->tv_sec = virtual_now / 1000000000;
    time->tv_nsec = virtual_now % 1000000000;
    return 0;
  }
  return (int)syscall(SYS_clock_gettime, clock, time);
}

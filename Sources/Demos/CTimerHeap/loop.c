#define _GNU_SOURCE
#include "CTimerHeap.h"
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

int ctimer_processor(void) { return sched_getcpu(); }

int64_t ctimer_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int ctimer_loop_run(ctimer_heap *heap, const bool *done) {
  int poller = epoll_create1(EPOLL_CLOEXEC);
  if (poller < 0) return -errno;
  int alarm = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
  if (alarm < 0) return -errno;
  struct epoll_event event = {.events = EPOLLIN | EPOLLET};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, alarm, &event) < 0) return -errno;
  int64_t armed = INT64_MAX;
  while (!*done) {
    int64_t earliest = ctimer_heap_earliest(heap);
    if (earliest < armed) {
      armed = earliest;
      struct itimerspec at = {.it_value = {earliest / 1000000000, earliest % 1000000000}};
      timerfd_settime(alarm, TFD_TIMER_ABSTIME, &at, NULL);
    }
    if (epoll_wait(poller, &event, 1, -1) == 1) armed = INT64_MAX;
    ctimer_heap_run_due(heap, ctimer_now());
  }
  close(alarm);
  close(poller);
  return 0;
}

void ctimer_record_fired(ctimer_record *record, int64_t deadline) {
  int64_t now = ctimer_now();
  record->early += now < deadline;
  record->out_of_order += deadline < record->last_deadline;
  record->last_deadline = deadline;
  if (record->lateness) record->lateness[record->fired] = now - deadline;
  record->fired++;
  record->done = record->fired == record->goal;
}

typedef struct {
  ctimer_record *record;
  int64_t deadline;
} noting;

static void note(void *context) {
  noting *self = context;
  ctimer_record_fired(self->record, self->deadline);
}

uint32_t ctimer_add_noting(ctimer_heap *heap, int64_t deadline, ctimer_record *record) {
  noting *context = malloc(sizeof *context);
  context->record = record;
  context->deadline = deadline;
  return ctimer_heap_add(heap, deadline, note, context);
}

typedef struct {
  noting noting;
  ctimer_heap *heap;
  int64_t spread;
  size_t *left;
  uint64_t *seed;
} chain;

static void note_and_follow(void *context) {
  chain *self = context;
  note(&self->noting);
  ctimer_add_chain(self->heap, self->spread, self->noting.record, self->left, self->seed);
}

void ctimer_add_chain(ctimer_heap *heap, int64_t spread, ctimer_record *record, size_t *left, uint64_t *seed) {
  if (*left == 0) return;
  --*left;
  chain *context = malloc(sizeof *context);
  int64_t deadline = ctimer_now() + (int64_t)ctimer_random(seed, (uint64_t)spread);
  *context = (chain){{record, deadline}, heap, spread, left, seed};
  ctimer_heap_add(heap, deadline, note_and_follow, context);
}

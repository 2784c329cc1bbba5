/* The control that the loop's timers are measured against: a plain binary heap with positions, and
 * the plainest loop around it, epoll(7) and one timerfd. Written as tight as C allows. */
#ifndef C_TIMER_HEAP_H
#define C_TIMER_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef void (*ctimer_call)(void *context);

/* Timers in order of (deadline, creation). */
typedef struct ctimer_heap ctimer_heap;

ctimer_heap *ctimer_heap_create(void);
void ctimer_heap_destroy(ctimer_heap *heap);
size_t ctimer_heap_count(const ctimer_heap *heap);

/* The first deadline; INT64_MAX if there is none. */
int64_t ctimer_heap_earliest(const ctimer_heap *heap);

/* Adds a timer and returns its handle. The heap frees `context`, which may be null, after the call or
 * on cancel, as a closure's context is freed. */
uint32_t ctimer_heap_add(ctimer_heap *heap, int64_t deadline, ctimer_call call, void *context);

/* Takes a pending timer back. Its handle is used again. */
void ctimer_heap_cancel(ctimer_heap *heap, uint32_t timer);

/* Gives a pending timer another deadline; it counts as created now. */
void ctimer_heap_rearm(ctimer_heap *heap, uint32_t timer, int64_t deadline);

/* Calls what is due at `now`, and nothing that is added meanwhile; returns how many. */
size_t ctimer_heap_run_due(ctimer_heap *heap, int64_t now);

/* Runs timers as they fall due, on CLOCK_BOOTTIME, until `*done`; returns 0 or a negated errno. */
int ctimer_loop_run(ctimer_heap *heap, const bool *done);

/* The processor that the caller runs on, sched_getcpu(3). */
int ctimer_processor(void);

/* CLOCK_BOOTTIME in nanoseconds. */
int64_t ctimer_now(void);

/* What a measured timer writes down when it fires: both sides call the same function with the same
 * words, so that it weighs the same on both. */
typedef struct {
  int64_t last_deadline;
  size_t fired, out_of_order, early;
  size_t goal;
  bool done;
  int64_t *lateness; /* null, or room for `goal` */
} ctimer_record;

void ctimer_record_fired(ctimer_record *record, int64_t deadline);

/* The experiments' timers in C: each notes itself in a record. The chain one adds its successor, with
 * a deadline up to `spread` from now, until the goal will be reached. */
uint32_t ctimer_add_noting(ctimer_heap *heap, int64_t deadline, ctimer_record *record);
void ctimer_add_chain(ctimer_heap *heap, int64_t spread, ctimer_record *record, size_t *left, uint64_t *seed);

/* The next of a row of random numbers below `bound`; xorshift64*. */
static inline uint64_t ctimer_random(uint64_t *seed, uint64_t bound) {
  uint64_t x = *seed;
  x ^= x >> 12;
  x ^= x << 25;
  x ^= x >> 27;
  *seed = x;
  return (uint64_t)(((unsigned __int128)(x * 0x2545F4914F6CDD1DULL) * bound) >> 64);
}

#endif

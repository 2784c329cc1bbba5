#include "CTimerHeap.h"
#include <stdlib.h>

typedef struct {
  int64_t deadline;
  uint64_t sequence;
  uint32_t timer;
} entry;

typedef struct {
  ctimer_call call;
  void *context;
  uint32_t position; /* in the heap; of a free timer the next free one */
} timer;

struct ctimer_heap {
  entry *entries;
  timer *timers;
  size_t count, capacity;
  uint32_t free, made;
  uint64_t sequence;
};

static const uint32_t none = UINT32_MAX;

ctimer_heap *ctimer_heap_create(void) {
  ctimer_heap *heap = calloc(1, sizeof *heap);
  heap->capacity = 64;
  heap->entries = malloc(heap->capacity * sizeof(entry));
  heap->timers = malloc(heap->capacity * sizeof(timer));
  heap->free = none;
  return heap;
}

void ctimer_heap_destroy(ctimer_heap *heap) {
  for (size_t index = 0; index < heap->count; index++) {
    free(heap->timers[heap->entries[index].timer].context);
  }
  free(heap->entries);
  free(heap->timers);
  free(heap);
}

size_t ctimer_heap_count(const ctimer_heap *heap) { return heap->count; }

int64_t ctimer_heap_earliest(const ctimer_heap *heap) {
  return heap->count > 0 ? heap->entries[0].deadline : INT64_MAX;
}

static inline bool precedes(const entry *left, const entry *right) {
  return left->deadline < right->deadline ||
         (left->deadline == right->deadline && left->sequence < right->sequence);
}

static inline void place(ctimer_heap *heap, entry item, size_t index) {
  heap->entries[index] = item;
  heap->timers[item.timer].position = (uint32_t)index;
}

static void sift_up(ctimer_heap *heap, entry item, size_t index) {
  while (index > 0) {
    size_t parent = (index - 1) / 2;
    if (!precedes(&item, &heap->entries[parent])) break;
    place(heap, heap->entries[parent], index);
    index = parent;
  }
  place(heap, item, index);
}

static void sift_down(ctimer_heap *heap, entry item, size_t index) {
  size_t count = heap->count;
  for (;;) {
    size_t child = 2 * index + 1;
    if (child >= count) break;
    if (child + 1 < count && precedes(&heap->entries[child + 1], &heap->entries[child])) child++;
    if (!precedes(&heap->entries[child], &item)) break;
    place(heap, heap->entries[child], index);
    index = child;
  }
  place(heap, item, index);
}

static inline void settle(ctimer_heap *heap, entry item, size_t index) {
  if (index > 0 && precedes(&item, &heap->entries[(index - 1) / 2])) {
    sift_up(heap, item, index);
  } else {
    sift_down(heap, item, index);
  }
}

static void grow(ctimer_heap *heap) {
  heap->capacity *= 2;
  heap->entries = realloc(heap->entries, heap->capacity * sizeof(entry));
  heap->timers = realloc(heap->timers, heap->capacity * sizeof(timer));
}

uint32_t ctimer_heap_add(ctimer_heap *heap, int64_t deadline, ctimer_call call, void *context) {
  if (heap->count == heap->capacity) grow(heap);
  uint32_t handle = heap->free;
  if (handle == none) {
    handle = heap->made++;
  } else {
    heap->free = heap->timers[handle].position;
  }
  heap->timers[handle].call = call;
  heap->timers[handle].context = context;
  entry item = {deadline, heap->sequence++, handle};
  sift_up(heap, item, heap->count++);
  return handle;
}

static void remove_at(ctimer_heap *heap, size_t index) {
  heap->count--;
  if (index != heap->count) settle(heap, heap->entries[heap->count], index);
}

static inline void give_back(ctimer_heap *heap, uint32_t handle) {
  heap->timers[handle].position = heap->free;
  heap->free = handle;
}

void ctimer_heap_cancel(ctimer_heap *heap, uint32_t handle) {
  void *context = heap->timers[handle].context;
  remove_at(heap, heap->timers[handle].position);
  give_back(heap, handle);
  free(context);
}

void ctimer_heap_rearm(ctimer_heap *heap, uint32_t handle, int64_t deadline) {
  entry item = {deadline, heap->sequence++, handle};
  settle(heap, item, heap->timers[handle].position);
}

size_t ctimer_heap_run_due(ctimer_heap *heap, int64_t now) {
  /* What is added by a call has a later number: it waits for the next turn. */
  uint64_t limit = heap->sequence;
  size_t called = 0;
  while (heap->count > 0 && heap->entries[0].deadline <= now && heap->entries[0].sequence < limit) {
    uint32_t handle = heap->entries[0].timer;
    timer due = heap->timers[handle];
    remove_at(heap, 0);
    give_back(heap, handle);
    due.call(due.context);
    free(due.context);
    called++;
  }
  return called;
}

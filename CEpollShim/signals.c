#define _GNU_SOURCE
#include "CEpollShim.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A handler marks a signal in every source that takes it, and writes to the source's eventfd. It may run on any thread
 * at any moment: it takes no lock, and a source is freed only when no handler runs. */

struct cepoll_signal_source {
  struct cepoll_signal_source *_Atomic next;
  int fd;
  uint64_t mask;            /* the signals that it takes: bit n-1 for signal n */
  _Atomic uint64_t pending; /* those that have arrived and were not taken from it yet */
};

enum { last_signal = 64 };

/* Never taken: two cannot be, signal(7), and a fault would be repeated when its handler returns. */
static const int refused[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* held to change the list or the actions */
static struct cepoll_signal_source *_Atomic first;
static struct sigaction previous[last_signal + 1]; /* the actions that the handler has replaced */
static _Atomic pid_t owner;                        /* the process that made the sources; a forked child is another */
static _Atomic int running;                        /* the number of handlers that may use a source */
static _Atomic uint64_t unread;                    /* signals that have arrived and were taken from no source yet */

static uint64_t bit_of(int signal) { return (uint64_t)1 << (signal - 1); }

/* Marks a signal in all sources that take it; false if there is none. */
static bool mark(uint64_t bit) {
  bool is_marked = false;
  for (struct cepoll_signal_source *source = first; source; source = source->next) {
    if (!(source->mask & bit)) continue;
    atomic_fetch_or(&source->pending, bit);
    is_marked = true;
  }
  if (!is_marked) return false;
  atomic_fetch_or(&unread, bit); /* before any source can be read */
  for (struct cepoll_signal_source *source = first; source; source = source->next)
    if (source->mask & bit) cepoll_event_signal(source->fd);
  return true;
}

static void on_signal(int signal);

/* Puts back the action that the handler has replaced, unless the program has set another one meanwhile. */
static void restore(int signal) {
  struct sigaction current;
  sigaction(signal, NULL, &current);
  if (current.sa_handler == on_signal) sigaction(signal, &previous[signal], NULL);
}

/* Sends a signal that no source has taken to the previous action, which is in place again. */
static void pass_on(int signal) {
  struct sigaction current;
  sigaction(signal, NULL, &current);
  /* Any other action is a handler of the program that has called this one, and has the signal. */
  if (current.sa_handler == on_signal || current.sa_handler == previous[signal].sa_handler) raise(signal);
}

static void on_signal(int signal) {
  int saved_errno = errno;
  if (owner != getpid()) {
    /* A forked child shares the descriptors with its parent, which the signal was not sent to. */
    restore(signal);
    pass_on(signal);
  } else {
    atomic_fetch_add(&running, 1);
    /* Without a source, the last one has been closed meanwhile. */
    if (!mark(bit_of(signal))) pass_on(signal);
    atomic_fetch_sub(&running, 1);
  }
  errno = saved_errno;
}

/* Installs the handler for a signal, unless it is there. */
static void install(int signal) {
  struct sigaction current, action = {.sa_handler = on_signal, .sa_flags = SA_RESTART | SA_ONSTACK};
  sigaction(signal, NULL, &current);
  if (current.sa_handler == on_signal) return;
  previous[signal] = current;
  sigaction(signal, &action, NULL);
}

static void for_each(uint64_t mask, void (*body)(int)) {
  for (int signal = 1; signal <= last_signal; signal++)
    if (mask & bit_of(signal)) body(signal);
}

/* Which of the signals can be taken: not those that the process ignores. -EINVAL if one is refused. */
static int select_signals(uint64_t wanted, uint64_t *mask) {
  for (size_t index = 0; index < sizeof refused / sizeof *refused; index++)
    if (wanted & bit_of(refused[index])) return -EINVAL;
  for (int signal = 1; signal <= last_signal; signal++) {
    struct sigaction current;
    if (!(wanted & bit_of(signal))) continue;
    if (sigaction(signal, NULL, &current) < 0) return -errno;
    if (current.sa_handler != SIG_IGN) *mask |= bit_of(signal);
  }
  return 0;
}

int cepoll_signal_open(uint64_t wanted, struct cepoll_signal_source **result) {
  uint64_t mask = 0;
  int error = select_signals(wanted, &mask);
  if (error < 0) return error;
  struct cepoll_signal_source *source = calloc(1, sizeof *source);
  if (!source) return -ENOMEM;
  source->mask = mask;
  source->fd = cepoll_event_create();
  if (source->fd < 0) {
    error = source->fd;
    free(source);
    return error;
  }
  pthread_mutex_lock(&lock);
  if (owner != getpid()) {
    /* The first source of this process: those in the list are its parent's. */
    first = NULL;
    running = 0;
    unread = 0;
    owner = getpid();
  }
  source->next = first;
  first = source;
  for_each(mask, install);
  pthread_mutex_unlock(&lock);
  *result = source;
  return 0;
}

int cepoll_signal_fd(const struct cepoll_signal_source *source) { return source->fd; }

int cepoll_signal_next(struct cepoll_signal_source *source) {
  uint64_t pending, count;
  while (!(pending = source->pending))
    if (read(source->fd, &count, sizeof count) < 0) return 0;
  int signal = __builtin_ctzll(pending) + 1;
  /* In this order, a signal that arrives meanwhile may count as unread although it was read, never the other way. */
  atomic_fetch_and(&unread, ~bit_of(signal));
  atomic_fetch_and(&source->pending, ~bit_of(signal));
  return signal;
}

/* Takes a source out of the list, and returns the signals in it that no source has been asked for. */
static uint64_t unlink_source(struct cepoll_signal_source *source) {
  uint64_t others = 0, held = 0;
  for (struct cepoll_signal_source *other = first; other; other = other->next)
    if (other != source) others |= other->mask;
  /* First the actions: a handler that still comes finds the source, or the previous action. */
  for_each(source->mask & ~others, restore);
  struct cepoll_signal_source *_Atomic *link = &first;
  while (*link && *link != source) link = &(*link)->next;
  if (*link) *link = source->next;
  while (running > 0) sched_yield();
  for (struct cepoll_signal_source *other = first; other; other = other->next) held |= other->pending;
  uint64_t left = source->pending & unread & ~held;
  atomic_fetch_and(&unread, ~left);
  return left;
}

static void send_again(int signal) { kill(getpid(), signal); }

void cepoll_signal_close(struct cepoll_signal_source *source) {
  pthread_mutex_lock(&lock);
  uint64_t left = owner == getpid() ? unlink_source(source) : 0;
  pthread_mutex_unlock(&lock);
  close(source->fd);
  free(source);
  for_each(left, send_again);
}

/* SIGPIPE */

static void on_broken_pipe(int signal) { (void)signal; }

/* A handler and not SIG_IGN: that would be inherited by the programs that the process starts, execve(2). */
int cepoll_signal_ignore_pipe(void) {
  struct sigaction current, nothing = {.sa_handler = on_broken_pipe, .sa_flags = SA_RESTART | SA_ONSTACK};
  if (sigaction(SIGPIPE, NULL, &current) < 0) return -errno;
  if (current.sa_handler != SIG_DFL) return 0;
  return sigaction(SIGPIPE, &nothing, NULL) < 0 ? -errno : 0;
}

const char *cepoll_signal_name(int signal) { return sigabbrev_np(signal); }

/* The part of the kernel's interface that Swift's Glibc module lacks, and nothing more.
 *
 * Each function returns what the system call returns, or the negated errno: no caller reads errno
 * late. The only state is the thread-local word at the end, and the signal sources. */
#ifndef CEPOLL_SHIM_H
#define CEPOLL_SHIM_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>

/* epoll(7) flags as plain integers: the importer turns the enum's members into a struct. */
static const uint32_t cepoll_in = EPOLLIN;
static const uint32_t cepoll_out = EPOLLOUT;
static const uint32_t cepoll_priority = EPOLLPRI;
static const uint32_t cepoll_error = EPOLLERR;
static const uint32_t cepoll_hang_up = EPOLLHUP;
static const uint32_t cepoll_read_hang_up = EPOLLRDHUP;
static const uint32_t cepoll_edge_triggered = EPOLLET;

_Static_assert(sizeof(struct epoll_event) == 12 || sizeof(struct epoll_event) == 16,
               "struct epoll_event is packed on x86-64 and padded elsewhere");

/* epoll(7) */
int cepoll_create(void);
/* Gives a descriptor's number to another one, which a call of this shim has created or not. dup3(2) */
int cepoll_fd_replace(int fd, int fresh);
int cepoll_add(int poller, int fd, uint32_t events, uint64_t token);
int cepoll_modify(int poller, int fd, uint32_t events, uint64_t token);
int cepoll_delete(int poller, int fd);
int cepoll_wait(int poller, struct epoll_event *events, int count, int timeout_milliseconds);

static inline uint32_t cepoll_event_flags(const struct epoll_event *event) { return event->events; }
static inline uint64_t cepoll_event_token(const struct epoll_event *event) { return event->data.u64; }

/* eventfd(2): a counter that wakes a sleeping loop. */
int cepoll_event_create(void);
int cepoll_event_signal(int fd);

/* timerfd_create(2), timerfd_settime(2) on CLOCK_BOOTTIME, absolute; zero disarms. */
int cepoll_timer_create(void);
int cepoll_timer_arm(int fd, int64_t deadline_nanoseconds);
int64_t cepoll_clock_now(void);
int64_t cepoll_clock_monotonic_now(void);
int64_t cepoll_clock_coarse_now(void);
int64_t cepoll_clock_raw_now(void);

/* sigaction(2): a source takes the signals of `mask` (bit n-1 for signal n), on whatever thread they arrive, as long as
 * it is open; every source that takes a signal gets it. `next` returns one signal after another, 0 if there is none;
 * the descriptor is readable until it has returned 0. */
struct cepoll_signal_source;
int cepoll_signal_open(uint64_t mask, struct cepoll_signal_source **source);
int cepoll_signal_fd(const struct cepoll_signal_source *source);
int cepoll_signal_next(struct cepoll_signal_source *source);
void cepoll_signal_close(struct cepoll_signal_source *source);
int cepoll_signal_ignore_pipe(void);
/* sigabbrev_np(3): "INT" for SIGINT; NULL for a signal without a name. */
const char *cepoll_signal_name(int signal);

/* socket(2): non-blocking, close-on-exec; `send` never raises SIGPIPE. */
int cepoll_socket_create(int family, int type, int protocol);
int cepoll_socket_pair(int type, int fds[2]);
int cepoll_socket_accept(int fd, struct sockaddr_storage *peer, socklen_t *length);
int cepoll_socket_connect(int fd, const struct sockaddr *address, socklen_t length);
int cepoll_socket_set(int fd, int level, int name, int value);
int cepoll_socket_get(int fd, int level, int name, int *value);
ssize_t cepoll_socket_receive(int fd, void *bytes, size_t count);
ssize_t cepoll_socket_peek(int fd, void *bytes, size_t count);
ssize_t cepoll_socket_send(int fd, const void *bytes, size_t count);

/* Any descriptor. */
ssize_t cepoll_fd_read(int fd, void *bytes, size_t count);
ssize_t cepoll_fd_write(int fd, const void *bytes, size_t count);
int cepoll_fd_close(int fd);

/* pthread_setname_np(3), sched_getaffinity(2), gettid(2); whether this library has started the thread. */
void cepoll_thread_set_own(void);
bool cepoll_thread_is_own(void);
void cepoll_thread_name(const char *name);
int cepoll_processor_count(void);
bool cepoll_thread_is_main(void);
/* Has a function called in each child that this process forks. pthread_atfork(3) */
void cepoll_at_fork(void (*in_child)(void));

/* Dispatch's main queue. Each has no effect where Dispatch is not linked.
 * drain: runs what is in the queue now; on the thread that owns it.
 * handle: a descriptor that is readable when the queue has work, or -errno: ENOSYS without Dispatch.
 * async: has the queue call `work` once, on the thread that drains it; starts no thread.
 * watch: has the queue call `work` whenever `fd` is readable; Dispatch starts a thread of its own for that.
 * assert: ends the program unless the calling code runs in the queue. */
void cepoll_main_queue_drain(void);
int cepoll_main_queue_handle(void);
bool cepoll_main_queue_async(void (*work)(void *));
bool cepoll_main_queue_watch(int fd, void (*work)(void *));
void cepoll_main_queue_assert(void);

/* The running task of Swift's runtime; whether a task is cancelled, and its cancelling; the serial executor that the
 * thread holds and the task executor that the running task prefers, null for none: entry points of the runtime that
 * compiled code calls too. They take no other route in C than this calling convention. */
void *cepoll_task_current(void);
bool cepoll_task_is_cancelled(void *task);
void cepoll_task_cancel(void *task);
void *cepoll_task_executor(void);
void *cepoll_task_preferred_executor(void);

/* Hints to the processor's cache: a task that is about to run, and then what it resumes with. The
 * offset is that of ResumeContext in the runtime's Task.h; a hint never faults, wherever it points. */
static inline void cepoll_prefetch_task(const char *task) {
  __builtin_prefetch(task);
  __builtin_prefetch(task + 64);
  __builtin_prefetch(task + 128);
}
static inline void cepoll_prefetch(const char *address) { __builtin_prefetch(address); }
static inline void cepoll_prefetch_frame(const char *task) {
  const char *frame = *(const char *const *)(task + 64);
  __builtin_prefetch(frame);
  __builtin_prefetch(frame + 64);
  __builtin_prefetch(frame + 128);
  __builtin_prefetch(frame - 64);
  __builtin_prefetch(frame - 128);
  __builtin_prefetch(frame - 192);
  __builtin_prefetch(frame - 256);
  __builtin_prefetch(frame - 320);
}

/* Whether a task has task-local values: the head of its list, a private field of the runtime's AsyncTask in Swift 6.3
 * (Task.h, TaskPrivate.h). Nothing is written there, and nothing is followed. */
static inline bool cepoll_task_has_locals(const void *task) {
  return *(const void *const *)((const char *)task + 136) != 0;
}

/* The loop that runs on this thread: an unowned pointer, null where none runs. A call and not an
 * inline access: a compiler may keep a thread-local's address across a suspension point. */
void *cepoll_current_loop(void);
void cepoll_set_current_loop(void *loop);

#endif

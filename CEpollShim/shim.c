#define _GNU_SOURCE
#include "CEpollShim.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define OR_ERRNO(call)                      \
  ({                                        \
    __typeof__(call) result_ = (call);      \
    result_ < 0 ? -errno : result_;         \
  })

static const int64_t nanoseconds_per_second = 1000000000;

/* epoll */

static int control(int poller, int operation, int fd, uint32_t events, uint64_t token) {
  struct epoll_event event = {.events = events, .data = {.u64 = token}};
  return OR_ERRNO(epoll_ctl(poller, operation, fd, &event));
}

int cepoll_fd_replace(int fd, int fresh) {
  if (fresh < 0) return fresh;
  int result = OR_ERRNO(dup3(fresh, fd, O_CLOEXEC));
  close(fresh);
  return result;
}

int cepoll_create(void) { return OR_ERRNO(epoll_create1(EPOLL_CLOEXEC)); }

int cepoll_add(int poller, int fd, uint32_t events, uint64_t token) {
  return control(poller, EPOLL_CTL_ADD, fd, events, token);
}

int cepoll_modify(int poller, int fd, uint32_t events, uint64_t token) {
  return control(poller, EPOLL_CTL_MOD, fd, events, token);
}

int cepoll_delete(int poller, int fd) { return control(poller, EPOLL_CTL_DEL, fd, 0, 0); }

int cepoll_wait(int poller, struct epoll_event *events, int count, int timeout_milliseconds) {
  return OR_ERRNO(epoll_wait(poller, events, count, timeout_milliseconds));
}

/* eventfd */

int cepoll_event_create(void) { return OR_ERRNO(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

int cepoll_event_signal(int fd) {
  uint64_t one = 1;
  int result;
  do {
    result = OR_ERRNO((int)write(fd, &one, sizeof one));
  } while (result == -EINTR);
  return result == -EAGAIN ? 0 : result; /* a full counter is a signalled one */
}

/* timerfd and clocks */

int cepoll_timer_create(void) {
  return OR_ERRNO(timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK));
}

int cepoll_timer_arm(int fd, int64_t deadline_nanoseconds) {
  struct itimerspec spec = {
      .it_value = {.tv_sec = deadline_nanoseconds / nanoseconds_per_second,
                   .tv_nsec = deadline_nanoseconds % nanoseconds_per_second}};
  return OR_ERRNO(timerfd_settime(fd, TFD_TIMER_ABSTIME, &spec, NULL));
}

static int64_t now(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return time.tv_sec * nanoseconds_per_second + time.tv_nsec;
}

int64_t cepoll_clock_now(void) { return now(CLOCK_BOOTTIME); }
int64_t cepoll_clock_monotonic_now(void) { return now(CLOCK_MONOTONIC); }
int64_t cepoll_clock_coarse_now(void) { return now(CLOCK_MONOTONIC_COARSE); }
int64_t cepoll_clock_raw_now(void) { return now(CLOCK_MONOTONIC_RAW); }

/* sockets */

int cepoll_socket_create(int family, int type, int protocol) {
  return OR_ERRNO(socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
}

int cepoll_socket_pair(int type, int fds[2]) {
  return OR_ERRNO(socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
}

int cepoll_socket_accept(int fd, struct sockaddr_storage *peer, socklen_t *length) {
  return OR_ERRNO(accept4(fd, (struct sockaddr *)peer, length, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

int cepoll_socket_connect(int fd, const struct sockaddr *address, socklen_t length) {
  return OR_ERRNO(connect(fd, address, length));
}

int cepoll_socket_set(int fd, int level, int name, int value) {
  return OR_ERRNO(setsockopt(fd, level, name, &value, sizeof value));
}

int cepoll_socket_get(int fd, int level, int name, int *value) {
  socklen_t length = sizeof *value;
  return OR_ERRNO(getsockopt(fd, level, name, value, &length));
}

ssize_t cepoll_socket_receive(int fd, void *bytes, size_t count) {
  return OR_ERRNO(recv(fd, bytes, count, 0));
}

ssize_t cepoll_socket_peek(int fd, void *bytes, size_t count) {
  return OR_ERRNO(recv(fd, bytes, count, MSG_PEEK));
}

ssize_t cepoll_socket_send(int fd, const void *bytes, size_t count) {
  return OR_ERRNO(send(fd, bytes, count, MSG_NOSIGNAL));
}

/* any descriptor */

ssize_t cepoll_fd_read(int fd, void *bytes, size_t count) { return OR_ERRNO(read(fd, bytes, count)); }

ssize_t cepoll_fd_write(int fd, const void *bytes, size_t count) {
  return OR_ERRNO(write(fd, bytes, count));
}

/* Never retried: Linux has released the number even when EINTR is reported (close(2), NOTES). */
int cepoll_fd_close(int fd) {
  int result = OR_ERRNO(close(fd));
  return result == -EINTR ? 0 : result;
}

/* threads */

void cepoll_thread_name(const char *name) { pthread_setname_np(pthread_self(), name); }

static _Thread_local bool is_own_thread;

void cepoll_thread_set_own(void) { is_own_thread = true; }
bool cepoll_thread_is_own(void) { return is_own_thread; }

int cepoll_processor_count(void) {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) < 0 ? 1 : CPU_COUNT(&set);
}

bool cepoll_thread_is_main(void) { return getpid() == gettid(); }

void cepoll_at_fork(void (*in_child)(void)) { pthread_atfork(NULL, NULL, in_child); }

/* Dispatch's main queue. Weak: where Dispatch is not linked, there is no such queue. */

#define WEAK __attribute__((weak))
WEAK extern char _dispatch_main_q[], _dispatch_source_type_read[];
WEAK void _dispatch_main_queue_callback_4CF(void *unused);
WEAK int _dispatch_get_main_queue_handle_4CF(void);
WEAK void dispatch_async_f(void *queue, void *context, void (*work)(void *));
WEAK void *dispatch_source_create(const void *type, uintptr_t handle, uintptr_t mask, void *queue);
WEAK void dispatch_source_set_event_handler_f(void *source, void (*handler)(void *));
WEAK void dispatch_resume(void *object);
WEAK void dispatch_assert_queue(void *queue);

void cepoll_main_queue_drain(void) {
  if (_dispatch_main_queue_callback_4CF) _dispatch_main_queue_callback_4CF(NULL);
}

int cepoll_main_queue_handle(void) {
  if (!_dispatch_get_main_queue_handle_4CF || !_dispatch_main_queue_callback_4CF) return -ENOSYS;
  /* Dispatch ends the program if it cannot create the descriptor. */
  int trial = cepoll_event_create();
  if (trial < 0) return trial;
  close(trial);
  return _dispatch_get_main_queue_handle_4CF();
}

bool cepoll_main_queue_async(void (*work)(void *)) {
  if (!dispatch_async_f) return false;
  dispatch_async_f(_dispatch_main_q, NULL, work);
  return true;
}

bool cepoll_main_queue_watch(int fd, void (*work)(void *)) {
  if (!dispatch_source_create || !dispatch_source_set_event_handler_f || !dispatch_resume) return false;
  void *source = dispatch_source_create(_dispatch_source_type_read, (uintptr_t)fd, 0, _dispatch_main_q);
  if (!source) return false;
  dispatch_source_set_event_handler_f(source, work);
  dispatch_resume(source);
  return true;
}

void cepoll_main_queue_assert(void) {
  if (dispatch_assert_queue) dispatch_assert_queue(_dispatch_main_q);
}

/* the running task */

__attribute__((swiftcall)) void *swift_task_getCurrent(void);
__attribute__((swiftcall)) bool swift_task_isCancelled(void *task);
__attribute__((swiftcall)) void swift_task_cancel(void *task);

/* swift::SerialExecutorRef and swift::TaskExecutorRef: an object and a word that says how to use it. */
struct executor {
  void *identity;
  uintptr_t implementation;
};
__attribute__((swiftcall)) struct executor swift_task_getCurrentExecutor(void);
__attribute__((swiftcall)) struct executor swift_task_getPreferredTaskExecutor(void);

void *cepoll_task_current(void) { return swift_task_getCurrent(); }
bool cepoll_task_is_cancelled(void *task) { return swift_task_isCancelled(task); }
void cepoll_task_cancel(void *task) { swift_task_cancel(task); }
void *cepoll_task_executor(void) { return swift_task_getCurrentExecutor().identity; }
void *cepoll_task_preferred_executor(void) { return swift_task_getPreferredTaskExecutor().identity; }

/* the loop of this thread */

static _Thread_local void *current_loop __attribute__((tls_model("initial-exec")));

void *cepoll_current_loop(void) { return current_loop; }
void cepoll_set_current_loop(void *loop) { current_loop = loop; }

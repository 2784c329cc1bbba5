/* The control: the tightest echo server on epoll that we know how to write.
 *
 * Edge-triggered, registered once for both directions, one buffer for all, no per-connection
 * state unless the peer is slow to read. Prints one line when it listens. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BATCH = 1024, BUFFER = 65536 };

struct pending {
  char *bytes;
  size_t start, end;
  int must_read; /* an input event came while output was pending */
};

static struct pending pending[65536];
static char buffer[BUFFER];

static void finish(int fd) {
  free(pending[fd].bytes);
  memset(&pending[fd], 0, sizeof pending[fd]);
  close(fd);
}

/* Returns 0 when everything is written, 1 when the peer is slow, -1 when the connection is gone. */
static int flush_pending(int fd) {
  struct pending *p = &pending[fd];
  while (p->start < p->end) {
    ssize_t n = send(fd, p->bytes + p->start, p->end - p->start, MSG_NOSIGNAL);
    if (n < 0) return errno == EAGAIN ? 1 : -1;
    p->start += (size_t)n;
  }
  free(p->bytes);
  p->bytes = NULL;
  p->start = p->end = 0;
  return 0;
}

static void serve(int fd, uint32_t events) {
  if (pending[fd].bytes) {
    if (events & (EPOLLIN | EPOLLRDHUP)) pending[fd].must_read = 1;
    int state = flush_pending(fd);
    if (state < 0) return finish(fd);
    if (state > 0 || !pending[fd].must_read) return;
    pending[fd].must_read = 0;
  } else if (!(events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))) {
    return;
  }
  for (;;) {
    ssize_t n = recv(fd, buffer, sizeof buffer, 0);
    if (n == 0) return finish(fd);
    if (n < 0) {
      if (errno == EAGAIN) return;
      return finish(fd);
    }
    ssize_t sent = send(fd, buffer, (size_t)n, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno != EAGAIN) return finish(fd);
      sent = 0;
    }
    if (sent < n) {
      struct pending *p = &pending[fd];
      p->end = (size_t)(n - sent);
      p->bytes = malloc(p->end);
      memcpy(p->bytes, buffer + sent, p->end);
      p->must_read = 1;
      return;
    }
    if (n < BUFFER && !(events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))) return;
  }
}

int main(int argc, char **argv) {
  int port = argc > 1 ? atoi(argv[1]) : 7778, one = 1;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr = {htonl(INADDR_LOOPBACK)}};
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 4096) < 0) {
    perror("c-echo");
    return 1;
  }
  socklen_t length = sizeof address;
  getsockname(listener, (struct sockaddr *)&address, &length);
  int poller = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.fd = listener};
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
  printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
  fflush(stdout);

  static struct epoll_event events[BATCH];
  for (;;) {
    int count = epoll_wait(poller, events, BATCH, -1);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd != listener) {
        serve(fd, events[i].events);
        continue;
      }
      for (;;) {
        int accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted < 0) break;
        struct epoll_event add = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.fd = accepted};
        epoll_ctl(poller, EPOLL_CTL_ADD, accepted, &add);
      }
    }
  }
}

/* The load: N connections to 127.0.0.1:PORT, each with K messages of S bytes in flight, until R
 * messages have come back. Every byte is checked. Prints one line; exit 1 on any fault.
 *
 * usage: c-load PORT CONNECTIONS SIZE IN_FLIGHT MESSAGES [--connect-and-send] */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct connection {
  int fd;
  int64_t to_send;    /* bytes still to be sent of what may be in flight */
  int64_t to_receive; /* bytes that will come back */
  uint64_t sent, received;
  int served;
};

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void fail(const char *what) {
  fprintf(stderr, "c-load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static unsigned char pattern(uint64_t position) { return (unsigned char)(position * 31 + (position >> 8)); }

int main(int argc, char **argv) {
  if (argc < 6) {
    fprintf(stderr, "usage: c-load PORT CONNECTIONS SIZE IN_FLIGHT MESSAGES [--connect-and-send]\n");
    return 64;
  }
  int port = atoi(argv[1]), count = atoi(argv[2]), size = atoi(argv[3]), in_flight = atoi(argv[4]), one = 1;
  int64_t messages = atoll(argv[5]), per_connection = messages / count;
  int only_first = argc > 6;
  /* One period of the pattern and a message behind it, so that any piece of it is contiguous. */
  static unsigned char bytes[65536 * 2 + (1 << 20)], received[1 << 18];
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = pattern(i % 65536);
  struct connection *all = calloc((size_t)count, sizeof *all);
  int poller = epoll_create1(EPOLL_CLOEXEC), open = count;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  int64_t start = now(), last_served = start;
  for (int i = 0; i < count; i++) {
    struct connection *c = &all[i];
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (only_first ? SOCK_NONBLOCK : 0), 0);
    if (c->fd < 0) fail("socket");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS) fail("connect");
    c->to_receive = (only_first ? 1 : per_connection) * size;
    c->to_send = c->to_receive;
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event) < 0) fail("epoll_ctl");
  }
  if (!only_first) start = now();
  static struct epoll_event events[1024];
  while (open > 0) {
    int ready = epoll_wait(poller, events, 1024, 20000);
    if (ready == 0) {
      errno = ETIMEDOUT;
      fail("no progress for 20 s");
    }
    for (int i = 0; i < ready; i++) {
      struct connection *c = events[i].data.ptr;
      if (c->fd < 0) continue;
      int progress;
      do {
        progress = 0;
        if (events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) {
          ssize_t n = recv(c->fd, received, sizeof received, MSG_DONTWAIT);
          if (n == 0) {
            errno = ECONNRESET;
            fail("the server closed early");
          }
          if (n < 0 && errno != EAGAIN) fail("recv");
          if (n > 0) {
            for (ssize_t at = 0; at < n;) {
              size_t offset = (c->received + (uint64_t)at) % 65536, part = (size_t)(n - at);
              if (part > 65536) part = 65536;
              if (memcmp(received + at, bytes + offset, part)) {
                errno = EBADMSG;
                fail("a byte came back changed");
              }
              at += (ssize_t)part;
            }
            c->received += (uint64_t)n;
            c->to_receive -= n;
            progress = n == (ssize_t)sizeof received;
            if (!c->served) {
              c->served = 1;
              last_served = now();
            }
            if (c->to_receive == 0) {
              close(c->fd);
              c->fd = -1;
              open--;
              break;
            }
          }
        }
        /* Keep IN_FLIGHT whole messages on their way. */
        uint64_t allowed = (c->received / (uint64_t)size + (uint64_t)in_flight) * (uint64_t)size;
        while (c->to_send > 0 && c->sent < allowed) {
          uint64_t room = allowed - c->sent;
          if ((int64_t)room > c->to_send) room = (uint64_t)c->to_send;
          if (room > 1 << 20) room = 1 << 20;
          ssize_t n = send(c->fd, bytes + c->sent % 65536, (size_t)room, MSG_NOSIGNAL | MSG_DONTWAIT);
          if (n < 0 && (errno == EAGAIN || errno == ENOTCONN)) break;
          if (n < 0) fail("send");
          c->sent += (uint64_t)n;
          c->to_send -= n;
        }
      } while (progress);
    }
  }
  int64_t end = now();
  int64_t total = (only_first ? 1 : per_connection) * count;
  if (only_first)
    printf("%d clients connected and were served within %.1f ms\n", count, (double)(last_served - start) / 1e6);
  else
    printf("%lld messages in %.3f s, %.0f a second\n", (long long)total, (double)(end - start) / 1e9,
           (double)total * 1e9 / (double)(end - start));
  return 0;
}

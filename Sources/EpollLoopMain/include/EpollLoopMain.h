/* Import this module in a program with an async main, and its process runs on one event loop. */
#ifndef EPOLL_LOOP_MAIN_H
#define EPOLL_LOOP_MAIN_H
#endif

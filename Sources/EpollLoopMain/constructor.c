#include "EpollLoopMain.h"

void epollloop_take_over(void);

__attribute__((constructor)) static void take_over(void) { epollloop_take_over(); }

#ifndef C_TIMER_HEAP_H
#define C_TIMER_HEAP_H
#endif

#include "CTimerHeap.h"

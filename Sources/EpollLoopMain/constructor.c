#include "EpollLoopMain.h"

#include "CTestSettings.h"
#include <stdlib.h>

/* Exit tests and programs under test trap on purpose, and Swift would write a backtrace of each, for up to some seconds of
 * processor time: SwiftPM asks for it. This process has read the variable already: its own crashes have backtraces. */
__attribute__((constructor)) static void silence_children(void) { setenv("SWIFT_BACKTRACE", "enable=no", 1); }

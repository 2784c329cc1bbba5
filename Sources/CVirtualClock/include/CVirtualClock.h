/* Swift's clocks on a virtual loop's thread.
 *
 * Linking this target replaces clock_gettime(2) for the whole process: it lies on threads on which a
 * virtual time is set, and tells the kernel's time everywhere else. Swift's ContinuousClock and
 * SuspendingClock ask through that symbol, so `Task.sleep` and the loop agree to the nanosecond. */
#ifndef C_VIRTUAL_CLOCK_H
#define C_VIRTUAL_CLOCK_H

#include <stdint.h>

/* Sets this thread's CLOCK_MONOTONIC and CLOCK_BOOTTIME, in nanoseconds; a negative value gives the
 * kernel's back. */
void c_virtual_clock_set(int64_t nanoseconds);

#endif

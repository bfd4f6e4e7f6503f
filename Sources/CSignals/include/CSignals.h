#pragma once

// Signals where Swift cannot be: a handler runs between any two instructions, so neither memory nor Swift's runtime may be
// called there. And what threads hold back is said once, for threads of C and of Swift.

#include <signal.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

// -- Masks (threads.c)

/// From now on this thread, and all that it starts, leave requests (SIGTERM, SIGINT, …) to others, yet not what tells of a
/// crash, nor SIGPROF: with that one Swift's backtracer makes all threads hold still, and it waits half a minute for those
/// that do not.
///
/// Returns pthread_sigmask's code; `before` is what was held back.
int csig_leave_requests_to_others(sigset_t *before);

/// A descriptor that has the signals of `set`, which every thread holds back; -1 where there is no such thing.
///
/// While a thread is in sigwait, the system shows the signals that it waits for as not held back, and the backtracer would
/// use one of them to suspend it: that arrived as a request to stop, and the thread went on.
int csig_open(const sigset_t *set);

/// Waits for a signal of `set` and returns it. `descriptor` is csig_open's; without one, sigwait is used.
int csig_next(int descriptor, const sigset_t *set);

// -- Crashes (crashes.c)

/// From now on a process that crashes ends with the signal's own code, after what was installed before has had its say
/// (Swift's runtime writes a backtrace): also where the signal was sent by somebody, which handlers return from.
///
/// `explanation` is asked first, in signal context, and says what there is to say: with another result than 0 the process
/// ends with it. A second call takes the place back from whoever has taken it.
void csig_watch_crashes(int32_t (*explanation)(void));

#pragma clang assume_nonnull end

#include <errno.h>
#include <pthread.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/signalfd.h>
#endif

#include "CSignals.h"

int csig_leave_requests_to_others(sigset_t *before) {
  static const int open[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGSYS, SIGPROF};
  sigset_t set;
  // Neither can fail: the signals exist.
  (void)sigfillset(&set);
  for (size_t i = 0; i < sizeof open / sizeof *open; i++) (void)sigdelset(&set, open[i]);
  return pthread_sigmask(SIG_SETMASK, &set, before);
}

#if defined(__linux__)
int csig_open(const sigset_t *set) { return signalfd(-1, set, SFD_CLOEXEC); }

int csig_next(int descriptor, const sigset_t *set) {
  for (;;) {
    if (descriptor >= 0) {
      struct signalfd_siginfo info;
      if (read(descriptor, &info, sizeof info) == sizeof info) return (int)info.ssi_signo;
      // One that is gone would be asked for ever.
      if (errno != EINTR && errno != EAGAIN) descriptor = -1;
      continue;
    }
    siginfo_t info;
    // From within this process: the backtracer's.
    if (sigwaitinfo(set, &info) > 0 && !(info.si_code == SI_TKILL && info.si_pid == getpid())) return info.si_signo;
  }
}
#else
int csig_open(const sigset_t *set) {
  (void)set;
  return -1;
}

int csig_next(int descriptor, const sigset_t *set) {
  (void)descriptor;
  int number;
  while (sigwait(set, &number) != 0) {}
  return number;
}
#endif

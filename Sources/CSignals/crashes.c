#include <stdbool.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include "CSignals.h"

// The state of signal handlers is the process's, as they are.
static const int crashes[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGQUIT};
enum { COUNT = sizeof crashes / sizeof *crashes };
// How long a backtrace may take; one with names of functions takes a second on a busy machine.
static const unsigned backtrace_seconds = 10;
static struct sigaction earlier[COUNT];
static int32_t (*explain)(void);
// Where the stack has grown as far as it may, a handler needs one of its own. (SIGSTKSZ is no constant everywhere.)
static _Alignas(64) char alternative_stack[64 << 10];

static const struct sigaction *before(int number) {
  for (size_t i = 0; i < COUNT; i++)
    if (crashes[i] == number) return &earlier[i];
  return NULL;
}

static volatile sig_atomic_t crashed;

static void on_deadline(int number) {
  (void)number;
  (void)signal(crashed, SIG_DFL);
  (void)raise(crashed);
}

// Backtraces go to standard error: a pipe that is full and has no reader must not keep the process, nor the job.
static void limit_time(int number) {
  crashed = number;
  struct sigaction end = {.sa_handler = on_deadline};
  (void)sigemptyset(&end.sa_mask);
  (void)sigaction(SIGALRM, &end, NULL);
  sigset_t alarms;
  (void)sigemptyset(&alarms);
  (void)sigaddset(&alarms, SIGALRM);
  (void)pthread_sigmask(SIG_UNBLOCK, &alarms, NULL);
  (void)alarm(backtrace_seconds);
#if defined(__linux__)
  // A second crash may have ended this thread, and others may hold still: this signal needs none of them.
  struct sigevent kill = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
  const struct itimerspec later = {.it_value = {.tv_sec = backtrace_seconds + 2}};
  timer_t timer;
  if (timer_create(CLOCK_MONOTONIC, &kill, &timer) == 0) (void)timer_settime(timer, 0, &later, NULL);
#endif
}

static bool is_read(int descriptor) {
  struct pollfd request = {.fd = descriptor, .events = POLLOUT};
  return poll(&request, 1, 100) > 0;
}

static void on_crash(int number, siginfo_t *info, void *context) {
  const bool is_sent = info->si_code == SI_USER;
  if (!is_sent && number != SIGQUIT && number != SIGFPE) {
    const int32_t code = explain();
    if (code != 0) _exit(code);
  }
  const struct sigaction *former = before(number);
  if (former != NULL && former->sa_handler != SIG_DFL && former->sa_handler != SIG_IGN && is_read(STDERR_FILENO)) {
    limit_time(number);
    if (former->sa_flags & SA_SIGINFO)
      former->sa_sigaction(number, info, context);
    else
      former->sa_handler(number);
  }
  (void)signal(number, SIG_DFL);
  // A fault happens again where the handler returns to, and meets the system's own way to end it. (Not behind a break point.)
  if (info->si_code <= 0 || number == SIGTRAP) (void)raise(number);
}

// Swift's runtime has made one for the main thread where it writes backtraces.
static void provide_stack(void) {
  stack_t stack;
  if (sigaltstack(NULL, &stack) != 0 || !(stack.ss_flags & SS_DISABLE)) return;
  stack = (stack_t){.ss_sp = alternative_stack, .ss_size = sizeof alternative_stack};
  // Without it an overflow of the stack ends the process unexplained.
  (void)sigaltstack(&stack, NULL);
}

void csig_watch_crashes(int32_t (*explanation)(void)) {
  const bool is_first = explain == NULL;
  explain = explanation;
  if (is_first) provide_stack();
  for (size_t i = 0; i < COUNT; i++) {
    struct sigaction now;
    if (sigaction(crashes[i], NULL, &now) != 0) continue;
    // Ignored from the start on: it stays so.
    if (now.sa_handler == SIG_IGN || now.sa_sigaction == on_crash) continue;
    if (is_first) earlier[i] = now;
    struct sigaction ours = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    ours.sa_sigaction = on_crash;
    // Requests wait; a crash in here must not.
    (void)sigfillset(&ours.sa_mask);
    for (size_t k = 0; k < COUNT; k++) (void)sigdelset(&ours.sa_mask, crashes[k]);
    (void)sigaction(crashes[i], &ours, NULL);
  }
}

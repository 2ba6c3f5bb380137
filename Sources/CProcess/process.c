// SPDX-License-Identifier: Apache-2.0

#include "CProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

// A pipe whose ends are above the three that every program expects, and are not inherited.
static int make_pipe(int ends[2]) {
  int made[2];
  if (pipe(made) != 0) return errno;
  int code = 0;
  for (int i = 0; i < 2; i++) {
    ends[i] = fcntl(made[i], F_DUPFD_CLOEXEC, 3);
    if (ends[i] < 0) code = errno;
  }
  for (int i = 0; i < 2; i++) {
    close(made[i]);
    if (code != 0 && ends[i] >= 0) close(ends[i]);
  }
  return code;
}

static void close_pipe(const int ends[2]) {
  close(ends[0]);
  close(ends[1]);
}

// In the child: becomes the program, or returns the number of the error.
static int become(char *const arguments[], int output, int messages, pid_t parent) {
#ifdef __linux__
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return errno;
  if (getppid() != parent) _exit(127);  // It has ended before that.
#else
  (void)parent;
#endif
  struct sigaction usual = {.sa_handler = SIG_DFL};
  for (int number = 1; number < 32; number++) sigaction(number, &usual, NULL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  int nothing = open("/dev/null", O_RDONLY);
  if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(output, 1) < 0 || dup2(messages, 2) < 0)
    return errno;
  if (nothing > 2) close(nothing);
  execvp(arguments[0], arguments);
  return errno;
}

int elbo_process_start(char *const arguments[], ElboProcess *process) {
  int output[2], messages[2], failure[2];
  int code = make_pipe(output);
  if (code != 0) return code;
  code = make_pipe(messages);
  if (code != 0) {
    close_pipe(output);
    return code;
  }
  code = make_pipe(failure);
  if (code != 0) {
    close_pipe(output);
    close_pipe(messages);
    return code;
  }

  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) {
    const int reason = become(arguments, output[1], messages[1], parent);
    ssize_t written = write(failure[1], &reason, sizeof reason);
    (void)written;
    _exit(127);
  }
  if (child < 0) code = errno;
  close(output[1]);
  close(messages[1]);
  close(failure[1]);
  if (child > 0) {
    // The other end closes without a word once the program runs.
    int reason;
    ssize_t count;
    do count = read(failure[0], &reason, sizeof reason);
    while (count < 0 && errno == EINTR);
    if (count == sizeof reason) {
      code = reason;
      while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
    }
  }
  close(failure[0]);
  if (code != 0) {
    close(output[0]);
    close(messages[0]);
    return code;
  }
  fcntl(output[0], F_SETFL, O_NONBLOCK);
  fcntl(messages[0], F_SETFL, O_NONBLOCK);
  *process = (ElboProcess){.number = child, .output = output[0], .messages = messages[0]};
  return 0;
}

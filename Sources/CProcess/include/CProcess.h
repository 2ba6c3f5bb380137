// SPDX-License-Identifier: Apache-2.0
//
// A program that ends with the one that started it. It is C because what happens between fork and
// exec must be a few system calls and nothing else, which Swift does not promise, and so has no
// fork.

#ifndef ELBO_PROCESS_H
#define ELBO_PROCESS_H

#include <sys/types.h>

// A running program and the ends from which its output and its messages are read; both do not wait.
typedef struct {
  pid_t number;
  int output, messages;
} ElboProcess;

// Starts arguments[0], looked for where the system looks for programs, with the words after it up
// to a null pointer, without input, and with signals as a fresh process has them. On Linux it is
// killed when the thread that started it ends, by whatever; elsewhere its next write fails.
//
// Returns 0, or the number of the error.
int elbo_process_start(char *const arguments[], ElboProcess *process);

#endif

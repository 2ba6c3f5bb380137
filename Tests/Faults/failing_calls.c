// SPDX-License-Identifier: Apache-2.0
//
// A library to be preloaded (LD_PRELOAD) that counts a program's file calls below one folder and
// makes one of them fail, or kills the program in its place.
//
//   FAULT_ROOT   the folder, absolute; other files are left alone, and so are relative paths
//                where the working folder lies elsewhere
//   FAULT_AT     the number of the call that fails, from 1; 0 for none
//   FAULT_MODE   "error" (default), "short" (half of a write, no error), "kill"
//   FAULT_LOG    a file outside the folder that gets a line for each call: number, name, path
//
// The error is one that the call really has: a full disk where something grows, a broken disk else.

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *root, *mode;
static long failing_call;
static int log_file = -1;
static atomic_long calls;
static atomic_bool is_ready;
// Descriptors of files below the root.
static atomic_bool tracked[4096];

__attribute__((constructor)) static void prepare(void) {
  root = getenv("FAULT_ROOT");
  mode = getenv("FAULT_MODE");
  const char *at = getenv("FAULT_AT"), *log = getenv("FAULT_LOG");
  failing_call = at ? atol(at) : 0;
  if (!mode) mode = "error";
  if (log) {
    int opened = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    log_file = (int)syscall(SYS_fcntl, opened, F_DUPFD_CLOEXEC, 1000);
    syscall(SYS_close, opened);
  }
  is_ready = root != NULL;
}

static bool is_below(const char *path) {
  if (!is_ready || !path) return false;
  size_t length = strlen(root);
  if (path[0] == '/') return !strncmp(path, root, length);
  char folder[PATH_MAX];
  if (syscall(SYS_getcwd, folder, sizeof folder) <= 0) return false;
  return !strncmp(folder, root, length);
}

static bool is_tracked(int file) { return file >= 0 && file < 4096 && tracked[file]; }

static void track(int file, bool is_on) {
  if (file >= 0 && file < 4096) tracked[file] = is_on;
}

// Counts a call; true where it is to fail, with `number` in errno.
static bool fails(const char *name, const char *path, int number) {
  long call = atomic_fetch_add(&calls, 1) + 1;
  if (log_file >= 0) {
    char line[PATH_MAX + 100];
    int length = snprintf(line, sizeof line, "%ld %s %s\n", call, name, path);
    syscall(SYS_write, log_file, line, (size_t)length);
  }
  if (call != failing_call) return false;
  if (!strcmp(mode, "kill")) {
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) {}
  }
  if (!strcmp(mode, "short")) return false;
  errno = number;
  return true;
}

static bool fails_of(int file, const char *name, int number) {
  if (!is_tracked(file)) return false;
  char link[64], path[PATH_MAX] = "";
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
  return fails(name, path, number);
}

#define NEXT(name) \
  static __typeof__(&name) next; \
  if (!next) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static int opened(int file, const char *path) {
  if (file >= 0) track(file, is_below(path));
  return file;
}

static bool open_fails(const char *path, int flags) {
  return is_below(path)
    && fails(flags & O_CREAT ? "create" : "open", path, flags & O_CREAT ? ENOSPC : EIO);
}

#define OPEN(name) \
  int name(const char *path, int flags, ...) { \
    NEXT(name); \
    va_list rest; \
    va_start(rest, flags); \
    mode_t bits = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
    va_end(rest); \
    return open_fails(path, flags) ? -1 : opened(next(path, flags, bits), path); \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
  int name(int folder, const char *path, int flags, ...) { \
    NEXT(name); \
    va_list rest; \
    va_start(rest, flags); \
    mode_t bits = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
    va_end(rest); \
    return open_fails(path, flags) ? -1 : opened(next(folder, path, flags, bits), path); \
  }
OPENAT(openat)
OPENAT(openat64)

int close(int file) {
  NEXT(close);
  track(file, false);
  return next(file);
}

#define FCNTL(name)                                                              \
  int name(int file, int command, ...) {                                         \
    NEXT(name);                                                                  \
    va_list rest;                                                                \
    va_start(rest, command);                                                     \
    void *argument = va_arg(rest, void *);                                       \
    va_end(rest);                                                                \
    int result = next(file, command, argument);                                  \
    if (command == F_DUPFD || command == F_DUPFD_CLOEXEC) track(result, is_tracked(file)); \
    return result;                                                               \
  }
FCNTL(fcntl)
FCNTL(fcntl64)

ssize_t write(int file, const void *bytes, size_t count) {
  NEXT(write);
  if (fails_of(file, "write", ENOSPC)) {
    // A disk is seldom full between two calls.
    next(file, bytes, count / 2);
    errno = ENOSPC;
    return -1;
  }
  bool is_short = is_tracked(file) && calls == failing_call && !strcmp(mode, "short") && count > 1;
  return next(file, bytes, is_short ? count / 2 : count);
}

#define OF_FILE(result, name, error, parameters, arguments) \
  result name parameters { \
    NEXT(name); \
    return fails_of(file, #name, error) ? -1 : next arguments; \
  }
OF_FILE(ssize_t, read, EIO, (int file, void *bytes, size_t count), (file, bytes, count))
OF_FILE(
  ssize_t, pread, EIO, (int file, void *bytes, size_t count, off_t at), (file, bytes, count, at))
OF_FILE(int, fsync, EIO, (int file), (file))
OF_FILE(int, fdatasync, EIO, (int file), (file))
OF_FILE(int, ftruncate, EIO, (int file, off_t size), (file, size))
OF_FILE(int, ftruncate64, EIO, (int file, off64_t size), (file, size))
OF_FILE(int, fchmod, EIO, (int file, mode_t bits), (file, bits))
OF_FILE(int, fchown, EIO, (int file, uid_t owner, gid_t group), (file, owner, group))
OF_FILE(int, flock, EIO, (int file, int operation), (file, operation))
OF_FILE(int, fstat, EIO, (int file, struct stat *status), (file, status))

#define OF_PATH(result, name, error, failure, parameters, arguments) \
  result name parameters { \
    NEXT(name); \
    return is_below(path) && fails(#name, path, error) ? failure : next arguments; \
  }
OF_PATH(int, stat, EIO, -1, (const char *path, struct stat *status), (path, status))
OF_PATH(int, lstat, EIO, -1, (const char *path, struct stat *status), (path, status))
OF_PATH(int, mkdir, ENOSPC, -1, (const char *path, mode_t bits), (path, bits))
OF_PATH(int, rmdir, EIO, -1, (const char *path), (path))
OF_PATH(int, unlink, EIO, -1, (const char *path), (path))
OF_PATH(int, rename, EIO, -1, (const char *path, const char *to), (path, to))
OF_PATH(int, link, ENOSPC, -1, (const char *path, const char *to), (path, to))
OF_PATH(int, symlink, ENOSPC, -1, (const char *path, const char *to), (path, to))
OF_PATH(int, chmod, EIO, -1, (const char *path, mode_t bits), (path, bits))
OF_PATH(ssize_t, readlink, EIO, -1, (const char *path, char *text, size_t size), (path, text, size))
OF_PATH(char *, realpath, EIO, NULL, (const char *path, char *text), (path, text))
OF_PATH(DIR *, opendir, EIO, NULL, (const char *path), (path))
OF_PATH(int, unlinkat, EIO, -1, (int folder, const char *path, int flags), (folder, path, flags))
OF_PATH(
  int, renameat, EIO, -1, (int folder, const char *path, int other, const char *to),
  (folder, path, other, to))
OF_PATH(
  int, renameat2, EIO, -1,
  (int folder, const char *path, int other, const char *to, unsigned flags),
  (folder, path, other, to, flags))

void *mmap(void *address, size_t size, int protection, int flags, int file, off_t at) {
  NEXT(mmap);
  if (fails_of(file, "mmap", ENOMEM)) return MAP_FAILED;
  return next(address, size, protection, flags, file, at);
}

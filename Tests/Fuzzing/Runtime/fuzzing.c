// SPDX-License-Identifier: Apache-2.0

#include "CFuzzing.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

// Of the sanitizers' interfaces (compiler-rt); absent from a program that is built without them.
__attribute__((weak)) int LLVMFuzzerRunDriver(
    int *count, char ***arguments, int (*one_input)(const uint8_t *bytes, size_t size));
__attribute__((weak)) int __sanitizer_install_malloc_and_free_hooks(
    void (*allocated)(const volatile void *, size_t), void (*freed)(const volatile void *));
__attribute__((weak)) size_t __sanitizer_get_allocated_size(const volatile void *memory);

static atomic_llong live, peak;

static void count_allocation(const volatile void *memory, size_t size) {
  (void)memory;
  const long long now = atomic_fetch_add(&live, (long long)size) + (long long)size;
  long long most = atomic_load(&peak);
  while (now > most && !atomic_compare_exchange_weak(&peak, &most, now)) {}
}

static void count_release(const volatile void *memory) {
  if (memory) atomic_fetch_sub(&live, (long long)__sanitizer_get_allocated_size(memory));
}

void elbo_begin_allocations(void) {
  static int is_installed;
  const int is_counted =
      __sanitizer_install_malloc_and_free_hooks && __sanitizer_get_allocated_size;
  if (!is_installed && is_counted) {
    __sanitizer_install_malloc_and_free_hooks(count_allocation, count_release);
  }
  is_installed = 1;
  atomic_store(&live, 0);
  atomic_store(&peak, 0);
}

size_t elbo_peak_allocation(void) { return (size_t)atomic_load(&peak); }

int elbo_fuzz(int *count, char ***arguments, int (*one_input)(const uint8_t *bytes, size_t size)) {
  return LLVMFuzzerRunDriver ? LLVMFuzzerRunDriver(count, arguments, one_input) : -1;
}

int elbo_write_file(const char *path, const uint8_t *bytes, size_t size) {
  const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return 0;
  while (size > 0) {
    const ssize_t written = write(file, bytes, size);
    if (written <= 0) break;
    bytes += written;
    size -= (size_t)written;
  }
  return close(file) == 0 && size == 0;
}

double elbo_processor_seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

void elbo_remove_folder(const char *path) { rmdir(path); }

int elbo_process(void) { return (int)getpid(); }

void elbo_exit(int status) { exit(status); }

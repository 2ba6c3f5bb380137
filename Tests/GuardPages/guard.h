// SPDX-License-Identifier: Apache-2.0
//
// Operands against a page that may not be touched.

#pragma once

#include "CGuardPages.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct {
  ElboGuardSide side;
  size_t count;
  struct { void *pages; size_t size; } room[32];
} guarded_operands;

// Memory of `bytes` bytes; any address where that is 0.
static inline void *guarded(guarded_operands *all, size_t bytes) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  const size_t inner = (bytes + page - 1) / page * page, size = inner + 2 * page;
  char *pages = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED || all->count == 32) abort();
  if (inner > 0 && mprotect(pages + page, inner, PROT_READ | PROT_WRITE) != 0) abort();
  all->room[all->count].pages = pages;
  all->room[all->count++].size = size;
  return all->side == ElboGuardBefore ? pages + page : pages + page + inner - bytes;
}

static inline void release(guarded_operands *all) {
  while (all->count > 0) {
    all->count--;
    munmap(all->room[all->count].pages, all->room[all->count].size);
  }
}

// Sizes around those of vectors, blocks and tails.
static const size_t guarded_sizes[] = {1,  2,  3,  4,  5,  7,  8,  9,  11, 15, 16,  17,  23,
                                       31, 32, 33, 47, 48, 63, 64, 65, 96, 127, 129, 257};
enum { guarded_size_count = sizeof guarded_sizes / sizeof guarded_sizes[0] };

// SPDX-License-Identifier: Apache-2.0
//
// What a fuzzing driver needs of C: libFuzzer, where the program is linked with it, and the memory
// that one input takes, where AddressSanitizer counts it.

#ifndef ELBO_FUZZING_H
#define ELBO_FUZZING_H

#include <stddef.h>
#include <stdint.h>

// Runs libFuzzer with its own arguments on `one_input`. Returns its exit status, or -1 where the
// program is linked without libFuzzer.
int elbo_fuzz(int *count, char ***arguments, int (*one_input)(const uint8_t *bytes, size_t size));

// Begins to count anew what is allocated. Without AddressSanitizer nothing is counted.
void elbo_begin_allocations(void);

// The most bytes that were allocated at one time since then, beyond what was there.
size_t elbo_peak_allocation(void);

// Writes a file, without memory of its own. Returns 1, or 0 where that fails.
int elbo_write_file(const char *path, const uint8_t *bytes, size_t size);

// Removes an empty folder.
void elbo_remove_folder(const char *path);

// The number of this process.
int elbo_process(void);

// Ends the process.
_Noreturn void elbo_exit(int status);

// The time that this process has computed, in seconds.
double elbo_processor_seconds(void);

#endif

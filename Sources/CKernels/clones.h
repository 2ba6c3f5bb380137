// SPDX-License-Identifier: Apache-2.0
#pragma once

// One copy of a function per CPU generation, chosen by the dynamic loader. Elsewhere: one copy.
#if defined(__x86_64__) && defined(__linux__)
#define ELBO_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define ELBO_CLONES
#endif

#define ELBO_INLINE static inline __attribute__((always_inline))

#define ELBO_PASTE_(a, b) a##_##b
#define ELBO_PASTE(a, b) ELBO_PASTE_(a, b)
#define NAME(name) ELBO_PASTE(name, SUFFIX)

// Before a loop of constant length, which the compiler would otherwise unroll into scalar code.
#if defined(__clang__)
#define ELBO_VECTOR_LOOP _Pragma("clang loop unroll(disable) vectorize(enable)")
// Before a loop of constant length inside one that is to be vectorised.
#define ELBO_UNROLLED_LOOP _Pragma("clang loop unroll(full)")
#else
#define ELBO_VECTOR_LOOP
#define ELBO_UNROLLED_LOOP
#endif

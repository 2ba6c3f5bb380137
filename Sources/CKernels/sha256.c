// SPDX-License-Identifier: Apache-2.0
//
// Blocks of SHA-256 (FIPS 180-4, section 6.2.2) by the instructions that x86 CPUs have for it: a file
// is checked several times as fast as by shifts and additions.

#include "CKernels.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

int elbo_has_sha256(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSE4_1)) return 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

// The instructions hold the eight words a ... h as (a, b, e, f) and (c, d, g, h), the first topmost.
__attribute__((target("sha,sse4.1"))) void elbo_sha256_blocks(
    size_t blocks, const void *bytes, const uint32_t constants[64], void *state) {
  const __m128i big_endian =
      _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
  __m128i *words = state;
  __m128i dcba = _mm_loadu_si128(words), hgfe = _mm_loadu_si128(words + 1);
  __m128i cdab = _mm_shuffle_epi32(dcba, 0xB1), efgh = _mm_shuffle_epi32(hgfe, 0x1B);
  __m128i abef = _mm_alignr_epi8(cdab, efgh, 8), cdgh = _mm_blend_epi16(efgh, cdab, 0xF0);

  const __m128i *block = bytes;
  for (size_t i = 0; i < blocks; i++, block += 4) {
    const __m128i abef_before = abef, cdgh_before = cdgh;
    __m128i w[4];  // The last 16 words of the message schedule, four to a vector.
    for (int j = 0; j < 4; j++) w[j] = _mm_shuffle_epi8(_mm_loadu_si128(block + j), big_endian);
    _Pragma("clang loop unroll(full)")
    for (int t = 0; t < 16; t++) {
      // Four rounds, two by each instruction.
      __m128i sums = _mm_add_epi32(
          w[t & 3], _mm_loadu_si128((const __m128i *)(constants + 4 * t)));
      cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sums);
      abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sums, 0x0E));
      if (t >= 12) continue;
      // W[s] = sigma1(W[s-2]) + W[s-7] + sigma0(W[s-15]) + W[s-16] in place of W[s-16].
      __m128i *oldest = &w[t & 3], latest = w[(t + 3) & 3];
      __m128i seventh = _mm_alignr_epi8(latest, w[(t + 2) & 3], 4);
      *oldest = _mm_add_epi32(_mm_sha256msg1_epu32(*oldest, w[(t + 1) & 3]), seventh);
      *oldest = _mm_sha256msg2_epu32(*oldest, latest);
    }
    abef = _mm_add_epi32(abef, abef_before);
    cdgh = _mm_add_epi32(cdgh, cdgh_before);
  }
  __m128i feba = _mm_shuffle_epi32(abef, 0x1B), dchg = _mm_shuffle_epi32(cdgh, 0xB1);
  _mm_storeu_si128(words, _mm_blend_epi16(feba, dchg, 0xF0));
  _mm_storeu_si128(words + 1, _mm_alignr_epi8(dchg, feba, 8));
}

#else

int elbo_has_sha256(void) { return 0; }
void elbo_sha256_blocks(size_t blocks, const void *bytes, const uint32_t constants[64],
                        void *state) {
  __builtin_trap();
}

#endif

// SPDX-License-Identifier: Apache-2.0

internal import COneDNN

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// The numbers that the matrix products of a training step multiply. Their sums are in `Float`.
public enum ProductPrecision: String, Sendable, CaseIterable {
  /// Those of the tensors: 24 significant bits for `Float`.
  case float32 = "fp32"
  /// Rounded to 8 significant bits: half the memory, and several times the rate on CPUs that multiply
  /// them (AVX-512 BF16, AMX).
  case bfloat16 = "bf16"

  /// Whether this CPU has instructions for it.
  public var isSupported: Bool {
    self == .float32 || (Self.roundedMultiply != nil && Self.hasBFloat16)
  }

  /// oneDNN also multiplies bfloat16 numbers where only AVX-512 is there to do it with, several times
  /// slower than floats: for tests.
  package static var canRound: Bool { roundedMultiply != nil && MatrixProduct.hasOwnKernels }

  private static var hasBFloat16: Bool {
    let needed = dnnl_cpu_isa_avx512_core_bf16.rawValue
    return dnnl_get_effective_cpu_isa().rawValue & needed == needed
  }

  typealias RoundedMultiply =
    @convention(c) (
      CChar, CChar, dnnl_dim_t, dnnl_dim_t, dnnl_dim_t, Float, UnsafePointer<UInt16>, dnnl_dim_t,
      UnsafePointer<UInt16>, dnnl_dim_t, Float, UnsafeMutablePointer<Float>, dnnl_dim_t
    ) -> dnnl_status_t

  /// `dnnl_sgemm` for bfloat16 operands. oneDNN exports it, but no header of it declares it: it is
  /// looked up, and where it is gone, bfloat16 is not supported. (The documented way, a matmul
  /// primitive for each shape, has another interface in each major version.)
  static let roundedMultiply: RoundedMultiply? = {
    guard let symbol = dlsym(dlopen(nil, RTLD_NOW), "dnnl_gemm_bf16bf16f32") else { return nil }
    return unsafeBitCast(symbol, to: RoundedMultiply.self)
  }()
}

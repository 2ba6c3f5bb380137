// swift-tools-version: 6.3
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

let swiftSettings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "elbo",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "VariationalInference", targets: ["VariationalInference"]),
    .library(name: "Formats", targets: ["Formats"]),
    .executable(name: "elbo", targets: ["elbo"]),
  ],
  traits: [
    .trait(name: "HDF5", description: "Read HDF5 and AnnData files through the system's libhdf5.")
  ],
  dependencies: [
    // The command's options, help and usage errors.
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")
  ],
  targets: [
    // MARK: Layer 0 - doors to C
    // Matrix products, compiled for the CPU at hand while running; what PyTorch itself uses.
    .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"]), .brew(["onednn"])]),
    // Factorisations in Double.
    .systemLibrary(name: "CLAPACK", providers: [.apt(["liblapack-dev"]), .brew(["lapack"])]),
    // Unpacks gzip-compressed data sets of one piece, in half the time that zlib takes.
    .systemLibrary(
      name: "CDeflate", pkgConfig: "libdeflate",
      providers: [.apt(["libdeflate-dev"]), .brew(["libdeflate"])]),
    // Reads any other gzip file in a stream, and says where it is damaged; packs.
    .systemLibrary(
      name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    // Writes PNG figures.
    .systemLibrary(
      name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
    // Decodes JPEG pictures.
    .systemLibrary(
      name: "CJPEG", pkgConfig: "libjpeg",
      providers: [.apt(["libjpeg-dev"]), .brew(["jpeg-turbo"])]),
    // Reads HDF5 and AnnData files, whose format is too large to read by hand; with trait HDF5 alone.
    .systemLibrary(
      name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"]), .brew(["hdf5"])]),
    // Faults of libpng and libjpeg, which are jumps that must not cross Swift, become results.
    .target(name: "CPictures", dependencies: ["CJPEG", "CPNG"]),
    // Programs that end with this one, as Swift has no fork.
    .target(name: "CProcess"),
    // Element-wise kernels: vectorised for several CPU generations with no build flags.
    .target(name: "CKernels"),

    // MARK: Layer 1 - numbers, files, pictures
    .target(
      name: "Tensors", dependencies: ["CKernels", "COneDNN", "CLAPACK"],
      swiftSettings: swiftSettings),
    .target(
      name: "Formats",
      dependencies: [
        "CKernels", "CDeflate", "CZlib", "CPNG", "CPictures", "CProcess",
        .target(name: "CHDF5", condition: .when(traits: ["HDF5"])),
      ],
      swiftSettings: swiftSettings),
    .target(name: "Figures", dependencies: ["Formats"], swiftSettings: swiftSettings),

    // MARK: Layer 2 - the subject
    .target(
      name: "VariationalInference", dependencies: ["Tensors", "Formats", "Figures"],
      swiftSettings: swiftSettings),

    // MARK: Layer 3 - the command, and the models that it has built in
    .target(
      name: "PosteriorExamples", dependencies: ["VariationalInference"],
      path: "Examples/Posteriors", swiftSettings: swiftSettings),
    .executableTarget(
      name: "elbo",
      dependencies: [
        "VariationalInference", "Tensors", "Formats", "Figures", "PosteriorExamples",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: swiftSettings),

    // MARK: Examples and measurements, not part of any product
    .executableTarget(
      name: "QuickStart", dependencies: ["VariationalInference"], path: "Examples/QuickStart",
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "OwnModel", dependencies: ["VariationalInference"], path: "Examples/OwnModel",
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "OwnData", dependencies: ["VariationalInference"], path: "Examples/OwnData",
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "machine-limits", dependencies: ["Tensors"], path: "Benchmarks/MachineLimits",
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "benchmark-figures", dependencies: ["Formats", "Figures"],
      path: "Benchmarks/BenchmarkFigures", swiftSettings: swiftSettings),
    .executableTarget(
      name: "readme-figures", dependencies: ["VariationalInference", "Formats", "Figures"],
      path: "Benchmarks/ReadmeFigures", swiftSettings: swiftSettings),
    .executableTarget(
      name: "evidence-table", dependencies: ["VariationalInference"],
      path: "Benchmarks/EvidenceTable", swiftSettings: swiftSettings),

    .target(
      name: "PosteriorModels", dependencies: ["VariationalInference", "Formats"],
      path: "Benchmarks/PosteriorModels", exclude: ["Stan"], swiftSettings: swiftSettings),
    .executableTarget(
      name: "posterior-table", dependencies: ["PosteriorModels", "VariationalInference"],
      path: "Benchmarks/PosteriorTable", swiftSettings: swiftSettings),
    .executableTarget(
      name: "posterior-speed", dependencies: ["PosteriorModels", "VariationalInference"],
      path: "Benchmarks/PosteriorSpeed", swiftSettings: swiftSettings),
    // MARK: Tests
    .target(
      name: "TestSupport", dependencies: ["VariationalInference", "Formats"],
      swiftSettings: swiftSettings),
    // Readers given any bytes, by libFuzzer (scripts/fuzz) and by a test.
    .target(name: "CFuzzing", path: "Tests/Fuzzing/Runtime"),
    .target(
      name: "FuzzReaders", dependencies: ["VariationalInference", "Formats"],
      path: "Tests/Fuzzing/Readers", swiftSettings: swiftSettings),
    .executableTarget(
      name: "fuzz-readers", dependencies: ["FuzzReaders", "CFuzzing", "Formats"],
      path: "Tests/Fuzzing/Driver", swiftSettings: swiftSettings),
    .testTarget(name: "ArchitectureTests", swiftSettings: swiftSettings),
    .testTarget(
      name: "FuzzingTests", dependencies: ["FuzzReaders", "Formats", "TestSupport"],
      swiftSettings: swiftSettings),
    // Kernels and decoders on memory beside pages that may not be touched.
    .target(
      name: "CGuardPages", dependencies: ["CKernels", "CPictures"], path: "Tests/GuardPages"),
    .testTarget(
      name: "FormatsTests", dependencies: ["Formats", "TestSupport", "CGuardPages"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "FiguresTests", dependencies: ["Figures", "Formats"], swiftSettings: swiftSettings),
    .testTarget(
      name: "TensorsTests", dependencies: ["Tensors", "TestSupport", "CGuardPages"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "VariationalInferenceTests",
      dependencies: [
        "VariationalInference", "Figures", "Formats", "TestSupport", "PosteriorModels",
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "ExampleTests", dependencies: ["PosteriorExamples", "TestSupport"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "elboTests", dependencies: ["elbo", "TestSupport"], exclude: ["Fixtures"],
      swiftSettings: swiftSettings),
  ],
  swiftLanguageModes: [.v6]
)

// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import Tensors
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite("Signals during products")
struct SignalTests {
  private static let deliveries = Atomic<Int>(0)

  /// oneDNN's kernels for some shapes use memory on the heap as their stack: a signal's handler, which
  /// writes below the stack pointer, would destroy what lies there.
  @Test("a signal leaves products, and the memory around them, as they are")
  func signals() {
    signal(SIGUSR1) { _ in
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1024) { $0.update(repeating: 0xAA) }
      SignalTests.deliveries.add(1, ordering: .relaxed)
    }
    let shapes = [(160, 50, 200), (160, 200, 784), (96, 400, 20), (48, 300, 300)]
    let products = shapes.map { rows, inner, columns in
      (
        Tensor<Float>.pseudoRandom([rows, inner], seed: 1),
        Tensor<Float>.pseudoRandom([inner, columns], seed: 2)
      )
    }
    let expected = products.map { $0.matrixProduct($1).scalars }
    let sender = SignalSender(SIGUSR1)
    for round in 0..<2000 {
      let number = round % products.count
      let product = products[number].0.matrixProduct(products[number].1)
      #expect(product.scalars == expected[number], "product \(shapes[number]) in round \(round)")
    }
    sender.stop()
    #expect(Self.deliveries.load(ordering: .relaxed) > 100)
  }

  #if os(Linux) && arch(x86_64)
    /// Instructions that a signal interrupted.
    nonisolated(unsafe) private static let places = UnsafeMutablePointer<Int>.allocate(
      capacity: 4096)
    private static let placeCount = Atomic<Int>(0)

    /// Where BLAS and LAPACK lie in memory.
    private func addressesOfBLAS() throws -> [Range<Int>] {
      // The file's size is given as 0, so it is read to its end.
      let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/self/maps"))
      let maps = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
      return maps.split(separator: "\n").compactMap { line in
        guard line.contains("blas") || line.contains("lapack") else { return nil }
        let bounds = line.prefix { $0 != " " }.split(separator: "-").compactMap {
          Int($0, radix: 16)
        }
        return bounds.count == 2 ? bounds[0]..<bounds[1] : nil
      }
    }

    @Test("a signal waits until eigenvalues in Double are there")
    func double() throws {
      Self.placeCount.store(0, ordering: .relaxed)
      var action = sigaction()
      action.sa_flags = SA_SIGINFO
      action.__sigaction_handler.sa_sigaction = { _, _, context in
        guard let context else { return }
        let registers = context.assumingMemoryBound(to: ucontext_t.self).pointee.uc_mcontext.gregs
        let index = SignalTests.placeCount.add(1, ordering: .relaxed).oldValue
        // REG_RIP, the 17th register.
        if index < 4096 { SignalTests.places[index] = Int(registers.16) }
      }
      sigaction(SIGUSR2, &action, nil)
      let (a, b) = (
        Tensor<Double>.pseudoRandom([150, 150], seed: 1),
        Tensor<Double>.pseudoRandom([150, 150], seed: 2)
      )
      let sender = SignalSender(SIGUSR2)
      for _ in 0..<100 {
        _ = a.matrixProduct(b)
        _ = (a + a.transposed()).slice(0..<60).slice(0..<60, along: 1).symmetricEigen()
      }
      sender.stop()
      let count = Self.placeCount.load(ordering: .relaxed)
      #expect(count > 100)
      let blas = try addressesOfBLAS()
      #expect(!blas.isEmpty)
      let inside = (0..<min(count, 4096)).filter { index in
        blas.contains { $0.contains(Self.places[index]) }
      }
      #expect(inside.isEmpty)
    }
  #endif
}

/// Sends a signal to the thread that made this, every 50 us until it is told to stop.
private struct SignalSender {
  private let isOver = SharedFlag()
  private var before = sigset_t()

  init(_ signal: Int32) {
    // Test threads come with all signals kept away.
    var set = sigset_t()
    sigemptyset(&set)
    sigaddset(&set, signal)
    pthread_sigmask(SIG_UNBLOCK, &set, &before)
    let (target, isOver) = (pthread_self(), isOver)
    let sender = Thread {
      while !isOver.isSet {
        pthread_kill(target, signal)
        usleep(50)
      }
      isOver.acknowledge()
    }
    sender.start()
  }

  func stop() {
    isOver.setAndWait()
    var before = before
    pthread_sigmask(SIG_SETMASK, &before, nil)
  }
}

/// Set by one thread and seen by another, which answers.
private final class SharedFlag: Sendable {
  private let flag = Atomic<Bool>(false)
  private let answer = Atomic<Bool>(false)
  var isSet: Bool { flag.load(ordering: .acquiring) }
  func acknowledge() { answer.store(true, ordering: .releasing) }
  func setAndWait() {
    flag.store(true, ordering: .releasing)
    while !answer.load(ordering: .acquiring) { usleep(100) }
  }
}

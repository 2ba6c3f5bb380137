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
    // Test threads come with all signals kept away.
    var (set, before) = (sigset_t(), sigset_t())
    sigemptyset(&set)
    sigaddset(&set, SIGUSR1)
    pthread_sigmask(SIG_UNBLOCK, &set, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    let shapes = [(160, 50, 200), (160, 200, 784), (96, 400, 20), (48, 300, 300)]
    let products = shapes.map { rows, inner, columns in
      (
        Tensor<Float>.pseudoRandom([rows, inner], seed: 1),
        Tensor<Float>.pseudoRandom([inner, columns], seed: 2)
      )
    }
    let expected = products.map { $0.matrixProduct($1).scalars }
    let target = pthread_self()
    let isOver = SharedFlag()
    let sender = Thread {
      while !isOver.isSet {
        pthread_kill(target, SIGUSR1)
        usleep(50)
      }
      isOver.acknowledge()
    }
    sender.start()
    for round in 0..<2000 {
      let number = round % products.count
      let product = products[number].0.matrixProduct(products[number].1)
      #expect(product.scalars == expected[number], "product \(shapes[number]) in round \(round)")
    }
    isOver.setAndWait()
    #expect(Self.deliveries.load(ordering: .relaxed) > 100)
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

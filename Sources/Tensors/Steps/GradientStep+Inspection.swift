// SPDX-License-Identifier: Apache-2.0

extension GradientStep {
  /// What a step computed on its way, and the gradient that an update would be given.
  package struct Inspection {
    /// Node by node of the tape; the first are the parameters.
    package let entries: [TapeEntry]
    /// The gradient, before any limit on its norm.
    package let gradient: FlatBuffer<Scalar>
    /// The factor by which a limit on its norm makes it smaller; 1 where it does not.
    package let factor: Double
    /// What the function reported, and what is there once.
    package let outcome: Outcome
  }

  /// The step as ``run(batch:limitingMeanNorm:function:where:update:)`` takes it, to the same bits,
  /// with every value looked at; updates nothing.
  ///
  /// - Parameters:
  ///   - batch: The number of rows, at least 1.
  ///   - limit: The limit on the norm of the mean's gradient; nil for none.
  ///   - function: Called for each shard, on any of the threads.
  /// - Returns: What was seen.
  package func inspect(
    batch: Int, limitingMeanNorm limit: Double? = nil,
    function: @escaping @Sendable (Context) -> Terms
  ) -> Inspection {
    precondition(batch > 0, "a step needs at least one row")
    let (shards, deferred) = settledShards(batch, function, inspecting: true)
    let whole = FlatBuffer<Scalar>(shapes: parameters.shapes)
    var squares = 0.0
    for task in parameterGradients(shards, deferred) {
      for rows in task.slabs {
        squares +=
          task.gradient(
            of: rows, in: whole.storage, at: task.elements(in: rows).lowerBound, nil
          ).sumOfSquares
      }
    }
    let norm = squares.squareRoot() / Double(batch)
    let factor = limit.map { min(1, $0 / (norm + 1e-6)) } ?? 1
    return Inspection(
      entries: .joined(shards.map(\.entries)), gradient: whole, factor: factor,
      outcome: Outcome(
        reports: shards.map(\.report), once: shards[0].once,
        gradientNorm: limit == nil ? nil : norm))
  }
}

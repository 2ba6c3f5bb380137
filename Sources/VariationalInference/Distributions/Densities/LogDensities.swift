// SPDX-License-Identifier: Apache-2.0

/// Log-densities as functions of tensors, element by element, in nats: the formulas of laws and likelihoods,
/// each one operation on a tape with its gradient written by hand where that is shorter.
///
/// Shapes broadcast. Terms of the data alone are computed on the data's own shape.
package enum LogDensities {}

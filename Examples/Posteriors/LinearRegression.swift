// SPDX-License-Identifier: Apache-2.0

package import VariationalInference

// Average weights in pounds of American women by their height in inches. Source: "The world almanac
// and book of facts" (1975); McNeil, "Interactive data analysis" (1977).
package let womensHeights = Value((58...72).map(Double.init))
package let womensWeights = Value([
  115, 117, 120, 123, 126, 129, 132, 135, 139, 142, 146, 150, 154, 159, 164,
])

extension PosteriorExample {
  /// Shows a design matrix and conjugate priors: its posterior and evidence are known in closed
  /// form.
  ///
  ///     beta | s^2 ~ N(0, 100^2 s^2 I),   s^2 ~ InverseGamma(2, 10)
  static let linearRegression = PosteriorExample(
    name: "linear_regression",
    description: "a straight line with conjugate priors: weights of women by their height",
    model: Model { z in
      let x = Value.columns([.ones(15), womensHeights - 65])
      let variance = z.latent("variance", InverseGamma(2, 10))
      let sigma = z.define("sigma", variance.squareRoot())
      let beta = z.latent("beta", Normal(0, 100 * sigma), count: 2)
      z.observe("weight", Normal(x.times(beta), sigma), womensWeights)
    })
}

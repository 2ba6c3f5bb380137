// SPDX-License-Identifier: Apache-2.0

package import VariationalInference

// The flow of the Nile at Aswan from 1871 to 1970, 10^8 cubic metres a year. Source: Cobb, "The
// problem of the Nile", Biometrika 65 (1978); Durbin and Koopman, "Time series analysis by state
// space methods" (2012).
package let nileFlow = Value([
  1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180,
  799, 958, 1140, 1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694, 940, 833,
  701, 916, 692, 1020, 1050, 969, 831, 726, 456, 824, 702, 1120, 1100, 832, 764, 821, 768, 845,
  864, 862, 698, 845, 744, 796, 1040, 759, 781, 865, 845, 944, 984, 897, 822, 1010, 771, 676, 649,
  846, 812, 742, 801, 1040, 860, 874, 848, 890, 744, 749, 838, 1050, 918, 986, 797, 923, 975, 815,
  1020, 906, 901, 1170, 912, 746, 919, 718, 714, 740,
])

extension PosteriorExample {
  /// Shows a hundred latent states as a function of noise: a level that walks at random, observed
  /// with errors. Given both scales a Kalman filter knows the answer.
  ///
  ///     level[t] = level[t - 1] + step * shock[t],   y[t] ~ N(level[t], error^2)
  static let stateSpace = PosteriorExample(
    name: "state_space",
    description: "a level that walks at random: the flow of the Nile, 1871 to 1970",
    model: Model { z in
      let step = z.latent("step", HalfNormal(100))
      let error = z.latent("error", HalfNormal(200))
      let start = z.latent("start", Normal(1000, 300))
      let shocks = z.latent("shocks", Normal(0, 1), count: 99)
      let level = Value.concatenated([start, step * shocks]).linearRecurrence(1)
      z.observe("flow", Normal(level, error), nileFlow)
      z.define("level in 1970", level[99])
    })
}

// SPDX-License-Identifier: Apache-2.0

import VariationalInference

// Linear and logistic regressions of posteriordb. Predictors are as they come, neither centred nor scaled:
// nothing is to be tuned by the user.

extension ReferencePosterior {
  /// y ~ N(X beta, sigma^2) with flat priors.
  private static func flatRegression(_ columns: [Value], _ y: Value) -> Model {
    let x = Value.columns(columns)
    return Model { z in
      let beta = z.latent("beta", Flat(), count: columns.count)
      let sigma = z.latent("sigma", Flat(.positive))
      z.observe("y", Normal(x.times(beta), sigma), y)
    }
  }

  private static func ones(like column: Value) -> Value { column * 0 + 1 }

  static let regressions: [ReferencePosterior] = [
    ReferencePosterior("earnings-earn_height", check: -13425.699634) { data in
      flatRegression([ones(like: data["height"]), data["height"]], data["earn"])
    },
    ReferencePosterior("earnings-logearn_height", check: -1555.589986) { data in
      flatRegression([ones(like: data["height"]), data["height"]], data["earn"].log())
    },
    ReferencePosterior("mesquite-logmesquite", check: -10.979281) { data in
      let names = ["diam1", "diam2", "canopy_height", "total_height", "density"]
      let columns = names.map { data[$0].log() } + [data["group"]]
      return flatRegression([ones(like: data["group"])] + columns, data["weight"].log())
    },
    ReferencePosterior("mesquite-mesquite", check: -319.386569) { data in
      let names = ["diam1", "diam2", "canopy_height", "total_height", "density", "group"]
      return flatRegression(
        [ones(like: data["group"])] + names.map { data[$0] }, data["weight"])
    },
    ReferencePosterior("nes1980-nes", check: -1411.931228) { data in
      let ages = try data.integers("age_discrete")
      let groups = [2, 3, 4].map { group in Value(ages.map { $0 == group ? 1.0 : 0 }) }
      let first = ["real_ideo", "race_adj"].map { data[$0] }
      let last = ["educ1", "gender", "income"].map { data[$0] }
      return flatRegression(
        [ones(like: data["income"])] + first + groups + last, data["partyid7"])
    },
    ReferencePosterior("kidiq-kidscore_interaction", halves: 1, check: -1873.580946) { data in
      let (school, iq) = (data["mom_hs"], data["mom_iq"])
      let x = Value.columns([ones(like: iq), school, iq, school * iq])
      return Model { z in
        let beta = z.latent("beta", Flat(), count: 4)
        let sigma = z.latent("sigma", HalfCauchy(2.5))
        z.observe("kid_score", Normal(x.times(beta), sigma), data["kid_score"])
      }
    },
    ReferencePosterior("kidiq-kidscore_momiq", halves: 1, check: -1881.670010) { data in
      Model { z in
        let beta = z.latent("beta", Flat(), count: 2)
        let sigma = z.latent("sigma", HalfCauchy(2.5))
        z.observe(
          "kid_score", Normal(beta[0] + beta[1] * data["mom_iq"], sigma), data["kid_score"])
      }
    },
    ReferencePosterior("kilpisjarvi_mod-kilpisjarvi", check: -96.894867) { data in
      Model { z in
        let alpha = z.latent("alpha", Normal(data["pmualpha"], data["psalpha"]))
        let beta = z.latent("beta", Normal(data["pmubeta"], data["psbeta"]))
        let sigma = z.latent("sigma", Flat(.positive))
        z.observe("y", Normal(alpha + beta * data["x"], sigma), data["y"])
      }
    },
    ReferencePosterior("sblrc-blr", halves: 1, check: -161.701887, blr),
    ReferencePosterior("sblri-blr", halves: 1, check: -153.851774, blr),
    ReferencePosterior("diamonds-diamonds", check: 3287.655194) { data in
      let all = data["X"]
      let x = (all - all.mean(along: 0)).columns(1..<25)
      return Model { z in
        let b = z.latent("b", Normal(0, 1), count: 24)
        let intercept = z.latent("Intercept", StudentT(3, 8, 10))
        let sigma = z.latent("sigma", HalfStudentT(3, 10))
        z.observe("Y", Normal(intercept + x.times(b), sigma), data["Y"])
      }
    },
    ReferencePosterior("nes_logit_data-nes_logit_model", check: -778.458329) { data in
      logistic(data["income"], data["vote"])
    },
    ReferencePosterior("wells_data-wells_dist100_model", check: -2038.118979) { data in
      logistic(data["dist"] / 100, data["switched"])
    },
  ]

  private static let blr: @Sendable (ModelData) throws -> Model = { data in
    Model { z in
      let beta = z.latent("beta", Normal(0, 10), count: 5)
      let sigma = z.latent("sigma", HalfNormal(10))
      z.observe("y", Normal(data["X"].times(beta), sigma), data["y"])
    }
  }

  private static func logistic(_ x: Value, _ y: Value) -> Model {
    Model { z in
      let alpha = z.latent("alpha", Flat())
      let beta = z.latent("beta", Flat(), count: 1)
      z.observe("y", Bernoulli(logits: alpha + beta * x), y)
    }
  }
}

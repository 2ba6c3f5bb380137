// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

/// A special function of tensors, with digits of it.
enum SpecialFunction: String, CaseIterable, Sendable {
  case logGamma, digamma, trigamma, errorFunction, complementaryErrorFunction, normalLogCDF
  case normalQuantile, logOneMinusExp, arctangent, logBesselI0

  func callAsFunction<Scalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> {
    switch self {
    case .logGamma: x.logGamma()
    case .digamma: x.digamma()
    case .trigamma: x.trigamma()
    case .errorFunction: x.errorFunction()
    case .complementaryErrorFunction: x.complementaryErrorFunction()
    case .normalLogCDF: x.normalLogCDF()
    case .normalQuantile: x.normalQuantile()
    case .logOneMinusExp: x.logOneMinusExp()
    case .arctangent: x.arctangent()
    case .logBesselI0: x.logBesselI0()
    }
  }

  /// Where gradients are checked: both sides of each change of formula, away from poles.
  var spread: Spread {
    switch self {
    case .logGamma, .digamma, .trigamma: .uniform(0.3...9.5)
    case .normalQuantile: .uniform(0.02...0.98)
    case .logOneMinusExp: .uniform(-3 ... -0.2)
    case .logBesselI0: .uniform(-10...10)
    default: .uniform(-2.5...2.5)
    }
  }

  /// x and the function at the `Double` nearest to what is written, 20 digits of 50 by mpmath 1.3.
  var digits: [(x: Double, y: Double)] { Self.digits[self] ?? [] }

  private static let digits: [SpecialFunction: [(x: Double, y: Double)]] = [
    .logGamma: [
      (1e-300, 690.77552789821370518), (0.01, 4.5994798780420217016),
      (0.5, 0.57236494292470008707), (0.999, 0.00057803853289138023817),
      (1.0009765625, -0.0005629031799912046317), (1.46163, -0.12148629053362353021),
      (1.999, -0.00042246180069210728418), (2.0009765625, 0.00041318279306425426426),
      (3.7, 1.4280723266653881292), (7.99, 8.5050116060884811057), (8.5, 9.5492672573009977117),
      (1234.5, 7550.5509010778948957), (1e+300, 6.8977552789821374147e+302),
      (-0.25, 1.5895753125511859903), (-3.25, -0.62315345132099864663),
    ],
    .digamma: [
      (1e-300, -9.9999999999999997494e+299), (0.01, -100.56088545786867242),
      (0.5, -1.9635100260214234794), (1.0, -0.57721566490153286061),
      (1.4616, -3.1106251230341649658e-5), (1.4617, 6.5659392293676495502e-5),
      (2.5, 0.70315664064524318723), (7.99, 2.0143092220462237995), (8.5, 2.0800908175794201214),
      (1234.5, 7.1180162318279978433), (1e+300, 690.77552789821370526),
      (-0.25, 2.9141391202135278304), (-3.25, 4.4662758723502799671),
    ],
    .trigamma: [
      (1e-100, 9.9999999999999996002e+199), (0.01, 10001.621213528312804),
      (0.5, 4.9348022005446793094), (1.0, 1.6449340668482264365), (2.5, 0.49035775610023486497),
      (7.99, 0.13331424565985759635), (8.5, 0.12483811891892602199),
      (1234.5, 0.0008103727271269666527), (1e+300, 9.999999999999999475e-301),
      (-0.25, 18.541879647671606498), (-3.25, 19.474085068082155114),
    ],
    .errorFunction: [
      (1e-300, 1.1283791670955126022e-300), (-0.01, -0.011283415555849617151),
      (0.5, 0.52049987781304653768), (0.999, 0.84228527020649694164),
      (1.001, 0.84311548547807627903), (-2.5, -0.99959304798255504106),
      (5.5, 0.99999999999999264215), (7.0, 1.0),
    ],
    .complementaryErrorFunction: [
      (-6.0, 1.9999999999999999785), (-1.5, 1.9661051464753107271), (-0.3, 1.3286267594591274162),
      (1e-20, 0.99999999999999999999), (0.499, 0.48037934401053154013),
      (0.501, 0.47862177914558816064), (1.5, 0.033894853524689272933),
      (5.5, 7.3578479179743980631e-15), (15.0, 7.2129941724512066666e-100),
      (26.5, 2.2109076642637342759e-307),
    ],
    .normalLogCDF: [
      (-10000000000.0, -5.0000000000000000024e+19), (-1000.0, -500007.82669481218431),
      (-37.5, -707.66898931750719107), (-8.0, -35.013437159914549896),
      (-1.001, -1.8425471807560767678), (-0.999, -1.8394969101647779061),
      (-0.01, -0.70115789344437009562), (0.0, -0.69314718055994530942),
      (0.999, -0.17304156420053251679), (1.001, -0.1724663641600814719),
      (8.0, -6.2209605742717860585e-16), (37.5, -4.6053530095819548438e-308),
    ],
    .normalQuantile: [
      (1e-300, -37.047096299361199237), (1e-20, -9.2623400897984075796),
      (0.001, -3.0902323061678135354), (0.07, -1.4757910281791706856),
      (0.2, -0.84162123357291416552), (0.499, -0.0025066308995717662317),
      (0.5009, 0.0022559673607489473212), (0.7, 0.52440051270804065631),
      (0.95, 1.6448536269514722843), (0.999999, 4.7534243088170877657),
    ],
    .logOneMinusExp: [
      (-1e-300, -690.77552789821370518), (-1e-10, -23.025850929990456804),
      (-0.5, -0.93275212956718857189), (-0.69, -0.69630429714405670574),
      (-0.7, -0.6863410028083851535), (-5.0, -0.0067607494494885578259),
      (-300.0, -5.1482002224120137812e-131), (-700.0, -9.8596765437597708567e-305),
    ],
    .arctangent: [
      (-1e+300, -1.5707963267948966192), (-1.5, -0.98279372324732906799),
      (0.01, 0.0099996666866652384145), (0.7, 0.61072596438920858674),
      (1e-300, 1.0000000000000000251e-300), (3.0, 1.2490457723982544258),
    ],
    .logBesselI0: [
      (1e-100, 2.5e-201), (0.001, 2.4999998437500174652e-7), (0.5, 0.061549719185481303941),
      (-0.5, 0.061549719185481303941), (3.0, 1.5853076218134209155), (7.99, 6.0487523223678052948),
      (8.01, 6.0674570315020478446), (100.0, 96.779732689942583717),
      (1000000.0, 999992.17330631281325),
    ],
  ]
}

@Suite("Special functions")
struct SpecialFunctionTests {
  /// At most 4 ulps were found at 10^4 points; one more for other orders of rounding. Reflection
  /// subtracts, and loses a few.
  @Test("known digits, in vectors and in what is left over", arguments: SpecialFunction.allCases)
  func digits(_ function: SpecialFunction) {
    #expect(!function.digits.isEmpty)
    for (x, y) in function.digits {
      let isReflected = x < 0 && [.logGamma, .digamma, .trigamma].contains(function)
      for value in function(Tensor(repeating: x, shape: [19])).scalars {
        #expect(
          (value - y).magnitude <= (isReflected ? 16 : 5) * y.ulp, "f(\(x)) is \(value), not \(y)")
      }
    }
  }

  /// One rounding to `Float` of an argument that is exact in both.
  @Test("Float is Double, rounded", arguments: SpecialFunction.allCases)
  func float(_ function: SpecialFunction) {
    let x = Tensor<Float>.pseudoRandom([57], function.spread)
    let double = function(x.converted(to: Double.self))
    #expect(function(x).scalars == double.converted(to: Float.self).scalars)
  }

  @Test("gradients are central differences", arguments: SpecialFunction.allCases)
  func gradients(_ function: SpecialFunction) {
    checkGradients(of: { function($0[0]) }, at: [.pseudoRandom([57], function.spread)])
  }

  @Test("gradients in Float are those in Double", arguments: SpecialFunction.allCases)
  func floatGradients(_ function: SpecialFunction) {
    let x = Tensor<Float>.pseudoRandom([57], function.spread)
    let float = valueWithGradients(at: [x]) { function($0[0]) }.gradients[0]
    let double = valueWithGradients(at: [x.converted(to: Double.self)]) { function($0[0]) }
    #expect(relativeError(float.doubles, double.gradients[0].scalars) < 32 * 0x1p-24)
  }

  @Test("derivatives of log Phi far out: -x below, 0 above")
  func millsRatio() {
    let gradients = valueWithGradients(at: [Tensor<Double>([-1e10, 40])]) { $0[0].normalLogCDF() }
    let derivatives = gradients.gradients[0].scalars
    #expect((derivatives[0] - 1e10).magnitude <= 4 * 1e10.ulp && derivatives[1] == 0)
  }

  @Test("not-a-number passes through every function", arguments: SpecialFunction.allCases)
  func notANumber(_ function: SpecialFunction) {
    #expect(function(Tensor([Double.nan])).scalar.isNaN)
    #expect(function(Tensor([Float.nan])).scalar.isNaN)
  }

  private static let inf = Double.infinity
  private static let edgeValues: [(function: SpecialFunction, x: Double, y: Double)] = [
    (.logGamma, 0, inf), (.logGamma, -2, inf), (.logGamma, inf, inf), (.logGamma, 1, 0),
    (.logGamma, 2, 0), (.digamma, 0, -inf), (.digamma, inf, inf), (.trigamma, 0, inf),
    (.trigamma, inf, 0), (.errorFunction, inf, 1), (.errorFunction, -inf, -1),
    (.complementaryErrorFunction, inf, 0), (.complementaryErrorFunction, -inf, 2),
    (.normalLogCDF, inf, 0), (.normalLogCDF, -inf, -inf), (.normalQuantile, 0, -inf),
    (.normalQuantile, 0.5, 0), (.normalQuantile, 1, inf), (.logOneMinusExp, 0, -inf),
    (.logOneMinusExp, -inf, 0), (.logBesselI0, 0, 0), (.logBesselI0, inf, inf),
  ]

  @Test("values at the edges", arguments: edgeValues.indices)
  func edges(_ index: Int) {
    let (function, x, y) = Self.edgeValues[index]
    #expect(function(Tensor([x])).scalar == y)
  }

  @Test("no number outside the domain")
  func outside() {
    #expect(Tensor([-1.0]).digamma().scalar.isNaN)
    #expect(Tensor([1.5]).normalQuantile().scalar.isNaN)
    #expect(Tensor([0.5]).logOneMinusExp().scalar.isNaN)
  }
}

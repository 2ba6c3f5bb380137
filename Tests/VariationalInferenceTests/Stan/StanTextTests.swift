// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import Testing
import VariationalInference

@Suite("Text of Stan programs") struct StanTextTests {
  private func kept(_ statement: String) -> String {
    let head = "parameters { real<lower=0> s; vector[2] v; } model { "
    let whole = StanConstants("\(head)\(statement) }").kept
    return String(whole.dropFirst(head.count).dropLast(2))
  }

  @Test(
    "~ is written out",
    arguments: [
      ("v ~ normal(0, 1);", "target += normal_lpdf(v | 0, 1);"),
      ("v[1] - 2 ~ std_normal();", "target += std_normal_lpdf(v[1] - 2 | );"),
      (
        "for (n in 1:2) v[n] ~ normal(f(n, 1), 1);",
        "for (n in 1:2) target += normal_lpdf(v[n] | f(n, 1), 1);"
      ),
      (
        "if (s > 1) { k ~ poisson(s); } else k ~ bernoulli(0.5);",
        "if (s > 1) { target += poisson_lpmf(k | s); } else target += bernoulli_lpmf(k | 0.5);"
      ),
      ("v ~ normal(0, // a ~ b\n 1);", "target += normal_lpdf(v | 0, // a ~ b\n 1);"),
      (
        "print(\"a ~ b(c);\"); /* x ~ y(z); */ s ~ gamma(1, 2);",
        "print(\"a ~ b(c);\"); /* x ~ y(z); */ target += gamma_lpdf(s | 1, 2);"
      ),
      ("target += normal_lupdf(v | 0, 1);", "target += normal_lpdf(v | 0, 1);"),
      (
        "s ~ normal(0, 1) T[0, ];",
        "target += s < 0 ? negative_infinity() : normal_lpdf(s | 0, 1) - normal_lccdf(0 | 0, 1);"
      ),
      (
        "s ~ normal(0, 1) T[ , 3];",
        "target += s > 3 ? negative_infinity() : normal_lpdf(s | 0, 1) - normal_lcdf(3 | 0, 1);"
      ),
      (
        "s ~ normal(0, 1) T[1, 3];",
        """
        target += s < 1 || s > 3 ? negative_infinity() : normal_lpdf(s | 0, 1) - \
        log_diff_exp(normal_lcdf(3 | 0, 1), normal_lcdf(1 | 0, 1));
        """
      ),
      // Cut laws of vectors, and of integers, stay: their constants are not one number.
      ("v ~ normal(0, 1) T[0, ];", "v ~ normal(0, 1) T[0, ];"),
      ("k ~ poisson(s) T[1, ];", "k ~ poisson(s) T[1, ];"),
    ])
  func writtenOut(statement: String, expected: String) {
    #expect(kept(statement) == expected)
  }

  @Test("a law that the program defines for integers is one of integers")
  func ownMassFunction() {
    let source = """
      functions { real mine_lpmf(int k, real s) { return -s; } real own_lpdf(real x) { return x; } }
      model { k ~ mine(s); x ~ own(); }
      """
    let kept = StanConstants(source).kept
    #expect(kept.contains("target += mine_lpmf(k | s);") && kept.contains("own_lpdf(x | );"))
    #expect(StanConstants.remain(in: source) && !StanConstants.remain(in: kept))
  }

  @Test(
    "broken programs are no reason to stop",
    arguments: [
      "~", "model { ~", "a ~ b(", "\"", "/*", "}{)(", "~ T[", "model { x ~ normal(0,1) T[; }", "",
    ])
  func broken(source: String) {
    #expect(StanConstants(source).kept == source)
    _ = StanPriors(source)
  }

  private func reasons(_ declarations: String, _ model: String, _ more: String = "") -> [String] {
    StanPriors(
      """
      data { int<lower=1> N; vector[N] y, x; int k; }
      transformed data { vector[N] c = x - mean(x); }
      parameters { \(declarations) }
      \(more)
      model { \(model) }
      """
    ).reasons
  }

  @Test(
    "priors that integrate to 1",
    arguments: [
      ("real a; real<lower=0> s;", "a ~ normal(0, 1); s ~ gamma(1, 2); y ~ normal(a + x, s);"),
      ("real<lower=0> s;", "s ~ cauchy(0, 5) T[0, ]; c ~ normal(0, s); k ~ poisson(s);"),
      (
        "real<lower=0, upper=1> p; real<lower=-1, upper=2> r;",
        "p ~ beta(2, 2); r ~ uniform(-1, 2);"
      ),
      (
        "vector[3] a; matrix[2, 2] b;",
        "for (i in 1:3) a[i] ~ std_normal(); to_vector(b) ~ normal(0, 1);"
      ),
      ("real a, b;", "[a, b]' ~ multi_normal([0, 0]', identity_matrix(2));"),
      (
        "array[2] simplex[3] p; cholesky_factor_corr[2] L; cov_matrix[2] S;",
        "p ~ dirichlet([1, 1, 1]'); L ~ lkj_corr_cholesky(2); S ~ wishart(3, identity_matrix(2));"
      ),
      (
        "real a; real<lower=0> s;",
        "target += normal_lpdf(a | 0, 1) + exponential_lpdf(s | 1); target += log_mix(0.5, normal_lpdf(y | a, s), 0);"
      ),
      (
        "vector[2] mu;",
        "mu ~ normal(0, 5); for (n in 1:N) { vector[2] lps; lps[1] = normal_lpdf(y[n] | mu[1], 1); target += log_sum_exp(lps); }"
      ),
      ("real<offset=1, multiplier=2> a;", "a ~ normal(1, 2);"),
    ])
  func whole(declarations: String, model: String) {
    #expect(reasons(declarations, model).isEmpty)
  }

  @Test(
    "priors that do not, or of which the text does not tell",
    arguments: [
      ("real a; real<lower=0> s;", "y ~ normal(a, s);", "no prior of `a`, `s` was found"),
      (
        "real a; real s;", "y - a ~ normal(0, s); c ~ normal(a, 1);",
        "no prior of `a`, `s` was found"
      ),
      (
        "vector[2] mu;",
        "for (n in 1:N) { vector[2] lps; lps[1] = normal_lpdf(y[n] | mu[1], 1); target += log_sum_exp(lps); }",
        "no prior of `mu` was found"
      ),
      (
        "real<lower=0> s;", "s ~ cauchy(0, 5);",
        "the prior of `s` is not cut to where the parameter lives"
      ),
      (
        "real<lower=0> s;", "target += normal_lpdf(s | 0, 1);",
        "the prior of `s` is not cut to where the parameter lives"
      ),
      (
        "real<lower=1> s;", "s ~ normal(0, 1) T[0, ];",
        "the prior of `s` is not cut to where the parameter lives"
      ),
      (
        "matrix<lower=0>[2, 2] s;", "to_vector(s) ~ normal(0, 1);",
        "the prior of `s` is not cut to where the parameter lives"
      ),
      (
        "ordered[3] s;", "s ~ normal(0, 1);",
        "the prior of `s` is not cut to where the parameter lives"
      ),
      (
        "sum_to_zero_vector[3] s;", "s ~ normal(0, 1);",
        "the prior of `s` is not cut to where the parameter lives"
      ),
      ("real s;", "s ~ mine(2);", "the prior of `s` is not cut to where the parameter lives"),
      ("real<lower=0> s;", "log(s) ~ normal(0, 1);", "no prior of `s` was found"),
      ("real s;", "s ~ normal(0, 1); s ~ normal(0, 2);", "`s` has more than one prior"),
      (
        "real s;", "s ~ normal(0, 1); target += -s^2;",
        "`-s^2` is added, which is no law of a parameter and holds no data"
      ),
      ("real s;", "if (k > 0) s ~ normal(0, 1);", "its text has conditions"),
      ("real s;", "s ~ normal(0, 1); more_lp(s);", "`more_lp` adds terms of its own"),
    ])
  func notWhole(declarations: String, model: String, reason: String) {
    let found = reasons(declarations, model)
    #expect(found.contains(reason), "\(found)")
  }

  @Test("a law of what is computed from a parameter is none of the parameter")
  func computed() {
    let found = reasons(
      "real v;", "w ~ lognormal(0, 1);", "transformed parameters { real<lower=0> w = exp(v); }")
    #expect(
      found == ["no prior of `v` was found", "`w`, which has a law, is no parameter"])
  }

  @Test("included files end, also those that include each other, and comments include nothing")
  func includes() throws {
    try withTemporaryFolder { folder in
      let circle = "#include c.stan\n#include c.stan\n#include c.stan\n"
      try AtomicFile.write(Array(circle.utf8), to: "\(folder)/c.stan")
      try AtomicFile.write(
        Array("/*\n#include c.stan\n*/\n#include c.stan\n".utf8), to: "\(folder)/m.stan")
      let text = try StanProgram(path: "\(folder)/m.stan").expanded
      #expect(text.hasPrefix("/*\n#include c.stan\n*/\n") && text.count < 4000)
    }
  }

  @Test("names come in Stan's order and leave in ours")
  func names() {
    let names = StanNames([
      "a", "L.1.1", "L.2.1", "L.1.2", "L.2.2", "L.1.3", "L.2.3", "t:1", "c.real", "b.1", "b.2",
    ])
    #expect(
      names.names == [
        "a", "L[1,1]", "L[1,2]", "L[1,3]", "L[2,1]", "L[2,2]", "L[2,3]", "t:1", "c.real", "b[1]",
        "b[2]",
      ])
    #expect(names.places == [0, 1, 3, 5, 2, 4, 6, 7, 8, 9, 10])
    #expect(StanNames.written("p.1.3.2") == "p[1,3,2]" && StanNames.written("t:1.x") == "t:1.x")
  }
}

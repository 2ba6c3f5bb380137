// SPDX-License-Identifier: Apache-2.0
// gp_pois_regr-gp_pois_regr: counts whose log rate is a Gaussian process.
data {
  int<lower=1> N;
  array[N] real x;
  array[N] int<lower=0> k;
}
parameters {
  real<lower=0> rho;
  real<lower=0> alpha;
  vector[N] f_raw; // standard normal noise; f follows from it
}
transformed parameters {
  vector[N] f
    = cholesky_decompose(add_diag(gp_exp_quad_cov(x, alpha, rho), 1e-10)) * f_raw;
}
model {
  rho ~ gamma(25, 4);
  alpha ~ normal(0, 2);
  f_raw ~ std_normal();
  k ~ poisson_log(f);
}
generated quantities {
  array[N] int k_rep = poisson_log_rng(f);
}

// SPDX-License-Identifier: Apache-2.0
// earnings-logearn_height: log earnings on height, flat priors.
data {
  int<lower=0> N;
  vector<lower=0>[N] earn;
  vector[N] height;
}
transformed data {
  vector[N] log_earn = log(earn);
}
parameters {
  vector[2] beta;
  real<lower=0> sigma;
}
model {
  log_earn ~ normal(beta[1] + beta[2] * height, sigma);
}

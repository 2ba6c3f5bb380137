// SPDX-License-Identifier: Apache-2.0
// wells_data-wells_dist100_model: switching of wells on distance, logistic, flat priors.
data {
  int<lower=0> N;
  vector[N] dist;
  array[N] int<lower=0, upper=1> switched;
}
transformed data {
  vector[N] dist100 = dist / 100;
}
parameters {
  real alpha;
  vector[1] beta;
}
model {
  switched ~ bernoulli_logit(alpha + beta[1] * dist100);
}

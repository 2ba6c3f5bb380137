// SPDX-License-Identifier: Apache-2.0
// hmm_example-hmm_example: two hidden states, their means in ascending order.
data {
  int<lower=1> N;
  int<lower=2, upper=2> K;
  vector[N] y;
}
parameters {
  simplex[K] theta1; // from state 1
  simplex[K] theta2; // from state 2
  positive_ordered[K] mu;
}
model {
  // The forward algorithm: a[k] is the log density of y so far and of state k now.
  array[K] vector[K] log_into = {log([theta1[1], theta2[1]]'), log([theta1[2], theta2[2]]')};
  vector[K] a;
  mu ~ normal([3, 10]', 1);
  for (k in 1:K) a[k] = normal_lpdf(y[1] | mu[k], 1); // initial states have weight 1
  for (n in 2:N) {
    vector[K] before = a;
    for (k in 1:K) a[k] = normal_lpdf(y[n] | mu[k], 1) + log_sum_exp(before + log_into[k]);
  }
  target += log_sum_exp(a);
}

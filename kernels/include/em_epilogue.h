// What becomes of a product's sums: ProductEpilogue of the host.
#pragma once

enum Epilogue {
  Activated,  // y (bf16) = activation(sum + bias)
  Gradient,   // y (bf16) = sum * f'(z) of the leaky ReLU y = f(z), where y held f(z)
  Float,      // y (float) = activation(sum + bias) + residual
  Split,      // partial sums along k, each an (m, n) of float behind the other; by warpgroups alone
  Masked,     // y (bf16) = sum * f'(z), by the signs of z as bits; by warpgroups alone
};

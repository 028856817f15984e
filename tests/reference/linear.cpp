#include "reference.hpp"

namespace reference {
namespace {

// c[i,j] = sum_l a[i,l] b[l,j]
void multiply(const double* a, const double* b, double* c, Index m, Index n, Index k) {
  for (Index i = 0; i < m; ++i)
    for (Index j = 0; j < n; ++j) {
      c[i * n + j] = 0;
      for (Index l = 0; l < k; ++l) c[i * n + j] += a[i * k + l] * b[l * n + j];
    }
}

Tensor<double> matmul(const Sample& sample) {
  const Tensor<double>& a = sample.inputs[0];
  const Tensor<double>& b = sample.inputs.back();
  const Index m = a.shape(-2), k = a.shape(-1), n = b.shape(-1);
  Tensor<double> y(a.shape().with(-1, n));
  for (Index p = 0; p * m * n < y.size(); ++p)
    multiply(a.data() + p * m * k, b.data() + p * k * n, y.data() + p * m * n, m, n, k);
  return y;
}

// y[r,o] = b[o] + sum_i x[r,i] w[o,i]
Tensor<double> linear(const Sample& sample) {
  const Tensor<double>&x = sample.inputs[0], &w = sample.inputs[1], &b = sample.inputs[2];
  const Index out = w.shape(0), in = w.shape(1);
  Tensor<double> y(x.shape().with(-1, out));
  double* const to = y.data();
  for (Index i = 0; i < y.size(); ++i) {
    const Index row = i / out, o = i % out;
    to[i] = b.defined() ? b.data()[o] : 0;
    for (Index k = 0; k < in; ++k) to[i] += x.data()[row * in + k] * w.data()[o * in + k];
  }
  return y;
}

}  // namespace

Table linear() {
  return {
      {"linear", linear},
      {"matmul", matmul},
  };
}

}  // namespace reference

#include <xgrad/ops/argument_samples.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include "reference.hpp"

namespace reference {
namespace {

using Vector = std::vector<double>;

double sigmoid(double a) { return 1 / (1 + std::exp(-a)); }

// W x + b
Vector affine(const Tensor<double>& w, const double* x, const Tensor<double>& b) {
  Vector y;
  for (Index r = 0; r < w.shape(0); ++r) {
    double sum = b.defined() ? b.data()[r] : 0;
    for (Index i = 0; i < w.shape(1); ++i) sum += w.data()[r * w.shape(1) + i] * x[i];
    y.push_back(sum);
  }
  return y;
}

// A step takes a = W_ih x + b_ih and b = W_hh h + b_hh, and changes the state.
using Step = void (*)(const Vector& a, const Vector& b, Vector& h, Vector& c);

template <double (*f)(double)>
void rnn_step(const Vector& a, const Vector& b, Vector& h, Vector&) {
  for (std::size_t j = 0; j < h.size(); ++j) h[j] = f(a[j] + b[j]);
}

double positive_part(double a) { return std::max(a, 0.0); }

void lstm_step(const Vector& a, const Vector& b, Vector& h, Vector& c) {
  const std::size_t n = h.size();
  for (std::size_t j = 0; j < n; ++j) {
    const auto sum = [&](std::size_t gate) { return a[gate * n + j] + b[gate * n + j]; };
    c[j] = sigmoid(sum(1)) * c[j] + sigmoid(sum(0)) * std::tanh(sum(2));
    h[j] = sigmoid(sum(3)) * std::tanh(c[j]);
  }
}

void gru_step(const Vector& a, const Vector& b, Vector& h, Vector&) {
  const std::size_t n = h.size();
  for (std::size_t j = 0; j < n; ++j) {
    const double r = sigmoid(a[j] + b[j]), z = sigmoid(a[n + j] + b[n + j]);
    h[j] = (1 - z) * std::tanh(a[2 * n + j] + r * b[2 * n + j]) + z * h[j];
  }
}

// Each sequence by itself, step by step.
template <Step step, bool has_c>
Tensor<double> layer(const Sample& sample) {
  const auto& known = std::any_cast<const xgrad::samples::RecurrentCase&>(sample.options);
  const auto& in = sample.inputs;
  const Tensor<double>&x = in[0], &w_ih = in[1], &w_hh = in[2];
  const Index steps = x.defined() ? x.shape(0) : known.steps;
  const Index batch = x.defined() ? x.shape(1) : known.batch;
  const Index inputs = w_ih.shape(1), hidden = w_hh.shape(1);
  Tensor<double> joined(Shape{steps + (has_c ? 2 : 1), batch, hidden});
  const auto put = [&](const Vector& values, Index t, Index b) {
    std::copy(values.begin(), values.end(), joined.data() + (t * batch + b) * hidden);
  };
  for (Index b = 0; b < batch; ++b) {
    const auto initial = [&](const Tensor<double>& state) {
      const double* const row = state.data() + b * hidden;
      return state.defined() ? Vector(row, row + hidden)
                             : Vector(static_cast<std::size_t>(hidden), 0.0);
    };
    Vector h = initial(in[5]), c = has_c ? initial(in[6]) : Vector();
    const auto& lengths = known.options.lengths;
    const Index length = lengths.empty() ? steps : lengths[static_cast<std::size_t>(b)];
    for (Index i = 0; i < length; ++i) {
      const Index t = known.options.reverse ? length - 1 - i : i;
      Vector x_t(static_cast<std::size_t>(inputs), 0.0);
      if (x.defined())
        std::copy_n(x.data() + (t * batch + b) * inputs, inputs, x_t.begin());
      else
        x_t[static_cast<std::size_t>(known.ids[static_cast<std::size_t>(t * batch + b)])] = 1;
      step(affine(w_ih, x_t.data(), in[3]), affine(w_hh, h.data(), in[4]), h, c);
      put(h, t, b);
    }
    put(h, steps, b);
    if (has_c) put(c, steps + 1, b);
  }
  return joined;
}

}  // namespace

Table recurrent() {
  return {
      {"rnn_tanh", layer<rnn_step<std::tanh>, false>},
      {"rnn_relu", layer<rnn_step<positive_part>, false>},
      {"lstm", layer<lstm_step, true>},
      {"gru", layer<gru_step, false>},
  };
}

}  // namespace reference

#include <xgrad/core/error.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/linear.hpp>
#include <xgrad/ops/recurrent_cells.hpp>
#include <xgrad/ops/recurrent_check.hpp>
#include <xgrad/ops/shape.hpp>

#include <fmt/format.h>

namespace xgrad {
namespace {

using kernels::Cell;

// The state with zeros for what is undefined.
template <class T>
RecurrentState<T> checked_state(const char* op, Cell cell, const Variable<T>& x,
                                const RecurrentState<T>& state,
                                const RecurrentWeights<T>& weights) {
  if (!x.defined() || x.shape().rank() != 2)
    throw ShapeError(fmt::format("{}: x is {} but must be [batch, inputs]: give one step at a time",
                                 op, x.defined() ? x.shape().to_string() : "undefined"));
  const Index hidden = detail::check_recurrent_weights(op, cell, x.shape(0), state, weights);
  const Shape shape{x.shape(0), hidden};
  const auto or_zeros = [&](const Variable<T>& s) {
    return s.defined() ? s : Variable<T>(Tensor<T>(shape));
  };
  return {or_zeros(state.h), cell == Cell::lstm ? or_zeros(state.c) : Variable<T>()};
}

// Gate k of [B, G*H].
template <class T>
Variable<T> gate(const Variable<T>& gates, Index k, Index hidden) {
  return slice(gates, 1, k * hidden, (k + 1) * hidden);
}

}  // namespace

template <class T>
RecurrentState<T> rnn_cell(const Variable<T>& x,
                           const std::type_identity_t<RecurrentState<T>>& state,
                           const RecurrentWeights<T>& w, RnnNonlinearity nonlinearity) {
  const auto [h, c] = checked_state("rnn_cell", Cell::rnn_tanh, x, state, w);
  Variable<T> a = linear(x, w.w_ih, w.b_ih) + linear(h, w.w_hh, w.b_hh);
  return {nonlinearity == RnnNonlinearity::tanh ? tanh(std::move(a)) : relu(std::move(a)), {}};
}

template <class T>
RecurrentState<T> lstm_cell(const Variable<T>& x,
                            const std::type_identity_t<RecurrentState<T>>& state,
                            const RecurrentWeights<T>& w) {
  const auto [h, c] = checked_state("lstm_cell", Cell::lstm, x, state, w);
  const Index hidden = h.shape(1);
  const Variable<T> a = linear(x, w.w_ih, w.b_ih) + linear(h, w.w_hh, w.b_hh);
  const Variable<T> i = sigmoid(gate(a, 0, hidden)), f = sigmoid(gate(a, 1, hidden)),
                    g = tanh(gate(a, 2, hidden)), o = sigmoid(gate(a, 3, hidden));
  const Variable<T> next_c = f * c + i * g;
  return {o * tanh(next_c), next_c};
}

template <class T>
RecurrentState<T> gru_cell(const Variable<T>& x,
                           const std::type_identity_t<RecurrentState<T>>& state,
                           const RecurrentWeights<T>& w) {
  const auto [h, c] = checked_state("gru_cell", Cell::gru, x, state, w);
  const Index hidden = h.shape(1);
  const Variable<T> a = linear(x, w.w_ih, w.b_ih), b = linear(h, w.w_hh, w.b_hh);
  const Variable<T> r = sigmoid(gate(a, 0, hidden) + gate(b, 0, hidden)),
                    z = sigmoid(gate(a, 1, hidden) + gate(b, 1, hidden)),
                    n = tanh(gate(a, 2, hidden) + r * gate(b, 2, hidden));
  return {(T(1) - z) * n + z * h, {}};
}

#define XGRAD_INSTANTIATE(T)                                                         \
  template RecurrentState<T> rnn_cell(const Variable<T>&, const RecurrentState<T>&,  \
                                      const RecurrentWeights<T>&, RnnNonlinearity);  \
  template RecurrentState<T> lstm_cell(const Variable<T>&, const RecurrentState<T>&, \
                                       const RecurrentWeights<T>&);                  \
  template RecurrentState<T> gru_cell(const Variable<T>&, const RecurrentState<T>&,  \
                                      const RecurrentWeights<T>&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad

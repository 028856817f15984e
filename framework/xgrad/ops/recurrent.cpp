#include <xgrad/autograd/record.hpp>
#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/kernels/embedding.hpp>
#include <xgrad/kernels/gemm.hpp>
#include <xgrad/kernels/recurrent.hpp>
#include <xgrad/kernels/reduce.hpp>
#include <xgrad/ops/recurrent.hpp>
#include <xgrad/ops/recurrent_check.hpp>

#include <algorithm>

namespace xgrad {
namespace {

using kernels::Cell;
using kernels::Factor;
using kernels::RecurrentRun;

// The order of OpInfo::inputs.
enum Input { in_x, in_w_ih, in_w_hh, in_b_ih, in_b_hh, in_h, in_c };
enum Output { out_y, out_h, out_c };

PoolArray<std::int32_t> copy_of(std::span<const std::int32_t> values) {
  PoolArray<std::int32_t> copy(static_cast<Index>(values.size()));
  std::copy(values.begin(), values.end(), copy.data());
  return copy;
}

// [T, B, n] as a matrix of T*B rows.
template <class T>
Factor<T> rows_of(const Tensor<T>& x) {
  return Factor<T>(x.data(), x.shape(0) * x.shape(1), x.shape(2));
}

// gates [T, B, G*H] = x W_ih^T + bias
template <class T>
void project(const Tensor<T>& x, const Tensor<T>& w_ih, const Tensor<T>& bias, Tensor<T>& gates) {
  const Factor<T> w(w_ih.data(), w_ih.shape(0), w_ih.shape(1));
  if (bias.defined()) kernels::fill_rows(bias, gates);
  kernels::gemm(T(1), rows_of(x), w.t(), bias.defined() ? T(1) : T(0), gates.data());
}

template <class T>
Tensor<T> copy_or_zeros(const Tensor<T>& x, const Shape& shape) {
  return x.defined() ? x.clone() : Tensor<T>(shape);
}

// The backward pass of all four cells, with what it needs of the forward pass.
template <class T>
struct RecurrentBackward {
  RecurrentRun run;  // its lengths lie in `lengths`
  PoolArray<std::int32_t> ids, lengths;
  Index symbols;     // of the table that the ids are rows of
  Saved<T> x, w_ih;  // where the other one's gradient is wanted
  Saved<T> w_hh, gates, output, inner, h0, c0;

  void operator()(Backward<T>& b) {
    const bool is_lstm = run.cell == Cell::lstm, is_gru = run.cell == Cell::gru;
    const Shape state{run.batch, run.hidden};
    const auto incoming = [&](int i) { return b.has_dy(i) ? b.dy(i) : Tensor<T>(); };
    const kernels::RecurrentTape<T> tape{gates.get(), output.get(), inner.get()};
    kernels::RecurrentGradients<T> g{
        .dh = copy_or_zeros(incoming(out_h), state),
        .dc = is_lstm ? copy_or_zeros(incoming(out_c), state) : Tensor<T>(),
        .dgates = Tensor<T>::empty({run.steps, run.batch, kernels::gradient_stride<T>(run)}),
        .dinner = is_gru ? Tensor<T>::empty(tape.inner.shape()) : Tensor<T>()};
    kernels::recurrent_backward(run, w_hh.get(), tape, is_lstm ? c0.get() : h0.get(),
                                incoming(out_y), g);
    const Tensor<T> dtable = table_gradient(b, g.dgates);
    input_gradients(b, g.dgates, dtable);
    if (b.needs(in_w_hh))
      kernels::recurrent_weight_grad(run, g, tape.output, h0.get(), b.dx(in_w_hh));
    bias_gradients(b, g, dtable);
    if (b.needs(in_h)) b.set_dx(in_h, g.dh);
    if (is_lstm && b.needs(in_c)) b.set_dx(in_c, g.dc);
  }

 private:
  // The gates' gradients [T, B, G*H] as a matrix of T*B rows.
  Factor<T> rows_of_gates(const Tensor<T>& dgates) const {
    return Factor<T>(dgates.data(), run.steps * run.batch, run.gates(), dgates.shape(2));
  }

  // Of the table of input projections, [V, G*H]; undefined where there are vectors, not ids. Also
  // for the biases alone: their bits must not depend on what else is wanted.
  Tensor<T> table_gradient(Backward<T>& b, const Tensor<T>& dgates) const {
    if (ids.size() == 0 || !(b.needs(in_w_ih) || b.needs(in_b_ih) || b.needs(in_b_hh))) return {};
    Tensor<T> dtable = Tensor<T>::empty({symbols, dgates.shape(2)});
    kernels::embedding_grad<T>(dgates, {ids.data(), static_cast<std::size_t>(ids.size())}, dtable);
    return dtable;
  }

  void input_gradients(Backward<T>& b, const Tensor<T>& dgates, const Tensor<T>& dtable) {
    if (b.needs(in_x)) {
      const Tensor<T>& w = w_ih.get();
      kernels::gemm(T(1), rows_of_gates(dgates), Factor<T>(w.data(), w.shape(0), w.shape(1)), T(0),
                    b.dx(in_x).data());
    }
    if (!b.needs(in_w_ih)) return;
    if (dtable.defined())
      kernels::id_table_grad(dtable, b.dx(in_w_ih));
    else
      kernels::gemm(T(1), rows_of_gates(dgates).t(), rows_of(x.get()), T(0), b.dx(in_w_ih).data());
  }

  // Both biases have one gradient, but for a GRU's n, whose b_hh is inside the reset gate.
  // The rows of the table's gradient, where it is there, add up to the same as those of all steps.
  void bias_gradients(Backward<T>& b, const kernels::RecurrentGradients<T>& g,
                      const Tensor<T>& dtable) {
    if (!b.needs(in_b_ih) && !b.needs(in_b_hh)) return;
    Tensor<T> padded = Tensor<T>::empty({g.dgates.shape(2)});
    kernels::column_sum(dtable.defined() ? dtable : g.dgates, padded);
    const Tensor<T> sum = padded.slice(0, run.gates());
    if (b.needs(in_b_ih)) b.set_dx(in_b_ih, sum);
    if (!b.needs(in_b_hh)) return;
    if (run.cell != Cell::gru) return b.set_dx(in_b_hh, sum);
    Tensor<T> inner_sum = Tensor<T>::empty({run.hidden});
    kernels::column_sum(g.dinner, inner_sum);
    Tensor<T>& db_hh = b.dx(in_b_hh);
    db_hh.copy_from(sum);
    std::copy_n(std::as_const(inner_sum).data(), run.hidden, db_hh.data() + 2 * run.hidden);
  }
};

template <class T>
RecurrentResult<T> run_layer(const OpInfo& op, Cell cell, const RecurrentInput<T>& input,
                             const RecurrentState<T>& state, const RecurrentWeights<T>& weights,
                             const RecurrentOptions& options) {
  const auto& [w_ih, w_hh, b_ih, b_hh] = weights;
  const Variable<T>& x = input.x;
  RecurrentRun run = detail::check_recurrent(op.name, cell, input, state, weights, options);
  PoolArray<std::int32_t> ids, lengths = copy_of(options.lengths);
  if (!x.defined()) ids = copy_of(input.characters.ids);
  run.lengths = lengths.span();
  const bool is_lstm = cell == Cell::lstm, is_gru = cell == Cell::gru;

  const Shape sequence{run.steps, run.batch, run.hidden}, single{run.batch, run.hidden};
  kernels::RecurrentTape<T> tape;
  tape.output = Tensor<T>::empty(sequence);
  tape.gates = is_lstm || is_gru ? Tensor<T>::empty(sequence.with(2, run.gates())) : tape.output;
  if (is_lstm || is_gru) tape.inner = Tensor<T>::empty(sequence);

  Tensor<T> bias, table;
  if (b_ih.defined() || b_hh.defined()) {
    bias = Tensor<T>::empty({run.gates()});
    kernels::input_bias(run, b_ih.value(), b_hh.value(), bias);
  }
  if (x.defined()) {
    project(x.value(), w_ih.value(), bias, tape.gates);
  } else {
    table = Tensor<T>::empty({w_ih.shape(1), run.gates()});
    kernels::id_table(w_ih.value(), bias, table);
  }
  const Tensor<T> h0 = state.h.defined() ? state.h.value() : Tensor<T>(single);
  const Tensor<T> c0 = !is_lstm || state.c.defined() ? state.c.value() : Tensor<T>(single);
  Tensor<T> h = h0.clone(), c = c0.clone();
  const Tensor<T> b_hn =
      is_gru && b_hh.defined() ? b_hh.value().slice(2 * run.hidden, run.gates()) : Tensor<T>();
  kernels::recurrent_forward(run, {std::as_const(table).data(), ids.data()}, w_hh.value(), b_hn,
                             tape, h, c);

  RecurrentBackward<T> backward{run,
                                std::move(ids),
                                std::move(lengths),
                                w_ih.shape(1),
                                Saved(w_ih.requires_grad() ? x.value() : Tensor<T>()),
                                Saved(x.requires_grad() ? w_ih.value() : Tensor<T>()),
                                Saved(w_hh.value()),
                                Saved(tape.gates),
                                Saved(tape.output),
                                Saved(tape.inner),
                                Saved(h0),
                                Saved(c0)};
  if (is_lstm) {
    auto [y, h_n, c_n] = record(op, {x, w_ih, w_hh, b_ih, b_hh, state.h, state.c},
                                std::array{tape.output, h, c}, std::move(backward));
    return {std::move(y), {std::move(h_n), std::move(c_n)}};
  }
  auto [y, h_n] = record(op, {x, w_ih, w_hh, b_ih, b_hh, state.h}, std::array{tape.output, h},
                         std::move(backward));
  return {std::move(y), {std::move(h_n), {}}};
}

}  // namespace

template <class T>
RecurrentResult<T> rnn_tanh(const std::type_identity_t<RecurrentInput<T>>& x,
                            const std::type_identity_t<RecurrentState<T>>& state,
                            const RecurrentWeights<T>& weights, const RecurrentOptions& options) {
  return run_layer(rnn_tanh_op, Cell::rnn_tanh, x, state, weights, options);
}

template <class T>
RecurrentResult<T> rnn_relu(const std::type_identity_t<RecurrentInput<T>>& x,
                            const std::type_identity_t<RecurrentState<T>>& state,
                            const RecurrentWeights<T>& weights, const RecurrentOptions& options) {
  return run_layer(rnn_relu_op, Cell::rnn_relu, x, state, weights, options);
}

template <class T>
RecurrentResult<T> lstm(const std::type_identity_t<RecurrentInput<T>>& x,
                        const std::type_identity_t<RecurrentState<T>>& state,
                        const RecurrentWeights<T>& weights, const RecurrentOptions& options) {
  return run_layer(lstm_op, Cell::lstm, x, state, weights, options);
}

template <class T>
RecurrentResult<T> gru(const std::type_identity_t<RecurrentInput<T>>& x,
                       const std::type_identity_t<RecurrentState<T>>& state,
                       const RecurrentWeights<T>& weights, const RecurrentOptions& options) {
  return run_layer(gru_op, Cell::gru, x, state, weights, options);
}

#define XGRAD_OF(op, T)                                                              \
  template RecurrentResult<T> op(const RecurrentInput<T>&, const RecurrentState<T>&, \
                                 const RecurrentWeights<T>&, const RecurrentOptions&);
#define XGRAD_INSTANTIATE(T) \
  XGRAD_OF(rnn_tanh, T) XGRAD_OF(rnn_relu, T) XGRAD_OF(lstm, T) XGRAD_OF(gru, T)
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE
#undef XGRAD_OF

}  // namespace xgrad

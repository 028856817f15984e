#include <xgrad/core/error.hpp>
#include <xgrad/ops/recurrent_check.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace xgrad::detail {
namespace {

template <class T>
std::string shape_of(const Variable<T>& x) {
  return x.defined() ? x.shape().to_string() : "undefined";
}

template <class T>
void expect(const char* op, const char* name, const Variable<T>& x, const Shape& shape,
            const char* meaning) {
  if (x.defined() && x.shape() == shape) return;
  throw ShapeError(fmt::format("{}: {} is {} but must be {}: {}", op, name, shape_of(x),
                               shape.to_string(), meaning));
}

void check_ids(const char* op, const IdSequence& characters, Index symbols) {
  const auto& [ids, steps, batch] = characters;
  if (steps < 1 || batch < 0 || static_cast<Index>(ids.size()) != steps * batch)
    throw ShapeError(
        fmt::format("{}: {} ids cannot be {} steps of {} sequences: give steps * batch "
                    "ids, time-major, and at least one step",
                    op, ids.size(), steps, batch));
  const auto outside =
      std::find_if(ids.begin(), ids.end(), [&](Index id) { return id < 0 || id >= symbols; });
  if (outside != ids.end())
    throw ValueError(
        fmt::format("{}: id {} at position {} is outside 0 to {}, the columns of w_ih: "
                    "use the vocabulary that the weights were made for",
                    op, *outside, outside - ids.begin(), symbols - 1));
}

void check_lengths(const char* op, const std::vector<std::int32_t>& lengths, Index steps,
                   Index batch) {
  if (lengths.empty()) return;
  if (static_cast<Index>(lengths.size()) != batch)
    throw ShapeError(fmt::format("{}: {} lengths for a batch of {}: give one per sequence, or none",
                                 op, lengths.size(), batch));
  for (const std::int32_t length : lengths)
    if (length < 0 || length > steps)
      throw ValueError(
          fmt::format("{}: a length of {} is outside 0 to {}, the number of steps: "
                      "cut the lengths to the window",
                      op, length, steps));
}

}  // namespace

template <class T>
Index check_recurrent_weights(const char* op, kernels::Cell cell, Index batch,
                              const RecurrentState<T>& state, const RecurrentWeights<T>& weights) {
  const auto& [w_ih, w_hh, b_ih, b_hh] = weights;
  const Index gates = kernels::gates_of(cell);
  if (!w_hh.defined() || w_hh.shape().rank() != 2 || w_hh.shape(0) != gates * w_hh.shape(1))
    throw ShapeError(
        fmt::format("{}: w_hh is {} but must be [{}H, H]: {} gate(s), one under the "
                    "other, for H hidden units",
                    op, shape_of(w_hh), gates, gates));
  const Index hidden = w_hh.shape(1), width = gates * hidden;
  if (!w_ih.defined() || w_ih.shape().rank() != 2 || w_ih.shape(0) != width)
    throw ShapeError(
        fmt::format("{}: w_ih is {} but must be [{}, inputs], with as many rows as "
                    "w_hh {}",
                    op, shape_of(w_ih), width, shape_of(w_hh)));
  if (b_ih.defined()) expect(op, "b_ih", b_ih, {width}, "a bias for each row of w_ih");
  if (b_hh.defined()) expect(op, "b_hh", b_hh, {width}, "a bias for each row of w_hh");
  const char* const meaning = "[batch, hidden], or leave it out for zeros";
  if (state.h.defined()) expect(op, "state h", state.h, {batch, hidden}, meaning);
  if (state.c.defined()) {
    if (cell != kernels::Cell::lstm)
      throw ValueError(
          fmt::format("{}: the state has a c of shape {}, which only an LSTM has: "
                      "give h alone",
                      op, shape_of(state.c)));
    expect(op, "state c", state.c, {batch, hidden}, meaning);
  }
  return hidden;
}

template <class T>
kernels::RecurrentRun check_recurrent(const char* op, kernels::Cell cell,
                                      const RecurrentInput<T>& input,
                                      const RecurrentState<T>& state,
                                      const RecurrentWeights<T>& weights,
                                      const RecurrentOptions& options) {
  const Variable<T>& x = input.x;
  if (x.defined() && (x.shape().rank() != 3 || x.shape(0) < 1))
    throw ShapeError(
        fmt::format("{}: x is {} but must be [steps, batch, inputs], time-major, with "
                    "at least one step",
                    op, shape_of(x)));
  const Index steps = x.defined() ? x.shape(0) : input.characters.steps;
  const Index batch = x.defined() ? x.shape(1) : input.characters.batch;
  const Index hidden = check_recurrent_weights(op, cell, batch, state, weights);
  const Index inputs = weights.w_ih.shape(1);
  if (x.defined() && x.shape(2) != inputs)
    throw ShapeError(
        fmt::format("{}: x is {} but w_ih {} reads {} inputs: make their last axes "
                    "the same",
                    op, shape_of(x), shape_of(weights.w_ih), inputs));
  if (!x.defined()) check_ids(op, input.characters, inputs);
  check_lengths(op, options.lengths, steps, batch);
  return {cell, steps, batch, hidden, options.reverse, options.lengths};
}

#define XGRAD_INSTANTIATE(T)                                                                    \
  template Index check_recurrent_weights(const char*, kernels::Cell, Index,                     \
                                         const RecurrentState<T>&, const RecurrentWeights<T>&); \
  template kernels::RecurrentRun check_recurrent(                                               \
      const char*, kernels::Cell, const RecurrentInput<T>&, const RecurrentState<T>&,           \
      const RecurrentWeights<T>&, const RecurrentOptions&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::detail

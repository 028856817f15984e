// The probe of whole layers, run one by one so that the h of each is a node on the way of the
// gradient.

#include <xgrad/train/recurrent_probe.hpp>

#include <fmt/format.h>

#include <utility>

#include <xgrad/core/error.hpp>
#include <xgrad/ops/shape.hpp>

namespace xgrad::train {
namespace {

template <class T>
void add_initial(const char* name, const Variable<T>& state, const Shape& shape, bool after_tanh,
                 std::vector<ProbedState<T>>& initial) {
  if (state.defined() && state.shape() != shape)
    throw ShapeError(
        fmt::format("probe_recurrence: the initial {} has shape {}, expected {}: "
                    "[layers, batch, hidden]",
                    name, state.shape().to_string(), shape.to_string()));
  const Tensor<T> all = state.defined() ? state.value() : Tensor<T>(shape);
  for (Index l = 0; l < shape[0]; ++l)
    initial.push_back({shape[0] == 1 ? name : fmt::format("{}_l{}", name, l), all[l], after_tanh});
}

}  // namespace

template <class T>
RecurrentProbe probe_recurrence(const nn::Recurrent<T>& layers, const RecurrentTask<T>& task,
                                const RecurrentState<T>& state, Index batch,
                                RecurrentProbeOptions<T> options) {
  if (layers.options().bidirectional)
    throw ValueError(
        "probe_recurrence: a bidirectional layer has no single direction of time to "
        "step through: probe one that runs forwards");
  const auto count = static_cast<std::size_t>(layers.options().num_layers);
  const bool has_cell = dynamic_cast<const nn::LSTM<T>*>(&layers) != nullptr;
  for (const auto& [name, parameter] : layers.named_parameters()) {
    options.parameters.push_back(parameter);
    if (name.starts_with("weight_hh"))
      options.recurrent_weights.push_back({name, parameter.value()});
  }
  const Shape shape{layers.options().num_layers, batch, layers.hidden_size()};
  std::vector<ProbedState<T>> initial;
  add_initial("h", state.h, shape, true, initial);
  if (has_cell) add_initial("c", state.c, shape, false, initial);

  const RecurrentStep<T> step = [&](Index t, std::span<const Variable<T>> previous) {
    ProbedStep<T> made;
    made.state.resize(previous.size());
    RecurrentInput<T> input = task.input(t);
    for (std::size_t l = 0; l < count; ++l) {
      RecurrentState<T> before{previous[l], {}};
      if (has_cell) before.c = previous[count + l];
      RecurrentState<T> after = layers.forward_layer(static_cast<Index>(l), input, before).state;
      // The next layer and the loss hang on the node of h itself, not on the layer's output.
      input = RecurrentInput<T>(reshape(after.h, {1, after.h.shape(0), after.h.shape(1)}));
      made.state[l] = std::move(after.h);
      if (has_cell) made.state[count + l] = std::move(after.c);
    }
    made.loss = task.loss(t, input.x);
    return made;
  };
  return probe_recurrence<T>(step, initial, options);
}

template RecurrentProbe probe_recurrence(const nn::Recurrent<float>&, const RecurrentTask<float>&,
                                         const RecurrentState<float>&, Index,
                                         RecurrentProbeOptions<float>);
template RecurrentProbe probe_recurrence(const nn::Recurrent<double>&, const RecurrentTask<double>&,
                                         const RecurrentState<double>&, Index,
                                         RecurrentProbeOptions<double>);

}  // namespace xgrad::train

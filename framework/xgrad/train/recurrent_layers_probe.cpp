// The probe of whole layers: the state of a stack, taken apart so that every layer is a node of its
// own on the way of the gradient.

#include <xgrad/train/recurrent_probe.hpp>

#include <fmt/format.h>

#include <utility>

#include <xgrad/core/error.hpp>
#include <xgrad/ops/shape.hpp>

namespace xgrad::train {
namespace {

// Dropout draws random numbers; without it a run goes on after a probe as if there had been none.
template <class T>
class InEvaluation {
 public:
  explicit InEvaluation(nn::Module<T>& module) : module_(module), training_(module.is_training()) {
    module.eval();
  }
  ~InEvaluation() { module_.train(training_); }
  InEvaluation(const InEvaluation&) = delete;
  InEvaluation& operator=(const InEvaluation&) = delete;

 private:
  nn::Module<T>& module_;
  bool training_;
};

// The layers' parts of h or c as one [layers, B, H], and back.
template <class T>
Variable<T> stack(std::span<const Variable<T>> parts) {
  std::vector<Variable<T>> rows;
  for (const Variable<T>& part : parts)
    rows.push_back(reshape(part, {1, part.shape(0), part.shape(1)}));
  return rows.size() == 1 ? rows.front() : concat(rows, 0);
}

template <class T>
void unstack(const Variable<T>& stacked, std::vector<Variable<T>>& parts) {
  for (Index l = 0; l < stacked.shape(0); ++l)
    parts.push_back(reshape(slice(stacked, 0, l, l + 1), {stacked.shape(1), stacked.shape(2)}));
}

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
RecurrentProbe probe_recurrence(nn::Recurrent<T>& layers, const RecurrentTask<T>& task,
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

  const InEvaluation<T> evaluation(layers);
  const RecurrentStep<T> step = [&](Index t, std::span<const Variable<T>> previous) {
    RecurrentState<T> before{stack(previous.first(count)), {}};
    if (has_cell) before.c = stack(previous.subspan(count));
    const RecurrentResult<T> result = layers.forward(task.input(t), before);
    ProbedStep<T> made;
    unstack(result.state.h, made.state);
    if (has_cell) unstack(result.state.c, made.state);
    // The last layer's h is the output: the loss is to hang on that very node.
    const Variable<T>& top = made.state[count - 1];
    made.loss = task.loss(t, reshape(top, {1, top.shape(0), top.shape(1)}));
    return made;
  };
  return probe_recurrence<T>(step, initial, options);
}

template RecurrentProbe probe_recurrence(nn::Recurrent<float>&, const RecurrentTask<float>&,
                                         const RecurrentState<float>&, Index,
                                         RecurrentProbeOptions<float>);
template RecurrentProbe probe_recurrence(nn::Recurrent<double>&, const RecurrentTask<double>&,
                                         const RecurrentState<double>&, Index,
                                         RecurrentProbeOptions<double>);

}  // namespace xgrad::train

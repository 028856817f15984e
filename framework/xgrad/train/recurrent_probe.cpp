#include <xgrad/train/recurrent_probe.hpp>

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include <xgrad/core/error.hpp>
#include <xgrad/ops/arithmetic.hpp>

namespace xgrad::train {
namespace {

constexpr double saturation = 0.99;

// Puts the gradients of parameters aside, and back at the end.
template <class T>
class SetGradientsAside {
 public:
  explicit SetGradientsAside(const std::vector<Variable<T>>& parameters) : parameters_(parameters) {
    for (const Variable<T>& parameter : parameters) {
      before_.push_back(parameter.grad());
      parameter.zero_grad();
    }
  }
  ~SetGradientsAside() {
    for (std::size_t i = 0; i < parameters_.size(); ++i)
      if (parameters_[i].requires_grad()) parameters_[i].set_grad(before_[i]);
  }
  SetGradientsAside(const SetGradientsAside&) = delete;
  SetGradientsAside& operator=(const SetGradientsAside&) = delete;

 private:
  const std::vector<Variable<T>>& parameters_;
  std::vector<Tensor<T>> before_;
};

template <class T>
double squared_norm(const Tensor<T>& tensor) {
  double sum = 0;
  if (tensor.defined())
    for (const T value : tensor.values()) sum += static_cast<double>(value) * value;
  return sum;
}

// Share of the units that a tanh has pushed to its ends, over all steps but the initial state.
template <class T>
double saturated_share(const std::vector<std::vector<Variable<T>>>& states, std::size_t part,
                       bool after_tanh) {
  const double limit = after_tanh ? saturation : std::atanh(saturation);
  Index saturated = 0, units = 0;
  for (std::size_t t = 1; t < states.size(); ++t) {
    for (const T value : states[t][part].value().values()) saturated += std::abs(value) > limit;
    units += states[t][part].size();
  }
  return units == 0 ? 0 : static_cast<double>(saturated) / static_cast<double>(units);
}

template <class T>
void check_step(const ProbedStep<T>& made, const std::vector<ProbedState<T>>& initial, Index t,
                Index steps) {
  if (made.state.size() != initial.size())
    throw ValueError(
        fmt::format("probe_recurrence: step {} gave {} parts of the state, the initial "
                    "one has {}: give as many, in the same order",
                    t, made.state.size(), initial.size()));
  for (std::size_t i = 0; i < initial.size(); ++i)
    if (made.state[i].shape() != initial[i].initial.shape())
      throw ShapeError(
          fmt::format("probe_recurrence: step {} gave {} of shape {}, the initial one "
                      "has shape {}: they must be the same",
                      t, initial[i].name, made.state[i].shape().to_string(),
                      initial[i].initial.shape().to_string()));
  if (made.loss.defined() && made.loss.size() != 1)
    throw ShapeError(
        fmt::format("probe_recurrence: the loss of step {} has shape {}: reduce it to "
                    "one number",
                    t, made.loss.shape().to_string()));
  if (t == steps - 1 && !made.loss.defined())
    throw ValueError(
        fmt::format("probe_recurrence: the last step, {}, gave no loss: it is the one "
                    "whose gradients are followed back",
                    t));
}

// The gradient norms of part `part` at every step, forgotten afterwards.
template <class T>
std::vector<double> take_gradient_norms(const std::vector<std::vector<Variable<T>>>& states,
                                        std::size_t part) {
  std::vector<double> norms;
  for (const auto& state : states) {
    norms.push_back(std::sqrt(squared_norm(state[part].grad())));
    state[part].zero_grad();
  }
  return norms;
}

}  // namespace

template <class T>
RecurrentProbe probe_recurrence(const RecurrentStep<T>& step,
                                const std::vector<ProbedState<T>>& initial,
                                const RecurrentProbeOptions<T>& options) {
  if (options.steps < 1)
    throw ValueError(fmt::format("probe_recurrence: steps {} must be at least 1", options.steps));
  if (initial.empty())
    throw ValueError("probe_recurrence: no state to follow: give the initial h at least");
  const SetGradientsAside<T> aside(options.parameters);

  std::vector<std::vector<Variable<T>>> states(1);  // [T + 1][parts]
  for (const ProbedState<T>& part : initial) states[0].emplace_back(part.initial, true);
  Variable<T> total, last;
  Index losses = 0;
  for (Index t = 0; t < options.steps; ++t) {
    ProbedStep<T> made = step(t, states.back());
    check_step(made, initial, t, options.steps);
    for (const Variable<T>& part : made.state) part.retain_grad();
    states.push_back(std::move(made.state));
    last = made.loss;
    if (!last.defined()) continue;
    total = total.defined() ? total + last : last;
    ++losses;
  }

  RecurrentProbe probe{options.label, options.training_step};
  probe.clip_rate = options.clip_rate;
  probe.loss = static_cast<double>(total.item()) / static_cast<double>(losses);
  total.backward(true);
  double squares = 0;
  for (const Variable<T>& parameter : options.parameters) squares += squared_norm(parameter.grad());
  if (!options.parameters.empty())
    probe.gradient_norm = std::sqrt(squares) / static_cast<double>(losses);
  for (std::size_t i = 0; i < initial.size(); ++i)
    probe.states.push_back({initial[i].name,
                            take_gradient_norms(states, i),
                            {},
                            saturated_share(states, i, initial[i].after_tanh)});
  last.backward();
  for (std::size_t i = 0; i < initial.size(); ++i) {
    const auto by_step = take_gradient_norms(states, i);
    probe.states[i].gradient_by_lag.assign(by_step.rbegin(), by_step.rend());
  }
  for (const auto& weight : options.recurrent_weights)
    for (RecurrentSpectrum& spectrum : recurrent_spectra(weight))
      probe.spectra.push_back(std::move(spectrum));
  return probe;
}

#define XGRAD_INSTANTIATE(T)                                                   \
  template RecurrentProbe probe_recurrence(const RecurrentStep<T>&,            \
                                           const std::vector<ProbedState<T>>&, \
                                           const RecurrentProbeOptions<T>&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::train

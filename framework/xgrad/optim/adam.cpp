#include <xgrad/kernels/optimizer.hpp>
#include <xgrad/optim/adam.hpp>

#include <cmath>

namespace xgrad::optim {
namespace {
constexpr std::string_view state_names[] = {"exp_avg", "exp_avg_sq"};
}

template <class T>
Adam<T>::Adam(const char* step_name, bool decoupled)
    : Optimizer<T>(step_name, state_names), decoupled_(decoupled) {}

template <class T>
Adam<T>::Adam(std::vector<Variable<T>> parameters, AdamOptions options) : Adam("Adam step", false) {
  add_group(std::move(parameters), options);
}

template <class T>
void Adam<T>::add_group(std::vector<Variable<T>> parameters, AdamOptions options) {
  const char* const name = decoupled_ ? "AdamW" : "Adam";
  check_option(name, "beta1", options.beta1, 1);
  check_option(name, "beta2", options.beta2, 1);
  check_option(name, "eps", options.eps);
  check_option(name, "weight_decay", options.weight_decay);
  this->add_parameters(std::move(parameters), options.lr);
  options_.push_back(options);
}

template <class T>
void Adam<T>::update(std::size_t group, double lr, Slot& slot) {
  const AdamOptions& options = options_[group];
  const auto t = static_cast<double>(slot.step);
  const double correction1 = 1 - std::pow(options.beta1, t);
  const double correction2 = 1 - std::pow(options.beta2, t);
  Tensor<T> p = slot.parameter.value();
  kernels::adam_step<T>({.step_size = static_cast<T>(lr / correction1),
                         .decay = static_cast<T>(decoupled_ ? lr * options.weight_decay : 0),
                         .weight_decay = static_cast<T>(decoupled_ ? 0 : options.weight_decay),
                         .one_minus_beta1 = static_cast<T>(1 - options.beta1),
                         .beta2 = static_cast<T>(options.beta2),
                         .one_minus_beta2 = static_cast<T>(1 - options.beta2),
                         .denominator_scale = static_cast<T>(1 / std::sqrt(correction2)),
                         .eps = static_cast<T>(options.eps)},
                        slot.parameter.grad(), p, slot.state[0], slot.state[1]);
}

template <class T>
AdamW<T>::AdamW(std::vector<Variable<T>> parameters, AdamWOptions options)
    : Adam<T>("AdamW step", true) {
  add_group(std::move(parameters), options);
}

template <class T>
void AdamW<T>::add_group(std::vector<Variable<T>> parameters, AdamWOptions options) {
  Adam<T>::add_group(std::move(parameters), {.lr = options.lr,
                                             .beta1 = options.beta1,
                                             .beta2 = options.beta2,
                                             .eps = options.eps,
                                             .weight_decay = options.weight_decay});
}

template class Adam<float>;
template class Adam<double>;
template class AdamW<float>;
template class AdamW<double>;

}  // namespace xgrad::optim

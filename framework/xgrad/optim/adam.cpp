#include <xgrad/kernels/optimizer.hpp>
#include <xgrad/optim/adam.hpp>

#include <cmath>

namespace xgrad::optim {
namespace {
constexpr std::string_view state[] = {"exp_avg", "exp_avg_sq"};
constexpr OptimizerInfo adam{"Adam", "Adam step", state};
constexpr OptimizerInfo adamw{"AdamW", "AdamW step", state};
}  // namespace

template <class T>
Adam<T>::Adam(const OptimizerInfo& info, bool decoupled)
    : Optimizer<T>(info), decoupled_(decoupled) {}

template <class T>
Adam<T>::Adam(std::vector<Variable<T>> parameters, AdamOptions options) : Adam(adam, false) {
  add_group(std::move(parameters), options);
}

template <class T>
void Adam<T>::add_group(std::vector<Variable<T>> parameters, AdamOptions options) {
  this->check_option("beta1", options.beta1, 1);
  this->check_option("beta2", options.beta2, 1);
  this->check_option("eps", options.eps);
  this->check_option("weight_decay", options.weight_decay);
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
AdamW<T>::AdamW(std::vector<Variable<T>> parameters, AdamWOptions options) : Adam<T>(adamw, true) {
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

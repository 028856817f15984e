#include <xgrad/core/error.hpp>
#include <xgrad/kernels/optimizer.hpp>
#include <xgrad/optim/sgd.hpp>

namespace xgrad::optim {
namespace {
constexpr std::string_view state[] = {"momentum_buffer"};
constexpr OptimizerInfo info{"SGD", "SGD step", state};
}  // namespace

template <class T>
SGD<T>::SGD(std::vector<Variable<T>> parameters, SGDOptions options) : Optimizer<T>(info) {
  add_group(std::move(parameters), options);
}

template <class T>
void SGD<T>::add_group(std::vector<Variable<T>> parameters, SGDOptions options) {
  this->check_option("momentum", options.momentum);
  this->check_option("weight_decay", options.weight_decay);
  if (options.nesterov && options.momentum == 0)
    throw ValueError("SGD: nesterov has no effect without momentum: set momentum, 0.9 is usual");
  this->add_parameters(std::move(parameters), options.lr);
  options_.push_back(options);
}

template <class T>
void SGD<T>::update(std::size_t group, double lr, Slot& slot) {
  const SGDOptions& options = options_[group];
  Tensor<T> p = slot.parameter.value();
  Tensor<T> v = slot.state.empty() ? Tensor<T>() : slot.state[0];
  kernels::sgd_step<T>({.lr = static_cast<T>(lr),
                        .momentum = static_cast<T>(options.momentum),
                        .weight_decay = static_cast<T>(options.weight_decay),
                        .nesterov = options.nesterov},
                       slot.parameter.grad(), p, v);
}

template class SGD<float>;
template class SGD<double>;

}  // namespace xgrad::optim

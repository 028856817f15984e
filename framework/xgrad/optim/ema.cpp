#include <xgrad/autograd/op_listener.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/optim/ema.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace xgrad::optim {

template <class T>
Ema<T>::Ema(const std::vector<Variable<T>>& parameters, std::vector<Tensor<T>> buffers,
            double decay)
    : values_(std::move(buffers)), decay_(decay) {
  if (!(decay >= 0 && decay < 1))
    throw ValueError(fmt::format(
        "Ema: decay is {}: give a number of at least 0 and below 1, such as 0.99", decay));
  for (const Variable<T>& parameter : parameters) values_.push_back(parameter.value());
  if (values_.empty()) throw ValueError("Ema: nothing to average: pass module.parameters()");
  for (const Tensor<T>& value : values_) averages_.push_back(Tensor<T>(value.shape()));
}

template <class T>
void Ema<T>::update() {
  if (applied_)
    throw ValueError("Ema: update() while the average is applied: call restore() first");
  ++updates_;
  // 1 / (1 + decay + ... + decay^(t-1)); 1 at the first update.
  const auto rate =
      static_cast<T>((1 - decay_) / -std::expm1(static_cast<double>(updates_) * std::log(decay_)));
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const T* const value = std::as_const(values_[i]).data();
    T* const average = averages_[i].data();
    const Index size = values_[i].size();
    for (Index k = 0; k < size; ++k) average[k] += rate * (value[k] - average[k]);
  }
}

template <class T>
void Ema<T>::exchange(bool apply) {
  const char* const call = apply ? "apply" : "restore";
  if (updates_ == 0)
    throw ValueError(
        fmt::format("Ema: {}() before the first update(): there is no average yet", call));
  if (applied_ == apply)
    throw ValueError(fmt::format("Ema: {}(): the average is {}", call,
                                 applied_ ? "applied already" : "not applied"));
  const ActiveOp active(apply ? "Ema apply" : "Ema restore");
  for (std::size_t i = 0; i < values_.size(); ++i)
    std::ranges::swap_ranges(values_[i].values(), averages_[i].values());
  applied_ = apply;
}

template class Ema<float>;
template class Ema<double>;

}  // namespace xgrad::optim

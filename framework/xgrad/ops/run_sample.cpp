#include <xgrad/core/random.hpp>
#include <xgrad/ops/run_sample.hpp>

#include <algorithm>
#include <type_traits>

namespace xgrad {

template <class T>
Tensor<T> convert(const Tensor<double>& x) {
  Tensor<T> y = Tensor<T>::empty(x.shape());
  std::transform(x.values().begin(), x.values().end(), y.data(),
                 [](double value) { return static_cast<T>(value); });
  return y;
}

template <class T>
std::vector<Variable<T>> sample_inputs(const Sample& sample, bool requires_grad) {
  std::vector<Variable<T>> inputs;
  for (const auto& x : sample.inputs)
    inputs.push_back(x.defined() ? Variable<T>(convert<T>(x), requires_grad) : Variable<T>());
  return inputs;
}

template <class T>
Variable<T> apply_sample(const Sample& sample, const std::vector<Variable<T>>& inputs) {
  if constexpr (std::is_same_v<T, float>)
    return sample.apply32(inputs);
  else
    return sample.apply64(inputs);
}

template <class T>
Tensor<T> sample_cotangent(const Shape& shape, std::uint64_t seed) {
  RandomStream random(seed, "cotangent");
  Tensor<T> cotangent = Tensor<T>::empty(shape);
  for (T& value : cotangent.values())
    value = static_cast<T>(static_cast<float>(random.uniform(-1, 1)));
  return cotangent;
}

template <class T>
SampleResult<T> run_sample(const Sample& sample, std::uint64_t seed) {
  const auto inputs = sample_inputs<T>(sample, true);
  const Variable<T> y = apply_sample(sample, inputs);
  y.backward(sample_cotangent<T>(y.shape(), seed));
  SampleResult<T> result{y.value(), {}};
  for (const auto& input : inputs)
    result.gradients.push_back(input.defined() ? input.grad() : Tensor<T>());
  return result;
}

Sample rounded_to_float32(Sample sample) {
  for (auto& x : sample.inputs) {
    if (!x.defined()) continue;
    x = x.clone();
    for (double& value : x.values()) value = static_cast<double>(static_cast<float>(value));
  }
  return sample;
}

#define XGRAD_INSTANTIATE(T)                                                         \
  template Tensor<T> convert(const Tensor<double>&);                                 \
  template std::vector<Variable<T>> sample_inputs(const Sample&, bool);              \
  template Variable<T> apply_sample(const Sample&, const std::vector<Variable<T>>&); \
  template Tensor<T> sample_cotangent(const Shape&, std::uint64_t);                  \
  template SampleResult<T> run_sample(const Sample&, std::uint64_t);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad

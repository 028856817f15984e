#pragma once
// One forward and backward pass of a sample, for all that compares results.

#include <cstdint>
#include <vector>

#include <xgrad/ops/registry.hpp>

namespace xgrad {

template <class T>
struct SampleResult {
  Tensor<T> output{};
  std::vector<Tensor<T>> gradients{};  ///< one for each input; undefined for an absent one
};

/// The same numbers, rounded to T.
template <class T>
Tensor<T> convert(const Tensor<double>& x);

/// The sample's inputs as variables, each over its own memory; undefined where absent.
template <class T>
std::vector<Variable<T>> sample_inputs(const Sample& sample, bool requires_grad);

/// The op as `sample` uses it.
template <class T>
Variable<T> apply_sample(const Sample& sample, const std::vector<Variable<T>>& inputs);

/// Output and gradients for the cotangent sample_cotangent(its shape, seed).
template <class T>
SampleResult<T> run_sample(const Sample& sample, std::uint64_t seed = 0);

/// Random numbers in [-1, 1) that float32 can hold, the same for both precisions.
template <class T>
Tensor<T> sample_cotangent(const Shape& shape, std::uint64_t seed = 0);

/// The same sample with inputs that float32 can hold.
Sample rounded_to_float32(Sample sample);

}  // namespace xgrad

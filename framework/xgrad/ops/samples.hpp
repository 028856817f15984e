#pragma once
// What the families' *_samples.cpp are written with. Private.

#include <initializer_list>
#include <type_traits>
#include <utility>

#include <xgrad/core/random.hpp>
#include <xgrad/ops/argument_samples.hpp>
#include <xgrad/ops/option_samples.hpp>
#include <xgrad/ops/registry.hpp>

namespace xgrad::samples {

/// A sample from one generic function object, called as f(inputs, options) with inputs a span of
/// Variable<float> or Variable<double>. It captures nothing, so that no option passes unseen.
template <class Options, class F>
Sample sample(std::string name, std::vector<Tensor<double>> inputs, Options options, F f) {
  static_assert(std::is_empty_v<F>);
  return {std::move(name), std::move(inputs), options, option_use(options),
          [f, options](std::span<const Variable<double>> in) { return f(in, options); },
          [f, options](std::span<const Variable<float>> in) { return f(in, options); }};
}

/// A sample of an op without options, called as f(inputs).
template <class F>
Sample sample(std::string name, std::vector<Tensor<double>> inputs, F f) {
  static_assert(std::is_empty_v<F>);
  return {std::move(name), std::move(inputs), {}, {}, f, f};
}

/// Uniform numbers in [low, high), another set for each seed.
Tensor<double> uniform(const Shape& shape, double low = -1, double high = 1,
                       std::uint64_t seed = 0);

/// Uniform in ±[low, high): away from zero, for ops with a kink or a pole there.
Tensor<double> nonzero(const Shape& shape, double low = 0.25, double high = 1.5,
                       std::uint64_t seed = 0);

/// Shuffled numbers that are at least 0.1 apart, for ops that pick a maximum.
Tensor<double> distinct(const Shape& shape, std::uint64_t seed = 0);

/// A vector of the given numbers.
Tensor<double> numbers(std::initializer_list<double> values);

}  // namespace xgrad::samples

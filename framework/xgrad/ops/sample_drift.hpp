#pragma once
// How far float32, with kernels of its own, is from the float64 whose gradients are checked.

#include <cstdint>

#include <xgrad/ops/registry.hpp>

namespace xgrad {

/// The largest |float32 - float64| of a tensor, relative to its largest |float64| entry; infinite
/// where only one of them is finite.
struct SampleDrift {
  double output = 0;
  double gradient = 0;  ///< the worst of all inputs'
};

/// Runs a sample in both precisions on the same inputs and cotangent, rounded to what float32 can
/// hold: that rounding is no part of the drift. `seed` is that of the random cotangent.
SampleDrift sample_drift(const Sample& sample, std::uint64_t seed = 0);

}  // namespace xgrad

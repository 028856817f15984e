#pragma once

#include <concepts>
#include <initializer_list>
#include <ranges>
#include <span>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <xgrad/autograd/op_info.hpp>
#include <xgrad/autograd/op_listener.hpp>
#include <xgrad/autograd/variable.hpp>

namespace xgrad {

/// An argument of an op that is none of its differentiable inputs: {"stride", Size2d(2)}.
template <class T>
struct OpOption {
  const char* name;
  std::variant<double, std::vector<Index>, Tensor<T>> value;

  OpOption(const char* option, std::floating_point auto number)
      : name(option), value(static_cast<double>(number)) {}
  OpOption(const char* option, std::integral auto integer)
      : name(option), value(std::vector<Index>{static_cast<Index>(integer)}) {}
  OpOption(const char* option, Size2d size)
      : name(option), value(std::vector<Index>{size.h, size.w}) {}
  template <std::ranges::input_range Integers>
  OpOption(const char* option, const Integers& integers)
      : name(option), value(std::vector<Index>(integers.begin(), integers.end())) {}
  OpOption(const char* option, Tensor<T> tensor) : name(option), value(std::move(tensor)) {}
};

/// One application of an op. All that it refers to lives as long as the call that hands it over.
template <class T>
struct TracedOp {
  const OpInfo& op;
  std::span<const Variable<T>* const> inputs;  ///< some may be undefined: an absent bias
  std::span<const Variable<T>> results;
  std::span<const OpOption<T>> options;
};

/// While one lives, it hears of every op that this thread applies, with what it was given and what
/// came of it: enough to write the computation down for another program. Nothing is put off or
/// fused then. Of an op that no graph is recorded for it hears as well, but such results cannot be
/// told from constants. When none lives this costs nothing beyond what OpListener does.
template <class T>
class OpTracer : public OpListener {
 public:
  /// The innermost listener, if it is an OpTracer of this T; else null.
  static OpTracer* current() {
    return tracing() ? dynamic_cast<OpTracer*>(OpListener::current()) : nullptr;
  }

  /// For ops, right before record(), and only if tracing(): what record() does not see.
  static void note(const OpInfo& op, std::initializer_list<OpOption<T>> options) {
    OpTracer* const tracer = current();
    if (tracer == nullptr) return;
    tracer->noted_for_ = &op;
    tracer->noted_ = options;
  }

  /// For record().
  void report_values(const OpInfo& op, std::span<const Variable<T>* const> inputs,
                     std::span<const Variable<T>> results) {
    if (noted_for_ != &op) noted_.clear();
    traced({op, inputs, results, noted_});
    noted_for_ = nullptr;
  }

 protected:
  OpTracer() : OpListener(true) {}
  virtual void traced(const TracedOp<T>& op) = 0;
  void finished(const char*, OpPass) override {}

 private:
  const OpInfo* noted_for_ = nullptr;
  std::vector<OpOption<T>> noted_;
};

}  // namespace xgrad

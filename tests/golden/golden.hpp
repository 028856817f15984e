#pragma once
// Numbers from PyTorch, and what the cases that are held to them are written with. README.md says
// how the files are made.

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <xgrad/autograd/variable.hpp>
#include <xgrad/core/state_dict.hpp>
#include <xgrad/nn/module.hpp>

namespace golden {

using xgrad::Index;
using xgrad::Shape;
using xgrad::StateDict;
using xgrad::Tensor;
using xgrad::Variable;

/// How far a tensor of ours is from PyTorch's, relative to the largest element of PyTorch's.
struct Deviation {
  std::string tensor{};  ///< "tanh: matrix/grad.x"
  double value = 0;
};

template <class T>
struct Output {
  std::string name{};
  Variable<T> value{};
};

/// One case in one precision: gives out what PyTorch's numbers were computed from, and compares
/// ours with them. Every tensor of the case must be asked for.
template <class T>
class Run {
 public:
  /// `tensors`: those of the case, by their names within it.
  Run(std::string name, const StateDict<double>& tensors);

  bool has(const std::string& tensor) const { return tensors_.contains(tensor); }
  Tensor<T> constant(const std::string& tensor);
  /// Numbers that are integers: labels, characters, lengths.
  std::vector<std::int32_t> integers(const std::string& tensor);
  Shape shape(const std::string& tensor) { return expected(tensor).shape(); }
  /// A leaf, the same at every call; backward() compares its gradient with "grad.NAME". Undefined
  /// where the case has no such tensor, as for an absent bias.
  Variable<T> in(const std::string& tensor);
  /// Gives a module the tensors under its parameters' and buffers' names.
  void load(xgrad::nn::Module<T>& module);

  /// Compares the outputs, goes backward from all of them with their cotangents, and compares the
  /// gradients of all leaves. Where the case is named for an op, it is that op that must have made
  /// the first output.
  void backward(const std::vector<Output<T>>& outputs);
  /// Compares the gradients of a module's parameters, in PyTorch's layout, with "grad.NAME"; and
  /// its state_dict() must give back what was loaded, but for the buffers. `zero`: parameters whose
  /// gradient is zero but for rounding, each with one whose gradient's size is to compare it by.
  void check_module(xgrad::nn::Module<T>& module,
                    const std::map<std::string, std::string>& zero = {});
  /// Compares the buffers, as a step has left them, with "after.NAME".
  void check_buffers(const xgrad::nn::Module<T>& module);

  /// Compares a tensor, relative to `scale` in place of its largest element if that is given.
  void check(const std::string& tensor, const Tensor<T>& found, double scale = 0);
  /// The largest element of a tensor.
  double largest(const std::string& tensor) const;

  /// Fails for tensors of the case that nobody asked for.
  void check_all_used() const;
  const Deviation& worst() const { return worst_; }

 private:
  const Tensor<double>& expected(const std::string& tensor);

  std::string name_;
  const StateDict<double>& tensors_;
  std::set<std::string> used_;
  std::map<std::string, Variable<T>> leaves_;
  Deviation worst_;
};

/// A case by the name that it has in the files.
struct Case {
  std::string name{};
  std::function<void(Run<float>&)> run32{};
  std::function<void(Run<double>&)> run64{};
};

using Cases = std::vector<Case>;

/// `f` takes a Run<float>& or Run<double>&.
template <class F>
void add(Cases& cases, std::string name, F f) {
  cases.push_back({std::move(name), f, f});
}

/// The same for cases that return their only output.
template <class F>
void add_op(Cases& cases, std::string name, F f) {
  add(cases, std::move(name), [f](auto& run) { run.backward({{"y", f(run)}}); });
}

/// The gradients of all parameters, by name, in the layout of files.
template <class T>
StateDict<T> gradients_in_files(xgrad::nn::Module<T>& module);

// The cases, by the file that holds their numbers.
Cases op_cases();
Cases layer_cases();
Cases training_cases();

// Parts of these.
Cases recurrent_op_cases();
Cases recurrent_layer_cases();
Cases network_cases();

}  // namespace golden

#pragma once

#include <concepts>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <xgrad/autograd/variable.hpp>
#include <xgrad/core/state_dict.hpp>

namespace xgrad::nn {

/// How a parameter lies in a state_dict(), and so in files.
enum class FileLayout {
  as_in_memory,
  /// Memory [out, ..., in], file [out, in, ...]: convolution weights, which PyTorch keeps
  /// channels-first.
  channels_first,
};

/// A part of a network: parameters, buffers (state that takes no gradient) and child modules, each
/// registered by the call that makes it, so none can be forgotten or listed twice:
///
///     template <class T = float>
///     class Classifier : public nn::Module<T> {
///      public:
///       Variable<T> forward(Variable<T> x) override { return fc(tanh(conv(std::move(x)))); }
///       nn::Conv2d<T>& conv = this->add("conv", nn::Conv2d<T>(1, 16, 5, {.padding = 2}));
///       nn::Linear<T>& fc = this->add("fc", nn::Linear<T>(784, 10));
///     };
///
/// What these calls return stays valid when the module moves. Paths are dotted as in PyTorch
/// ("features.0.weight"); parameters carry them as their names. Modules move and do not copy.
template <class T = float>
class Module {
 public:
  using value_type = T;
  struct Child {
    std::string name{};
    std::unique_ptr<Module> module{};
  };

  virtual ~Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// The output for one input. It is taken by value, so that a temporary's memory can be reused.
  /// Throws ValueError for a module that takes other inputs.
  virtual Variable<T> forward(Variable<T> x);
  Variable<T> operator()(Variable<T> x) { return forward(std::move(x)); }

  /// All parameters of this module and those below it: its own in the order of registration, and
  /// then child by child.
  std::vector<Variable<T>> parameters() const;
  std::vector<std::pair<std::string, Variable<T>>> named_parameters() const;
  /// The same for buffers. The tensors share memory with the module's.
  std::vector<std::pair<std::string, Tensor<T>>> named_buffers() const;
  /// The number of elements in all parameters.
  Index parameter_count() const;
  std::span<const Child> children() const { return children_; }

  /// A copy of all parameters and buffers by path, in PyTorch's names and layouts: what
  /// io::save_safetensors writes, PyTorch reads. Convolution weights, [out, kh, kw, in] in memory,
  /// are [out, in, kh, kw] here.
  StateDict<T> state_dict() const;
  /// Copies such a state into the parameters and buffers, in place. Throws ValueError listing every
  /// entry that is missing, unexpected or of another shape, and changes nothing then. Without
  /// `strict`, missing and unexpected ones are passed over.
  void load_state_dict(const StateDict<T>& state, bool strict = true);

  /// Training and evaluation differ in dropout and batch norm. A new module is in training.
  void train(bool on = true);
  void eval() { train(false); }
  bool is_training() const { return training_; }

  /// Forgets the gradients of all parameters.
  void zero_grad() const;

 protected:
  Module() = default;
  Module(Module&&) noexcept = default;
  Module& operator=(Module&&) noexcept = default;

  /// Registers a parameter. The name, as all names here, must be new, not empty and without dots.
  /// Throws ValueError otherwise.
  Variable<T> parameter(std::string name, Tensor<T> initial,
                        FileLayout layout = FileLayout::as_in_memory);
  /// Registers a tensor that is state and no parameter. The handle shares its memory.
  Tensor<T> buffer(std::string name, Tensor<T> initial);
  /// Takes over a child.
  template <std::derived_from<Module> M>
  M& add(std::string name, M child) {
    auto owned = std::make_unique<M>(std::move(child));
    M& result = *owned;
    add_child(std::move(name), std::move(owned));
    return result;
  }

 private:
  struct Parameter {
    std::string name{};
    Variable<T> variable{};
    FileLayout layout = FileLayout::as_in_memory;
  };
  struct Buffer {
    std::string name{};
    Tensor<T> tensor{};
  };

  void check_name(const std::string& name) const;
  void add_child(std::string name, std::unique_ptr<Module> child);
  // f(prefix, module) for this module and all below it; `prefix` ends with a dot or is empty.
  template <class F>
  void visit(const std::string& prefix, const F& f) const;
  // f(path, tensor, layout) for all parameters and buffers.
  template <class F>
  void visit_state(const F& f) const;

  std::vector<Parameter> parameters_;
  std::vector<Buffer> buffers_;
  std::vector<Child> children_;
  bool training_ = true;
};

extern template class Module<float>;
extern template class Module<double>;

}  // namespace xgrad::nn

#include <xgrad/core/error.hpp>
#include <xgrad/nn/module.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace xgrad::nn {
namespace {

Shape file_shape(const Shape& shape, FileLayout layout) {
  if (layout == FileLayout::as_in_memory) return shape;
  std::vector<Index> extents(shape.begin(), shape.end());
  std::rotate(extents.begin() + 1, extents.end() - 1, extents.end());
  return Shape(std::span<const Index>(extents));
}

// Turns each of `count` matrices [rows, columns] into [columns, rows].
template <class T>
void transpose_each(const T* from, T* to, Index count, Index rows, Index columns) {
  for (Index k = 0; k < count; ++k, from += rows * columns, to += rows * columns)
    for (Index i = 0; i < rows; ++i)
      for (Index j = 0; j < columns; ++j) to[j * rows + i] = from[i * columns + j];
}

template <class T>
Tensor<T> to_file(const Tensor<T>& memory, FileLayout layout) {
  if (layout == FileLayout::as_in_memory) return memory.clone();
  const Index out = memory.shape(0), in = memory.shape(-1);
  Tensor<T> file = Tensor<T>::empty(file_shape(memory.shape(), layout));
  transpose_each(memory.data(), file.data(), out, memory.size() / (out * in), in);
  return file;
}

template <class T>
void from_file(const Tensor<T>& file, Tensor<T> memory, FileLayout layout) {
  if (layout == FileLayout::as_in_memory) return memory.copy_from(file);
  const Index out = memory.shape(0), in = memory.shape(-1);
  transpose_each(file.data(), memory.data(), out, in, memory.size() / (out * in));
}

}  // namespace

template <class T>
template <class F>
void Module<T>::visit(const std::string& prefix, const F& f) const {
  f(prefix, *this);
  for (const Child& child : children_) child.module->visit(prefix + child.name + '.', f);
}

template <class T>
template <class F>
void Module<T>::visit_state(const F& f) const {
  visit("", [&](const std::string& prefix, const Module& module) {
    for (const Parameter& p : module.parameters_) f(prefix + p.name, p.variable.value(), p.layout);
    for (const Buffer& b : module.buffers_) f(prefix + b.name, b.tensor, FileLayout::as_in_memory);
  });
}

template <class T>
Variable<T> Module<T>::forward(Variable<T>) {
  throw ValueError(
      "Module::forward: this module does not take one variable as its input: call it "
      "with the inputs that its class documents, or override forward");
}

template <class T>
std::vector<Variable<T>> Module<T>::parameters() const {
  std::vector<Variable<T>> result;
  for (auto& named : named_parameters()) result.push_back(std::move(named.second));
  return result;
}

template <class T>
std::vector<std::pair<std::string, Variable<T>>> Module<T>::named_parameters() const {
  std::vector<std::pair<std::string, Variable<T>>> result;
  visit("", [&](const std::string& prefix, const Module& module) {
    for (const Parameter& p : module.parameters_) result.emplace_back(prefix + p.name, p.variable);
  });
  return result;
}

template <class T>
std::vector<std::pair<std::string, Tensor<T>>> Module<T>::named_buffers() const {
  std::vector<std::pair<std::string, Tensor<T>>> result;
  visit("", [&](const std::string& prefix, const Module& module) {
    for (const Buffer& b : module.buffers_) result.emplace_back(prefix + b.name, b.tensor);
  });
  return result;
}

template <class T>
Index Module<T>::parameter_count() const {
  Index count = 0;
  for (const Variable<T>& parameter : parameters()) count += parameter.size();
  return count;
}

template <class T>
StateDict<T> Module<T>::state_dict() const {
  StateDict<T> state;
  visit_state([&](const std::string& path, const Tensor<T>& tensor, FileLayout layout) {
    state.emplace(path, to_file(tensor, layout));
  });
  return state;
}

template <class T>
void Module<T>::load_state_dict(const StateDict<T>& state, bool strict) {
  const ActiveOp active("load_state_dict");
  std::string problems;
  std::set<std::string> known;
  visit_state([&](const std::string& path, const Tensor<T>& tensor, FileLayout layout) {
    known.insert(path);
    const Shape expected = file_shape(tensor.shape(), layout);
    const auto found = state.find(path);
    if (found == state.end()) {
      if (strict) problems += fmt::format("\n  missing: {} {}", path, expected.to_string());
    } else if (!found->second.defined() || found->second.shape() != expected) {
      problems += fmt::format("\n  wrong shape: {} has {}, expected {}", path,
                              found->second.shape().to_string(), expected.to_string());
    }
  });
  if (strict)
    for (const auto& [path, tensor] : state)
      if (!known.contains(path))
        problems += fmt::format("\n  unexpected: {} {}", path, tensor.shape().to_string());
  if (!problems.empty())
    throw ValueError(
        fmt::format("load_state_dict: this state is of another module; make the one it "
                    "was saved from, or rename its entries:{}",
                    problems));
  visit_state([&](const std::string& path, const Tensor<T>& tensor, FileLayout layout) {
    if (const auto found = state.find(path); found != state.end())
      from_file(found->second, tensor, layout);
  });
}

template <class T>
void Module<T>::train(bool on) {
  training_ = on;
  for (const Child& child : children_) child.module->train(on);
}

template <class T>
void Module<T>::zero_grad() const {
  for (const Variable<T>& parameter : parameters()) parameter.zero_grad();
}

template <class T>
Variable<T> Module<T>::parameter(std::string name, Tensor<T> initial, FileLayout layout) {
  check_name(name);
  if (layout == FileLayout::channels_first && (initial.shape().rank() < 2 || initial.size() == 0))
    throw ValueError(
        fmt::format("Module: the parameter \"{}\" of shape {} has no channels to put "
                    "first: give it at least the axes [out, in]",
                    name, initial.shape().to_string()));
  Variable<T> variable(std::move(initial), true);
  variable.set_name(name);
  parameters_.push_back({std::move(name), variable, layout});
  return variable;
}

template <class T>
Tensor<T> Module<T>::buffer(std::string name, Tensor<T> initial) {
  check_name(name);
  buffers_.push_back({std::move(name), initial});
  return initial;
}

template <class T>
void Module<T>::add_child(std::string name, std::unique_ptr<Module> child) {
  check_name(name);
  for (const auto& [path, variable] : child->named_parameters())
    variable.set_name(name + '.' + path);
  children_.push_back({std::move(name), std::move(child)});
}

template <class T>
void Module<T>::check_name(const std::string& name) const {
  const auto same = [&](const auto& entry) { return entry.name == name; };
  const auto in = [&](const auto& list) { return std::any_of(list.begin(), list.end(), same); };
  if (in(parameters_) || in(buffers_) || in(children_))
    throw ValueError(
        fmt::format("Module: the name \"{}\" is taken already: give each parameter, "
                    "buffer and child its own",
                    name));
  if (name.empty() || name.find('.') != name.npos)
    throw ValueError(
        fmt::format("Module: \"{}\" cannot be a name: use one without dots, which "
                    "separate the names in a path",
                    name));
}

template class Module<float>;
template class Module<double>;

}  // namespace xgrad::nn

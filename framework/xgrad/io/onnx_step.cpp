#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/io/onnx_step.hpp>
#include <xgrad/ops/conv.hpp>
#include <xgrad/ops/shape.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace xgrad::io {
namespace {

Tensor<float> permuted(const Tensor<float>& tensor, const AxisOrder& order) {
  const NoGrad no_grad;
  Axes axes;
  for (const int axis : order) axes.push_back(axis);
  return permute(Variable<float>(tensor), axes).value();
}

// Images, and sequences for convolutions, as PyTorch has them.
AxisOrder order_of_input(const Trace& trace) {
  const int rank = trace.shapes.front().rank();
  const auto convolves = [](const TraceStep& step) { return step.op == &conv1d_op; };
  const bool sequence = rank == 3 && std::any_of(trace.steps.begin(), trace.steps.end(), convolves);
  return rank == 4 || sequence ? channels_first(rank) : as_here(rank);
}

}  // namespace

AxisOrder as_here(int rank) {
  AxisOrder order(static_cast<std::size_t>(rank));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

AxisOrder channels_first(int rank) {
  AxisOrder order = as_here(rank);
  if (rank > 2) std::rotate(order.begin() + 1, order.end() - 1, order.end());
  return order;
}

Shape ordered(const Shape& shape, const AxisOrder& order) {
  std::vector<Index> extents;
  for (const int axis : order) extents.push_back(shape[axis]);
  return Shape(std::span<const Index>(extents));
}

OnnxValues::OnnxValues(const Trace& traced, const nn::Module<float>& module,
                       const std::string& input_name)
    : trace(traced) {
  for (const auto& [name, parameter] : module.named_parameters())
    state_.push_back({name, parameter.value()});
  for (const auto& [name, buffer] : module.named_buffers()) state_.push_back({name, buffer});
  set(0, {input_name, order_of_input(trace)});
}

std::string OnnxValues::name_of(const Tensor<float>& tensor) const {
  for (const Named& named : state_)
    if (named.tensor.data() == tensor.data() && named.tensor.shape() == tensor.shape())
      return named.name;
  return "";
}

std::string OnnxValues::value(int number, const AxisOrder& order) {
  const Value& value = at(number);
  if (value.order == order) return value.name;
  std::string& name = transposed_[{number, order}];
  if (!name.empty()) return name;
  std::vector<Index> axes;  // axis i of the transposed one is axis axes[i] of the other
  for (const int axis : order)
    axes.push_back(std::find(value.order.begin(), value.order.end(), axis) - value.order.begin());
  return name = graph.add_node("Transpose", value.name + "_transposed", {value.name},
                               {{"perm", std::span<const Index>(axes)}});
}

std::string OnnxValues::constant(const Tensor<float>& tensor, const AxisOrder& order) {
  std::string& name = constants_[{tensor.data(), tensor.shape().to_string(), order}];
  if (!name.empty()) return name;
  alive_.push_back(tensor);
  const std::string own = name_of(tensor);
  return name = graph.add_tensor(own.empty() ? "constant" : own, permuted(tensor, order));
}

OnnxStep::OnnxStep(OnnxValues& values, std::size_t number)
    : values_(values), number_(number), step_(values.trace.steps[number]), stem_(step_.op->name) {
  for (const TraceInput& input : step_.inputs) {
    const std::string name = input.constant.defined() ? values.name_of(input.constant) : "";
    if (name.find('.') == name.npos) continue;
    stem_ = name.substr(0, name.rfind('.'));
    break;
  }
}

Shape OnnxStep::shape(int i) const {
  return is_constant(i) ? input(i).constant.shape() : shape_of(input(i).value);
}

AxisOrder OnnxStep::order(int i) const {
  return is_constant(i) ? as_here(shape(i).rank()) : values_.order_of(input(i).value);
}

std::string OnnxStep::in(int i, const AxisOrder& order) {
  return is_constant(i) ? values_.constant(input(i).constant, order)
                        : values_.value(input(i).value, order);
}

std::string OnnxStep::in_sequence(int i) {
  const AxisOrder now = order(i);
  AxisOrder long_axes;
  for (const int axis : now)
    if (shape(i)[axis] != 1) long_axes.push_back(axis);
  const bool in_order = std::is_sorted(long_axes.begin(), long_axes.end());
  return in(i, in_order ? now : as_here(shape(i).rank()));
}

const OpOption<float>& OnnxStep::option(const char* name) const {
  for (const OpOption<float>& option : step_.options)
    if (std::string_view(option.name) == name) return option;
  fail(fmt::format("its option {} is not known", name));
}

const std::vector<Index>& OnnxStep::integers(const char* name) const {
  return std::get<std::vector<Index>>(option(name).value);
}

double OnnxStep::number(const char* name) const { return std::get<double>(option(name).value); }

const Tensor<float>& OnnxStep::tensor(const char* name) const {
  return std::get<Tensor<float>>(option(name).value);
}

std::string OnnxStep::node(const char* type, std::vector<std::string> inputs,
                           const OnnxAttributes& attributes, const char* note) {
  return values_.graph.add_node(type, stem_ + note, std::move(inputs), attributes);
}

std::string OnnxStep::integers_input(const char* note, std::span<const Index> integers) {
  return values_.graph.add_integers(stem_ + note, integers);
}

std::string OnnxStep::scalar(double value) {
  return values_.graph.add_tensor(stem_ + "_scalar",
                                  Tensor<float>::full({}, static_cast<float>(value)));
}

void OnnxStep::result(std::string name, AxisOrder order) {
  values_.set(step_.results.front(), {std::move(name), std::move(order)});
}

void OnnxStep::fail(const std::string& why) const {
  // The layer, or the last one on the way here that has a parameter, tells a reader where to look.
  std::string place;
  for (std::size_t s = 0; s < number_; ++s)
    for (const TraceInput& input : values_.trace.steps[s].inputs)
      if (input.constant.defined())
        if (const std::string name = values_.name_of(input.constant); !name.empty())
          place = fmt::format(", after {}", name);
  if (stem_ != step_.op->name) place = fmt::format(", in the layer {}", stem_);
  throw ValueError(
      fmt::format("export_onnx: {}{}: {}", describe_step(values_.trace, number_), place, why));
}

}  // namespace xgrad::io

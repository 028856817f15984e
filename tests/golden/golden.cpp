#include "golden/golden.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>

#include <xgrad/ops/registry.hpp>
#include <xgrad/ops/run_sample.hpp>

namespace golden {
namespace {

// In evaluation dropout is the identity and no node of the graph.
bool leaves_a_node(std::string_view op) { return op != "dropout"; }

bool is_registered(std::string_view op) {
  const auto& table = xgrad::op_registry();
  return std::any_of(table.begin(), table.end(),
                     [op](const xgrad::OpEntry& entry) { return entry.op->name == op; });
}

// Both precisions differ from PyTorch's float64 by the order of sums and the last bits of exp and
// tanh: rounding, which is 1e-16 of every intermediate result in float64 and 6e-8 in float32. Where
// terms of both signs cancel, as in the gradients of batch norm, it grows tenfold or more.
template <class T>
constexpr double bound = 1e-13;
template <>
constexpr double bound<float> = 1e-5;

}  // namespace

template <class T>
Run<T>::Run(std::string name, const StateDict<double>& tensors)
    : name_(std::move(name)), tensors_(tensors) {}

template <class T>
const Tensor<double>& Run<T>::expected(const std::string& tensor) {
  const auto found = tensors_.find(tensor);
  BOOST_TEST_REQUIRE((found != tensors_.end()), "the file has no " << name_ << '/' << tensor);
  used_.insert(tensor);
  return found->second;
}

template <class T>
Tensor<T> Run<T>::constant(const std::string& tensor) {
  return xgrad::convert<T>(expected(tensor));
}

template <class T>
std::vector<std::int32_t> Run<T>::integers(const std::string& tensor) {
  const auto values = expected(tensor).values();
  return {values.begin(), values.end()};
}

template <class T>
Variable<T> Run<T>::in(const std::string& tensor) {
  if (!has(tensor)) return {};
  auto [leaf, is_new] = leaves_.try_emplace(tensor);
  if (is_new) leaf->second = Variable<T>(constant(tensor), true);
  return leaf->second;
}

template <class T>
void Run<T>::load(xgrad::nn::Module<T>& module) {
  StateDict<T> state;
  for (const auto& [name, tensor] : module.state_dict()) state[name] = constant(name);
  module.load_state_dict(state);
}

template <class T>
void Run<T>::backward(const std::vector<Output<T>>& outputs) {
  const std::string op = name_.substr(0, name_.find(':'));
  for (const auto& [name, y] : outputs) BOOST_TEST_REQUIRE(y.requires_grad());
  if (is_registered(op) && leaves_a_node(op))
    BOOST_TEST(outputs[0].value.edge().node->op().name == op, "this is the work of another op");
  for (const auto& [name, y] : outputs) check(name, y.value());
  for (const auto& [name, y] : outputs)
    y.backward(constant("cotangent." + name), &name != &outputs.back().name);
  for (const auto& [name, x] : leaves_) check("grad." + name, x.grad());
}

template <class T>
void Run<T>::check_module(xgrad::nn::Module<T>& module,
                          const std::map<std::string, std::string>& zero) {
  for (const auto& [name, parameter] : module.state_dict())
    if (has("grad." + name))
      BOOST_TEST(std::ranges::equal(parameter.values(), constant(name).values()), name);
  for (const auto& [name, gradient] : gradients_in_files(module)) {
    const auto found = zero.find(name);
    check("grad." + name, gradient, found == zero.end() ? 0 : largest("grad." + found->second));
  }
  check_buffers(module);
}

template <class T>
void Run<T>::check_buffers(const xgrad::nn::Module<T>& module) {
  for (const auto& [name, buffer] : module.named_buffers()) check("after." + name, buffer);
}

template <class T>
void Run<T>::check(const std::string& tensor, const Tensor<T>& found, double scale) {
  const Tensor<double>& right = expected(tensor);
  BOOST_TEST_REQUIRE((found.shape() == right.shape()), tensor << " is " << found.shape().to_string()
                                                              << " and not "
                                                              << right.shape().to_string());
  if (scale == 0) scale = largest(tensor);
  double deviation = 0;
  for (std::size_t i = 0; i < right.values().size(); ++i) {
    const double error = std::abs(static_cast<double>(found.values()[i]) - right.values()[i]);
    if (error == 0) continue;
    deviation = std::isnan(error) ? INFINITY : std::max(deviation, error / scale);
    if (std::isinf(deviation)) break;
  }
  BOOST_TEST(deviation <= bound<T>, tensor << " is off by " << deviation << " of " << scale);
  if (worst_.tensor.empty() || deviation > worst_.value) worst_ = {name_ + '/' + tensor, deviation};
}

template <class T>
double Run<T>::largest(const std::string& tensor) const {
  double result = 0;
  for (const double value : tensors_.at(tensor).values())
    result = std::max(result, std::abs(value));
  return result;
}

template <class T>
void Run<T>::check_all_used() const {
  for (const auto& [name, tensor] : tensors_)
    BOOST_TEST(used_.contains(name), "nothing was held to " << name);
}

// A module that holds the gradients in place of the parameters, for a moment, writes them as it
// writes parameters.
template <class T>
StateDict<T> gradients_in_files(xgrad::nn::Module<T>& module) {
  const StateDict<T> before = module.state_dict();
  StateDict<T> result;
  for (auto [name, parameter] : module.named_parameters())
    parameter.value().copy_from(parameter.grad());
  const StateDict<T> with_gradients = module.state_dict();
  for (const auto& [name, parameter] : module.named_parameters())
    result[name] = with_gradients.at(name);
  module.load_state_dict(before);
  return result;
}

template class Run<float>;
template class Run<double>;
template StateDict<float> gradients_in_files(xgrad::nn::Module<float>&);
template StateDict<double> gradients_in_files(xgrad::nn::Module<double>&);

}  // namespace golden

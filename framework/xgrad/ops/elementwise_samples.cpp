#include <iterator>

#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/samples.hpp>

namespace xgrad {

using namespace samples;

std::vector<OpEntry> arithmetic_entries();

std::vector<OpEntry> elementwise_entries() {
  const auto apply_tanh = [](auto in) { return tanh(in[0]); };
  const auto apply_relu = [](auto in) { return relu(in[0]); };
  const auto apply_sigmoid = [](auto in) { return sigmoid(in[0]); };
  const auto apply_exp = [](auto in) { return exp(in[0]); };
  const auto apply_log = [](auto in) { return log(in[0]); };
  const auto apply_sqrt = [](auto in) { return sqrt(in[0]); };
  const auto apply_pow = [](auto in, double p) { return pow(in[0], p); };
  const auto apply_neg = [](auto in) { return -in[0]; };
  std::vector<OpEntry> entries{
      {&tanh_op,
       false,
       {sample("matrix", {uniform({3, 5}, -2, 2)}, apply_tanh),
        sample("scalar", {uniform({}, -2, 2)}, apply_tanh),
        sample("saturated and tiny", {Tensor<double>::from({-30, -1e-12, 0, 1e-300, 30}, {5})},
               apply_tanh)}},
      {&relu_op,
       true,
       {sample("matrix", {nonzero({7, 5})}, apply_relu),
        sample("scalar", {nonzero({})}, apply_relu),
        sample("empty", {Tensor<double>(Shape{0, 3})}, apply_relu)}},
      {&sigmoid_op,
       false,
       {sample("matrix", {uniform({5, 7}, -4, 4)}, apply_sigmoid),
        sample("saturated", {Tensor<double>::from({-1000, -30, 0, 20, 1000}, {5})},
               apply_sigmoid)}},
      {&exp_op, false, {sample("matrix", {uniform({3, 11}, -3, 3)}, apply_exp)}},
      {&log_op, false, {sample("matrix", {uniform({3, 11}, 0.3, 4)}, apply_log)}},
      {&sqrt_op, false, {sample("matrix", {uniform({2, 9}, 0.3, 4)}, apply_sqrt)}},
      {&pow_op,
       false,
       {sample("square", {nonzero({3, 5})}, 2.0, apply_pow),
        sample("cube", {nonzero({3, 5})}, 3.0, apply_pow),
        sample("inverse", {nonzero({3, 5}, 0.5, 1.5)}, -1.0, apply_pow),
        sample("root", {uniform({3, 5}, 0.5, 2)}, 0.5, apply_pow),
        sample("first", {nonzero({3, 5})}, 1.0, apply_pow),
        sample("zeroth", {nonzero({3, 5})}, 0.0, apply_pow)}},
      {&neg_op, true, {sample("matrix", {uniform({3, 5})}, apply_neg)}},
  };
  auto arithmetic = arithmetic_entries();
  std::move(arithmetic.begin(), arithmetic.end(), std::back_inserter(entries));
  return entries;
}

}  // namespace xgrad

#include <iterator>

#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/samples.hpp>

namespace xgrad {

using namespace samples;

std::vector<OpEntry> arithmetic_entries();

namespace {

static_assert(is_complete<NumberArgument>(pow<double>));

Sample power(const char* name, Tensor<double> x, double exponent) {
  return sample(name, {std::move(x)}, NumberArgument{exponent},
                [](auto in, const NumberArgument& o) { return pow(in[0], o.number); });
}

// Any length of a vector's remainder, none, and a number.
template <class F>
std::vector<Sample> on_shapes(F f,
                              Tensor<double> (*numbers)(const Shape&, double, double,
                                                        std::uint64_t),
                              double low, double high) {
  const auto on = [&](const char* name, const Shape& shape) {
    return sample(name, {numbers(shape, low, high, 0)}, f);
  };
  return {on("matrix", {7, 5}), on("one row", {1, 11}), on("scalar", {}), on("empty", {0, 3})};
}

}  // namespace

std::vector<OpEntry> elementwise_entries() {
  const auto apply_tanh = [](auto in) { return tanh(in[0]); };
  const auto apply_sigmoid = [](auto in) { return sigmoid(in[0]); };
  auto tanhs = on_shapes(apply_tanh, uniform, -2, 2);
  tanhs.push_back(sample("saturated and tiny",
                         {Tensor<double>::from({-30, -1e-12, 0, 1e-300, 30}, {5})}, apply_tanh));
  auto sigmoids = on_shapes(apply_sigmoid, uniform, -4, 4);
  sigmoids.push_back(
      sample("saturated", {Tensor<double>::from({-1000, -30, 0, 20, 1000}, {5})}, apply_sigmoid));
  std::vector<OpEntry> entries{
      {&tanh_op, false, std::move(tanhs)},
      {&relu_op, true, on_shapes([](auto in) { return relu(in[0]); }, nonzero, 0.25, 1.5)},
      {&sigmoid_op, false, std::move(sigmoids)},
      {&exp_op, false, on_shapes([](auto in) { return exp(in[0]); }, uniform, -3, 3)},
      {&log_op, false, on_shapes([](auto in) { return log(in[0]); }, uniform, 0.3, 4)},
      {&sqrt_op, false, on_shapes([](auto in) { return sqrt(in[0]); }, uniform, 0.3, 4)},
      {&pow_op,
       false,
       {power("square", nonzero({3, 5}), 2), power("cube", nonzero({1, 5}), 3),
        power("inverse", nonzero({3, 5}, 0.5, 1.5), -1),
        power("root", uniform({3, 5}, 0.5, 2), 0.5), power("first", nonzero({3, 5}), 1),
        power("zeroth", nonzero({3, 5}), 0), power("empty", uniform({0, 3}), 2)}},
      {&neg_op, true, on_shapes([](auto in) { return -in[0]; }, uniform, -1, 1)},
  };
  auto arithmetic = arithmetic_entries();
  std::move(arithmetic.begin(), arithmetic.end(), std::back_inserter(entries));
  return entries;
}

}  // namespace xgrad

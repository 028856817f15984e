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

Tensor<double> extreme_bases() {
  return numbers({-0.0, 0, 1e-40, 1e-310, 1e-20, -2, 1, 1e15, -1e30});
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
  const auto apply_relu = [](auto in) { return relu(in[0]); };
  const auto apply_sigmoid = [](auto in) { return sigmoid(in[0]); };
  const auto apply_exp = [](auto in) { return exp(in[0]); };
  const auto apply_log = [](auto in) { return log(in[0]); };
  const auto apply_sqrt = [](auto in) { return sqrt(in[0]); };
  const auto apply_neg = [](auto in) { return -in[0]; };
  auto tanhs = on_shapes(apply_tanh, uniform, -2, 2);
  tanhs.push_back(
      sample("saturated and tiny", {numbers({-30, -1e-12, 0, 1e-300, 30})}, apply_tanh));
  auto sigmoids = on_shapes(apply_sigmoid, uniform, -4, 4);
  sigmoids.push_back(sample("saturated", {numbers({-1000, -30, 0, 20, 1000})}, apply_sigmoid));
  // Of numbers above 1e38 and below 1e-38 float32 knows infinity and denormals, or zero; 1e-310 is
  // a denormal float64.
  const auto at = [](auto f, std::initializer_list<double> x) {
    return std::vector{sample("ends of the range", {numbers(x)}, f)};
  };
  std::vector<OpEntry> entries{
      {&tanh_op, false, std::move(tanhs),
       at(apply_tanh, {-0.0, 0, 1e-40, -1e-310, 1e-5, -800, 800, 1e4, -1e30})},
      {&relu_op, true, on_shapes(apply_relu, nonzero, 0.25, 1.5),
       at(apply_relu, {-0.0, 0, -1e-40, 1e-40, 1e-310, -1e30, 1e30})},
      {&sigmoid_op, false, std::move(sigmoids),
       at(apply_sigmoid, {-0.0, 0, 1e-40, -30, -87, -89, -104, 800, -700, -800, 1e4, -1e4, -1e30})},
      {&exp_op, false, on_shapes(apply_exp, uniform, -3, 3),
       at(apply_exp, {-0.0, 0, 1e-40, 88.5, 90, -87, -88, -100, -104, 709.5, 709.9, -708, -745,
                      -746, 1e4, -1e4})},
      {&log_op, false, on_shapes(apply_log, uniform, 0.3, 4),
       at(apply_log, {-0.0, 0, 1e-40, 1e-45, 1e-310, 1e-30, 1, 1e30, 1e300})},
      {&sqrt_op, false, on_shapes(apply_sqrt, uniform, 0.3, 4),
       at(apply_sqrt, {-0.0, 0, 1e-40, 1e-310, 1e-30, 1e30, 1e300})},
      {&pow_op,
       false,
       {power("square", nonzero({3, 5}), 2), power("cube", nonzero({1, 5}), 3),
        power("inverse", nonzero({3, 5}, 0.5, 1.5), -1),
        power("root", uniform({3, 5}, 0.5, 2), 0.5), power("first", nonzero({3, 5}), 1),
        power("zeroth", nonzero({3, 5}), 0), power("empty", uniform({0, 3}), 2)},
       {power("square of extremes", extreme_bases(), 2),
        power("cube of extremes", extreme_bases(), 3),
        power("inverse of extremes", extreme_bases(), -1),
        power("root of extremes", extreme_bases(), 0.5),
        power("first power of extremes", extreme_bases(), 1),
        power("zeroth power of extremes", extreme_bases(), 0)}},
      {&neg_op, true, on_shapes(apply_neg, uniform, -1, 1),
       at(apply_neg, {-0.0, 0, 1e-40, 1e-310, 1e30, -1e300})},
  };
  auto arithmetic = arithmetic_entries();
  std::move(arithmetic.begin(), arithmetic.end(), std::back_inserter(entries));
  return entries;
}

}  // namespace xgrad

#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/samples.hpp>

namespace xgrad {
namespace {

using namespace samples;

// Pairs of shapes that take every path of the kernels: equal, a row, a number, a column, both
// repeated, axes missing, several at once, several chunks.
template <class F>
std::vector<Sample> broadcasts(F) {
  const auto pair = [](std::string name, const Shape& a, const Shape& b) {
    return sample(std::move(name), {nonzero(a, 0.5, 1.5, 1), nonzero(b, 0.5, 1.5, 2)},
                  [](auto in) { return F()(in[0], in[1]); });
  };
  return {
      pair("same shape", {3, 5}, {3, 5}),
      pair("row", {4, 3, 5}, {5}),
      pair("row on the left", {5}, {4, 5}),
      pair("scalar", {3, 4}, {}),
      pair("scalar on the left", {}, {3, 4}),
      pair("one element on the left", {1, 1}, {3, 4}),
      pair("column", {4, 5}, {4, 1}),
      pair("outer, several chunks", {150, 1}, {1, 130}),
      pair("inner axes", {2, 3, 4, 5}, {3, 1, 5}),
      pair("alternating", {2, 1, 4, 1, 3}, {2, 3, 1, 2, 3}),
      pair("leading ones", {1, 1, 3}, {3}),
      pair("both scalars", {}, {}),
      pair("each repeats the other", {1, 5}, {4, 1}),
      pair("leading axes missing on the left", {3, 1}, {2, 3, 4}),
      pair("empty", {0, 3}, {0, 3}),
      pair("a row for none", {0, 3}, {3}),
      sample("used twice", {nonzero({3, 4}, 0.5, 1.5)}, [](auto in) { return F()(in[0], in[0]); })};
}

// Signed zeros, numbers whose products and quotients leave float32's range, and a denormal.
Tensor<double> extreme_numbers() { return numbers({-0.0, 0, 1, -2, 1e30, -1e-30, 1e-40}); }

// Each with each.
template <class F>
std::vector<Sample> extreme_pairs(F) {
  const Tensor<double> x = extreme_numbers();
  const Index n = x.size();
  Tensor<double> a(Shape{n, n}), b(Shape{n, n});
  for (Index i = 0; i < n * n; ++i) {
    a.data()[i] = x.data()[i / n];
    b.data()[i] = x.data()[i % n];
  }
  return {sample("extremes", {a, b}, [](auto in) { return F()(in[0], in[1]); })};
}

// f(x, s).
template <class F>
Sample with(std::string name, Tensor<double> x, double s, F) {
  return sample(std::move(name), {std::move(x)}, NumberArgument{s},
                [](auto in, const NumberArgument& o) { return F()(in[0], o.number); });
}

template <class F>
std::vector<Sample> with_extreme_number(F f) {
  return {with("and 0", extreme_numbers(), 0, f), with("and -0", extreme_numbers(), -0.0, f),
          with("and 3", extreme_numbers(), 3, f), with("and 2^100", extreme_numbers(), 0x1p100, f),
          with("and 2^-40", numbers({0x1p-70, 0x1p70}), 0x1p-40, f)};
}

template <class F>
std::vector<Sample> with_number(F f) {
  const auto on = [f](std::string name, const Shape& shape, double s) {
    return with(std::move(name), nonzero(shape, 0.5, 1.5), s, f);
  };
  return {on("matrix", {3, 5}, 2.5), on("scalar", {}, -0.75), on("and 1", {2, 3}, 1),
          on("one row", {1, 4}, 1.5), on("empty", {0, 3}, 2)};
}

template <class F>
OpEntry binary(const OpInfo& op, bool polynomial, F f) {
  return {&op, polynomial, broadcasts(f), extreme_pairs(f)};
}

template <class F>
OpEntry scalar(const OpInfo& op, bool polynomial, F f) {
  return {&op, polynomial, with_number(f), with_extreme_number(f)};
}

}  // namespace

std::vector<OpEntry> arithmetic_entries() {
  return {
      binary(add_op, true, [](auto a, auto b) { return a + b; }),
      binary(sub_op, true, [](auto a, auto b) { return a - b; }),
      binary(mul_op, true, [](auto a, auto b) { return a * b; }),
      binary(div_op, false, [](auto a, auto b) { return a / b; }),
      scalar(add_scalar_op, true, [](auto x, double s) { return s + x; }),
      scalar(rsub_scalar_op, true, [](auto x, double s) { return s - x; }),
      scalar(mul_scalar_op, true, [](auto x, double s) { return x * s; }),
      scalar(div_scalar_op, true, [](auto x, double s) { return x / s; }),
      scalar(rdiv_scalar_op, false, [](auto x, double s) { return s / x; }),
  };
}

}  // namespace xgrad

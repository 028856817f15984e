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

// f(x, s).
template <class F>
std::vector<Sample> with_number(F) {
  const auto with = [](std::string name, const Shape& shape, double s) {
    return sample(std::move(name), {nonzero(shape, 0.5, 1.5)}, NumberArgument{s},
                  [](auto in, const NumberArgument& o) { return F()(in[0], o.number); });
  };
  return {with("matrix", {3, 5}, 2.5), with("scalar", {}, -0.75), with("one row", {1, 4}, 1.5),
          with("empty", {0, 3}, 2)};
}

}  // namespace

std::vector<OpEntry> arithmetic_entries() {
  return {
      {&add_op, true, broadcasts([](auto a, auto b) { return a + b; })},
      {&sub_op, true, broadcasts([](auto a, auto b) { return a - b; })},
      {&mul_op, true, broadcasts([](auto a, auto b) { return a * b; })},
      {&div_op, false, broadcasts([](auto a, auto b) { return a / b; })},
      {&add_scalar_op, true, with_number([](auto x, double s) { return s + x; })},
      {&rsub_scalar_op, true, with_number([](auto x, double s) { return s - x; })},
      {&mul_scalar_op, true, with_number([](auto x, double s) { return x * s; })},
      {&div_scalar_op, true, with_number([](auto x, double s) { return x / s; })},
      {&rdiv_scalar_op, false, with_number([](auto x, double s) { return s / x; })},
  };
}

}  // namespace xgrad

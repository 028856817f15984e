#include <xgrad/ops/linear.hpp>
#include <xgrad/ops/samples.hpp>

namespace xgrad {

using namespace samples;

std::vector<OpEntry> linear_entries() {
  const auto apply_linear = [](auto in) { return linear(in[0], in[1], in[2]); };
  const auto apply_matmul = [](auto in) { return matmul(in[0], in[1]); };
  const auto xwb = [](const Shape& x, Index out) {
    return std::vector{uniform(x, -1, 1, 1), uniform({out, x.back()}, -1, 1, 2),
                       uniform({out}, -1, 1, 3)};
  };
  const auto ab = [](const Shape& a, const Shape& b) {
    return std::vector{uniform(a, -1, 1, 1), uniform(b, -1, 1, 2)};
  };
  return {
      {&linear_op,
       true,
       {sample("matrix", xwb({3, 5}, 4), apply_linear),
        sample("one row", xwb({1, 5}, 4), apply_linear),
        sample("one feature, one output", xwb({3, 1}, 1), apply_linear),
        sample("vector", xwb({5}, 4), apply_linear),
        sample("three leading axes", xwb({2, 3, 2, 5}, 4), apply_linear),
        sample("no rows", xwb({0, 5}, 4), apply_linear),
        sample("no features", xwb({3, 0}, 2), apply_linear),
        sample("no outputs", xwb({3, 2}, 0), apply_linear),
        sample("no bias", {uniform({3, 5}, -1, 1, 1), uniform({4, 5}, -1, 1, 2), {}},
               apply_linear)}},
      {&matmul_op,
       true,
       {sample("matrices", ab({3, 5}, {5, 4}), apply_matmul),
        sample("row by column", ab({1, 5}, {5, 1}), apply_matmul),
        sample("column by row", ab({3, 1}, {1, 4}), apply_matmul),
        sample("empty sums", ab({3, 0}, {0, 4}), apply_matmul),
        sample("batch", ab({6, 2, 3}, {6, 3, 4}), apply_matmul),
        sample("batch of one", ab({1, 2, 3}, {1, 3, 4}), apply_matmul),
        sample("no batch", ab({0, 2, 3}, {0, 3, 4}), apply_matmul),
        sample("two leading axes", ab({2, 3, 2, 3}, {2, 3, 3, 4}), apply_matmul),
        sample("the same twice", {uniform({4, 4}, -1, 1, 1)},
               [](auto in) { return matmul(in[0], in[0]); })}},
  };
}

}  // namespace xgrad

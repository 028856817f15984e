#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/samples.hpp>

namespace xgrad {
namespace {

using namespace samples;

static_assert(is_complete<ReduceArguments>(sum<double>));
static_assert(is_complete<ReduceArguments>(mean<double>));
static_assert(is_complete<ReduceArguments>(max<double>));

template <class F>
Sample reduction(std::string name, Tensor<double> x, const ReduceArguments& arguments, F) {
  return sample(std::move(name), {std::move(x)}, arguments,
                [](auto in, const auto& o) { return F()(in[0], o.axes, o.keepdims); });
}

// Of equal maxima the first is meant, and of the zeros, too; sums of zeros are +0.
template <class F>
std::vector<Sample> extreme_reductions(F f) {
  const auto over = [f](std::string name, std::initializer_list<double> x, const Shape& shape,
                        int axis) {
    return reduction(std::move(name), numbers(x).reshape(shape), {axis}, f);
  };
  return {over("equal numbers", {3, 3, 1, 0, 2, 2, -1, -1, -1}, {3, 3}, 1),
          over("equal columns", {3, 0, -1, 3, 2, -1, 1, 2, -1}, {3, 3}, 0),
          over("zeros", {-0.0, 0, 0, -0.0, -0.0, -0.0}, {3, 2}, 1),
          over("large and tiny", {1e30, 3e30, 1e-30, 2e-30, 1e-40, 3e-40}, {3, 2}, 1)};
}

template <class F>
std::vector<Sample> reductions(F) {
  const auto over = [](std::string name, const Shape& shape, const Axes& axes, bool keepdims) {
    return reduction(std::move(name), distinct(shape), {axes, keepdims}, F());
  };
  return {over("all", {3, 4}, {}, false),
          over("all, keeping the axes", {3, 4}, {}, true),
          over("a scalar", {}, {}, false),
          over("rows", {3, 37}, -1, false),
          over("columns", {37, 3}, 0, true),
          over("wide columns", {2, 70}, 0, false),
          over("images to channels", {2, 3, 4, 5}, {0, 1, 2}, false),
          over("channels in the middle", {3, 4, 2, 5}, {0, 2, 3}, true),
          over("alternating", {2, 3, 4, 3, 2}, {0, 2, -1}, false),
          over("inner axis", {3, 5, 4}, 1, false),
          over("axes of extent 1", {1, 5, 1}, {0, 2}, false),
          over("no rows", {0, 5}, 1, false)};
}

template <class F>
OpEntry reduce(const OpInfo& op, F f) {
  return {&op, true, reductions(f), extreme_reductions(f)};
}

}  // namespace

std::vector<OpEntry> reduce_entries() {
  return {
      reduce(sum_op, [](auto... args) { return sum(args...); }),
      reduce(mean_op, [](auto... args) { return mean(args...); }),
      reduce(max_op, [](auto... args) { return max(args...); }),
  };
}

}  // namespace xgrad

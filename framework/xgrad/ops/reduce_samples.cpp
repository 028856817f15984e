#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/samples.hpp>

namespace xgrad {
namespace {

using namespace samples;

static_assert(is_complete<ReduceArguments>(sum<double>));
static_assert(is_complete<ReduceArguments>(mean<double>));
static_assert(is_complete<ReduceArguments>(max<double>));

template <class F>
std::vector<Sample> reductions(F) {
  const auto over = [](std::string name, const Shape& shape, const Axes& axes, bool keepdims) {
    return sample(std::move(name), {distinct(shape)}, ReduceArguments{axes, keepdims},
                  [](auto in, const auto& o) { return F()(in[0], o.axes, o.keepdims); });
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

}  // namespace

std::vector<OpEntry> reduce_entries() {
  return {
      {&sum_op, true, reductions([](auto... args) { return sum(args...); })},
      {&mean_op, true, reductions([](auto... args) { return mean(args...); })},
      {&max_op, true, reductions([](auto... args) { return max(args...); })},
  };
}

}  // namespace xgrad

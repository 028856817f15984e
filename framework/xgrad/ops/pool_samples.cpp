#include <xgrad/ops/pool.hpp>
#include <xgrad/ops/samples.hpp>

namespace xgrad {

using namespace samples;

namespace {

// The windows that both kinds of pooling are tried with; values a tenth apart at least, so that no
// maximum changes hands within a central difference.
template <class F>
std::vector<Sample> windows(F pool) {
  const auto with = [&](const char* name, const Shape& x, const PoolOptions& options) {
    return sample(name, {distinct(x)}, options, pool);
  };
  return {
      with("2x2", {2, 4, 6, 3}, {}),
      with("side by side, the last row and column left over", {2, 5, 7, 16}, {.kernel = 2}),
      with("non-square, overlapping", {2, 5, 7, 3}, {.kernel = {3, 2}, .stride = {1, 2}}),
      with("stride 2, padding 1", {1, 6, 5, 6}, {.kernel = 3, .stride = 2, .padding = 1}),
      with("stride 1, padding 1, whole vectors", {1, 4, 5, 32},
           {.kernel = 3, .stride = 1, .padding = 1}),
      with("side by side with padding", {2, 5, 6, 16}, {.kernel = {3, 2}, .padding = {1, 1}}),
      with("stride 2 with whole vectors", {1, 7, 9, 16}, {.kernel = 3, .stride = 2, .padding = 1}),
      with("gaps between windows", {1, 7, 8, 2}, {.kernel = 2, .stride = 3}),
      with("one channel", {2, 6, 9, 1}, {.kernel = 3}),
      with("window as large as the image", {2, 3, 5, 4}, {.kernel = {3, 5}}),
      with("1x1", {1, 2, 3, 1}, {.kernel = 1}),
      with("no images", {0, 4, 6, 3}, {}),
      with("more than 256 places", {1, 18, 17, 2}, {.kernel = 17, .stride = 1}),
      with("several chunks", {2, 12, 24, 16}, {.kernel = 2}),
  };
}

}  // namespace

std::vector<OpEntry> pool_entries() {
  const auto max_pool = [](auto in, const PoolOptions& o) { return max_pool2d(in[0], o); };
  const auto global = [](auto in) { return global_avg_pool2d(in[0]); };
  return {
      {&max_pool2d_op,
       false,
       windows(max_pool),
       {sample("equal numbers",
               {numbers({0, -0.0, 3, 3, -0.0, -0.0, 3, 1, 7, 7, -1, 2, 7, 8, 2, 2})
                    .reshape({1, 4, 4, 1})},
               PoolOptions{}, max_pool),
        sample("equal numbers, overlapping", {Tensor<double>::full({1, 4, 5, 16}, -2)},
               PoolOptions{.kernel = 3, .stride = 1, .padding = 1}, max_pool)}},
      {&avg_pool2d_op, true,
       windows([](auto in, const PoolOptions& o) { return avg_pool2d(in[0], o); })},
      {&global_avg_pool2d_op,
       true,
       {sample("narrow", {uniform({2, 3, 5, 6})}, global),
        sample("wide", {uniform({3, 2, 2, 33})}, global),
        sample("one pixel", {uniform({2, 1, 1, 3})}, global),
        sample("one image", {uniform({1, 4, 3, 2})}, global),
        sample("no images", {uniform({0, 4, 3, 2})}, global),
        sample("several chunks", {uniform({5, 7, 9, 40})}, global)}},
  };
}

}  // namespace xgrad

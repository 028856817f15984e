#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/norm.hpp>
#include <xgrad/ops/pool.hpp>
#include <xgrad/ops/run_sample.hpp>
#include <xgrad/ops/samples.hpp>

#include <array>

namespace xgrad {

using namespace samples;

namespace {

BatchNormCase setting(Index channels, const BatchNormOptions& options) {
  return {options, {uniform({channels}, -1, 1, 7), uniform({channels}, 0.5, 2, 8)}};
}

// Another process has the same rows and the same gradients: all sums double, and the results are
// those of one process.
std::shared_ptr<StatisticsReducer> twin() {
  struct Twin final : StatisticsReducer {
    void sum(std::span<double> values) override {
      for (double& value : values) value *= 2;
    }
  };
  return std::make_shared<Twin>();
}

template <class T>
Variable<T> apply(std::span<const Variable<T>> in, const BatchNormCase& setting) {
  const auto& [options, before] = setting;
  BatchNormStats<T> stats(convert<T>(before.running_mean), convert<T>(before.running_var));
  return batch_norm(in[0], in[1], in[2], stats, options);
}

Sample batch_norm_sample(const char* name, const Shape& x, const BatchNormOptions& options,
                         bool gamma = true, bool beta = true) {
  const Index channels = x.back();
  return sample(name,
                {uniform(x, -1, 2, 1), gamma ? nonzero({channels}) : Tensor<double>(),
                 beta ? uniform({channels}, -1, 1, 3) : Tensor<double>()},
                setting(channels, options),
                [](auto in, const BatchNormCase& s) { return apply(in, s); });
}

// Each of four numbers is a channel.
Sample with_columns(const char* name, std::initializer_list<std::array<double, 4>> columns) {
  const auto channels = static_cast<Index>(columns.size());
  Tensor<double> x(Shape{4, channels});
  for (Index c = 0; c < channels; ++c)
    for (Index r = 0; r < 4; ++r)
      x.data()[r * channels + c] = columns.begin()[c][static_cast<std::size_t>(r)];
  return sample(name, {std::move(x), nonzero({channels}), uniform({channels}, -1, 1, 3)},
                setting(channels, {}),
                [](auto in, const BatchNormCase& s) { return apply(in, s); });
}

// x in a temporary, so that nothing but the maxima is ever computed.
template <class T>
Variable<T> apply(std::span<const Variable<T>> in, const NormPoolCase& setting) {
  const auto& [options, before] = setting;
  BatchNormStats<T> stats(convert<T>(before.running_mean), convert<T>(before.running_var));
  return max_pool2d(batch_norm(in[0] * T(1), in[1], in[2], stats, options.norm), options.pool);
}

Sample norm_pool_sample(const char* name, const Shape& x, const NormPoolOptions& options,
                        bool gamma = true, bool beta = true) {
  const Index channels = x.back();
  return sample(name,
                {distinct(x), gamma ? nonzero({channels}) : Tensor<double>(),
                 beta ? uniform({channels}, -1, 1, 3) : Tensor<double>()},
                NormPoolCase{options, setting(channels, {}).before},
                [](auto in, const NormPoolCase& s) { return apply(in, s); });
}

}  // namespace

std::vector<OpEntry> norm_entries() {
  return {
      {&batch_norm_op,
       false,
       {batch_norm_sample("columns of a matrix", {7, 5}, {}),
        batch_norm_sample("images", {2, 3, 4, 6}, {}),
        batch_norm_sample("one channel", {3, 5, 2, 1}, {}),
        batch_norm_sample("whole vectors", {2, 5, 7, 16}, {}),
        batch_norm_sample("more channels than a vector holds", {3, 2, 2, 33}, {}),
        batch_norm_sample("sequences, large eps", {4, 3, 2}, {.eps = 0.1}),
        batch_norm_sample("without gamma and beta", {6, 4}, {}, false, false),
        batch_norm_sample("without beta", {6, 4}, {}, true, false),
        batch_norm_sample("evaluation", {2, 3, 4, 6}, {.training = false}),
        batch_norm_sample("evaluation of one row", {1, 3}, {.training = false}),
        batch_norm_sample("evaluation without gamma", {5, 3}, {.training = false}, false, true),
        batch_norm_sample("evaluation, large eps", {3, 2}, {.training = false, .eps = 0.5}),
        batch_norm_sample("evaluation of nothing", {0, 3}, {.training = false}),
        batch_norm_sample("one image", {1, 4, 3, 2}, {.momentum = 0.5}),
        batch_norm_sample("several chunks", {130, 65}, {}),
        batch_norm_sample("one of two processes", {3, 2, 4, 5}, {.reducer = twin()}),
        batch_norm_sample("one of two processes, without gamma and beta", {4, 3},
                          {.reducer = twin()}, false, false)},
       {with_columns("no variance", {{2, 2, 2, 2}, {-0.0, 0, 0, 0}, {1e4, 1e4, 1e4, 1e4}}),
        with_columns("tiny variance", {{-1e-6, 2e-6, 1e-6, 0}, {0, 0, 1e-30, 0}}),
        with_columns("large numbers", {{1e15, -1e15, 3e15, 2e15}, {-2e15, 0, 2e15, 1e15}}),
        with_columns("far from zero", {{1024, 1025, 1026, 1028}, {-4096, -4097, -4100, -4100}})}},
      {&batch_norm_max_pool2d_op,
       false,
       {norm_pool_sample("2x2", {2, 4, 6, 16}, {}),
        norm_pool_sample("the last rows and columns left over", {2, 5, 7, 16}, {}),
        norm_pool_sample("two vectors of channels, non-square", {1, 6, 5, 32},
                         {.norm = {}, .pool = {.kernel = {3, 2}}}),
        norm_pool_sample("the same with a stride and padding that the kernel leaves to others",
                         {2, 6, 5, 16},
                         {.norm = {}, .pool = {.kernel = 3, .stride = 2, .padding = 1}}),
        norm_pool_sample("without gamma and beta", {1, 2, 4, 16}, {}, false, false),
        norm_pool_sample("without beta", {3, 2, 2, 16}, {.norm = {.momentum = 0.5, .eps = 0.1}},
                         true, false),
        norm_pool_sample("one of two processes", {2, 4, 6, 16}, {.norm = {.reducer = twin()}}),
        norm_pool_sample("evaluation", {2, 4, 3, 16}, {.norm = {.training = false}}),
        norm_pool_sample("evaluation of nothing", {0, 4, 4, 16}, {.norm = {.training = false}}),
        norm_pool_sample("several chunks", {2, 16, 33, 32}, {})}},
  };
}

}  // namespace xgrad

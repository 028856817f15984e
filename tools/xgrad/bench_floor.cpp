#include "tools/xgrad/bench_floor.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/gemm.hpp>
#include <xgrad/kernels/packed_factor.hpp>
#include <xgrad/kernels/simd/bf16.hpp>

#include "tools/xgrad/bench_clock.hpp"

namespace xgrad::command {
namespace {

using Matrix = Tensor<float>;
using kernels::Factor;

Matrix filled(const Shape& shape) { return Matrix::full(shape, 0.01F); }

Factor<float> rows(const Matrix& m) { return {m.data(), m.shape(0), m.shape(1)}; }

// C = A B within a chunk, B being the same every time, and outliving this: BLAS's product, or where
// factors are rounded, which BLAS can't, that of the packed factor.
std::function<void(const Factor<float>& a, float* c)> product_with(const Factor<float>& b) {
  if (!kernels::rounds_to_bf16())
    return [b](const Factor<float>& a, float* c) { kernels::gemm_in_chunk(1.0F, a, b, 0.0F, c); };
  const auto packed = std::make_shared<kernels::PackedFactor<float>>(b);
  return [packed, n = b.cols](const Factor<float>& a, float* c) {
    packed->multiply(a, nullptr, c, n);
  };
}

// Median seconds of one call, of calls that take `seconds` together but at least 5.
double time_of(const std::function<void()>& f, double seconds) {
  f();
  std::vector<double> times;
  double total = 0;
  do {
    const double start = BenchClock::now();
    f();
    times.push_back(BenchClock::now() - start);
    total += times.back();
  } while (total < seconds || times.size() < 5);
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

}  // namespace

void add_conv(Floor& floor, const kernels::ConvShape& s, bool is_first, bool is_training) {
  const Index per_group = s.in_channels / s.groups;
  auto x = std::make_shared<Matrix>(filled({s.batch, s.height, s.width, s.in_channels}));
  auto w = std::make_shared<Matrix>(filled({s.out_channels, s.kernel.h, s.kernel.w, per_group}));
  auto y =
      std::make_shared<Matrix>(filled({s.batch, s.out_height(), s.out_width(), s.out_channels}));
  const double flops = 2.0 * static_cast<double>(y->size() * s.patch());
  floor.push_back(
      {"conv2d", OpPass::forward, flops, [=] { kernels::conv_forward(s, *x, *w, Matrix(), *y); }});
  if (!is_training) return;
  auto dw = std::make_shared<Matrix>(filled(w->shape()));
  floor.push_back(
      {"conv2d", OpPass::backward, flops, [=] { kernels::conv_backward_weights(s, *x, *y, *dw); }});
  if (is_first) return;
  floor.push_back(
      {"conv2d", OpPass::backward, flops, [=] { kernels::conv_backward_data(s, *y, *w, *x); }});
}

void add_linear(Floor& floor, Index count, Index in, Index out, bool is_training) {
  auto x = std::make_shared<Matrix>(filled({count, in}));
  auto w = std::make_shared<Matrix>(filled({out, in}));
  auto y = std::make_shared<Matrix>(filled({count, out}));
  const double flops = 2.0 * static_cast<double>(count * in * out);
  floor.push_back({"linear", OpPass::forward, flops,
                   [=] { kernels::gemm(1.0F, rows(*x), rows(*w).t(), 0.0F, y->data()); }});
  if (!is_training) return;
  auto dx = std::make_shared<Matrix>(filled({count, in}));
  auto dw = std::make_shared<Matrix>(filled({out, in}));
  floor.push_back({"linear", OpPass::backward, 2 * flops, [=] {
                     kernels::gemm(1.0F, rows(*y), rows(*w), 0.0F, dx->data());
                     kernels::gemm(1.0F, rows(*y).t(), rows(*x), 0.0F, dw->data());
                   }});
}

// The products of one step wait for those of the step before, so they are as many as steps; but the
// rows of the batch do not wait for each other, so each thread has its own.
void add_recurrent(Floor& floor, const char* op, Index steps, Index batch, Index hidden,
                   Index gates) {
  const Index wide = gates * hidden;
  auto w = std::make_shared<Matrix>(filled({wide, hidden}));
  auto h = std::make_shared<Matrix>(filled({batch, hidden}));
  auto a = std::make_shared<Matrix>(filled({batch, wide}));
  const double flops = 2.0 * static_cast<double>(steps * batch * hidden * wide);
  const auto each_thread = [batch](auto&& body) {
    const Index share = (batch + num_threads() - 1) / num_threads();
    parallel_for(batch, share, body);
  };
  floor.push_back({op, OpPass::forward, flops, [=, w = w, product = product_with(rows(*w).t())] {
                     each_thread([&](Index begin, Index end) {
                       const Factor<float> state(h->values().data() + begin * hidden, end - begin,
                                                 hidden);
                       for (Index t = 0; t < steps; ++t)
                         product(state, a->values().data() + begin * wide);
                     });
                   }});
  auto gradients = std::make_shared<Matrix>(filled({steps * batch, wide}));
  auto states = std::make_shared<Matrix>(filled({steps * batch, hidden}));
  auto dw = std::make_shared<Matrix>(filled({wide, hidden}));
  floor.push_back({op, OpPass::backward, 2 * flops, [=, w = w, product = product_with(rows(*w))] {
                     each_thread([&](Index begin, Index end) {
                       const Factor<float> da(a->values().data() + begin * wide, end - begin, wide);
                       for (Index t = 0; t < steps; ++t)
                         product(da, h->values().data() + begin * hidden);
                     });
                     kernels::gemm(1.0F, rows(*gradients).t(), rows(*states), 0.0F, dw->data());
                   }});
}

void add_pass(Floor& floor, const char* op, OpPass pass, double floats) {
  floor.push_back({op, pass, 0, {}, floats});
}

double in_cache_time() {
  // Half the smallest first-level cache that is still sold holds source and target.
  constexpr Index floats = 2048, repetitions = 512;
  const auto threads = static_cast<Index>(num_threads());
  PoolArray<float> memory(2 * floats * threads);
  std::fill_n(memory.data(), memory.size(), 1.0F);
  const double seconds = time_of(
      [&] {
        parallel_for(threads, 1, [&](Index begin, Index) {
          float* const from = memory.data() + 2 * floats * begin;
          for (Index i = 0; i < repetitions; ++i)
            // The direction changes, so that no copy is dead.
            std::memcpy(from + (i % 2) * floats, from + (1 - i % 2) * floats,
                        floats * sizeof(float));
        });
      },
      0.002);
  return 1e9 * seconds / static_cast<double>(2 * floats * repetitions * threads);
}

FloorTimes measure_floor(const Floor& floor, double seconds) {
  FloorTimes times;
  const double per_float = in_cache_time();
  for (const FloorPart& part : floor) {
    double time = 1e-9 * per_float * part.floats;
    if (part.kernels) time += time_of(part.kernels, seconds / static_cast<double>(floor.size()));
    times.parts.push_back(time);
    times.total += time;
  }
  return times;
}

}  // namespace xgrad::command

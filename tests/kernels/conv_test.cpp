// Convolutions of batches that are cut into several chunks: float, which goes through oneDNN where
// that is built in, against double, which never does.

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>

#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/precision.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/kernels/conv.hpp>
#include <xgrad/kernels/conv_paths.hpp>
#include <xgrad/kernels/simd/bf16.hpp>
#include <xgrad/kernels/simd/level.hpp>

using namespace xgrad;
using kernels::ConvShape;

namespace {

template <class T>
Tensor<T> random(const Shape& shape, const char* stream) {
  RandomStream numbers(5, stream);
  Tensor<T> x = Tensor<T>::empty(shape);
  for (T& value : x.values())
    value = static_cast<T>(static_cast<float>(numbers.uniform(-1, 1)));  // the same for both types
  return x;
}

// y, dx and dw.
template <class T>
std::vector<Tensor<T>> all_passes(const ConvShape& s) {
  const auto x = random<T>({s.batch, s.height, s.width, s.in_channels}, "x");
  const auto w = random<T>({s.out_channels, s.kernel.h, s.kernel.w, s.in_channels / s.groups}, "w");
  const auto b = random<T>({s.out_channels}, "b");
  const auto dy = random<T>({s.batch, s.out_height(), s.out_width(), s.out_channels}, "dy");
  auto y = Tensor<T>::empty(dy.shape()), dx = Tensor<T>::empty(x.shape()),
       dw = Tensor<T>::empty(w.shape());
  kernels::conv_forward(s, x, w, b, y);
  kernels::conv_backward_data(s, dy, w, dx);
  kernels::conv_backward_weights(s, x, dy, dw);
  return {y, dx, dw};
}

const ConvShape lenet_first{
    .batch = 13, .height = 28, .width = 28, .out_channels = 16, .kernel = 5, .padding = 2};
const ConvShape lenet_second{.batch = 19,
                             .height = 14,
                             .width = 14,
                             .in_channels = 16,
                             .out_channels = 32,
                             .kernel = 5,
                             .padding = 2};
const ConvShape uneven{.batch = 21,
                       .height = 19,
                       .width = 17,
                       .in_channels = 12,
                       .out_channels = 18,
                       .kernel = {3, 4},
                       .stride = {2, 1},
                       .padding = {1, 2},
                       .dilation = {1, 2},
                       .groups = 3};
const ConvShape pointwise{
    .batch = 33, .height = 10, .width = 9, .in_channels = 40, .out_channels = 24};
const ConvShape one_large_image{
    .batch = 1, .height = 60, .width = 50, .in_channels = 8, .out_channels = 8, .kernel = 3};

const ConvShape by_winograd{.batch = 11,
                            .height = 19,
                            .width = 26,
                            .in_channels = 32,
                            .out_channels = 64,
                            .kernel = 3,
                            .padding = {1, 0}};

// 5x5 filters go by another Winograd, as lenet_second does: with tiles that stick out, half a block
// of columns left over, and tile rows that are cut into chunks within an image.
const ConvShape tiles_stick_out{.batch = 7,
                                .height = 21,
                                .width = 39,
                                .in_channels = 48,
                                .out_channels = 16,
                                .kernel = 5,
                                .padding = {1, 4}};
const ConvShape one_large_image_of_tiles{.batch = 1,
                                         .height = 43,
                                         .width = 38,
                                         .in_channels = 16,
                                         .out_channels = 32,
                                         .kernel = 5,
                                         .padding = {0, 3}};

const ConvShape shapes[] = {
    lenet_first,     lenet_second, uneven,          pointwise,
    one_large_image, by_winograd,  tiles_stick_out, one_large_image_of_tiles};

}  // namespace

BOOST_AUTO_TEST_SUITE(conv_kernels)

BOOST_AUTO_TEST_CASE(float_agrees_with_double_on_batches_of_several_chunks) {
  for (const ConvShape& s : shapes) {
    const auto in32 = all_passes<float>(s);
    const auto in64 = all_passes<double>(s);
    // Terms in a sum of y, dx and dw.
    const Index terms[] = {s.patch(), s.patch() * s.out_channels / s.in_channels,
                           s.batch * s.out_height() * s.out_width()};
    for (std::size_t k = 0; k < in64.size(); ++k) {
      double worst = 0, scale = 0;
      for (std::size_t i = 0; i < in64[k].values().size(); ++i) {
        const double expected = in64[k].values()[i];
        scale = std::max(scale, std::abs(expected));
        worst = std::max(worst, std::abs(static_cast<double>(in32[k].values()[i]) - expected));
      }
      // Rounding errors grow as the number of terms, the largest sum as its square root.
      const double bound = 2.4e-7 * std::sqrt(static_cast<double>(terms[k])) * scale;
      BOOST_TEST(worst <= bound, (k == 0   ? "y"
                                  : k == 1 ? "dx"
                                           : "dw")
                                     << " of a batch of " << s.batch << " off by " << worst
                                     << " of " << scale);
    }
  }
}

BOOST_AUTO_TEST_CASE(bits_do_not_depend_on_the_number_of_threads) {
  const int before = num_threads();
  const auto check = [&]<class T>(T) {
    for (const ConvShape& s : shapes) {
      set_num_threads(1);
      const auto one = all_passes<T>(s);
      for (const int threads : {2, 3, 5}) {
        set_num_threads(threads);
        const auto many = all_passes<T>(s);
        for (std::size_t k = 0; k < one.size(); ++k)
          BOOST_TEST(std::memcmp(one[k].values().data(), many[k].values().data(),
                                 one[k].values().size_bytes()) == 0);
      }
    }
  };
  check(float{});
  check(double{});
  set_num_threads(before);
}

// oneDNN plans for as many threads as it sees when a primitive is made, so this shape must be new.
BOOST_AUTO_TEST_CASE(a_first_call_from_a_parallel_region_of_the_user_is_right) {
  const ConvShape s{
      .batch = 9, .height = 13, .width = 14, .in_channels = 16, .out_channels = 32, .kernel = 3};
  std::vector<Tensor<float>> inside;
#pragma omp parallel num_threads(2)
#pragma omp single
  inside = all_passes<float>(s);
  const auto expected = all_passes<double>(s);
  for (std::size_t k = 0; k < inside.size(); ++k) {
    double worst = 0;
    for (std::size_t i = 0; i < expected[k].values().size(); ++i)
      worst = std::max(
          worst, std::abs(static_cast<double>(inside[k].values()[i]) - expected[k].values()[i]));
    BOOST_TEST(worst < 1e-3, "result " << k << " off by " << worst);
  }
}

// What it takes is checked above, by its results.
BOOST_AUTO_TEST_CASE(winograd_leaves_alone_what_it_cannot_do_or_what_does_not_pay) {
  const auto takes = [](const ConvShape& s) {
    const Index pixels = s.batch * s.height * s.width, outputs = s.out_height() * s.out_width();
    const auto x = Tensor<float>::empty({pixels, s.in_channels});
    const auto w = Tensor<float>::empty({s.out_channels, s.patch()});
    auto y = Tensor<float>::empty({s.batch * outputs, s.out_channels});
    y.fill(1);
    const bool taken = kernels::winograd::forward(s, x.data(), w.data(), nullptr, y.data());
    if (!taken) BOOST_TEST(std::ranges::all_of(y.values(), [](float value) { return value == 1; }));
    return taken;
  };
  const auto changed = [](auto change) {
    ConvShape s = lenet_second;
    change(s);
    return s;
  };
  BOOST_TEST(takes(lenet_second) == (kernels::simd_level() != kernels::SimdLevel::baseline));
  BOOST_TEST(!takes(changed([](ConvShape& s) { s.kernel = {5, 4}; })));
  BOOST_TEST(!takes(changed([](ConvShape& s) { s.stride = {1, 2}; })));
  BOOST_TEST(!takes(changed([](ConvShape& s) { s.dilation = {2, 1}; })));
  BOOST_TEST(!takes(changed([](ConvShape& s) { s.padding = {2, 5}; })));
  BOOST_TEST(!takes(changed([](ConvShape& s) { s.groups = 2; })));
  BOOST_TEST(!takes(changed([](ConvShape& s) { s.in_channels = 24; })));
  BOOST_TEST(!takes(changed([](ConvShape& s) { s.out_channels = 8; })));
  BOOST_TEST(!takes(changed([](ConvShape& s) { s.height = s.width = 1; })));
  set_float32_matmul_precision("medium");
  BOOST_TEST(takes(lenet_second) ==
             (kernels::simd_level() != kernels::SimdLevel::baseline && !kernels::has_bf16()));
  set_float32_matmul_precision("highest");
}

BOOST_AUTO_TEST_CASE(repeated_calls_take_nothing_from_the_system) {
  for (const ConvShape& s : shapes) {
    all_passes<float>(s);
    const auto before = pool_counters();
    all_passes<float>(s);
    BOOST_TEST(pool_counters().system_allocations == before.system_allocations);
    BOOST_TEST(pool_counters().live_bytes == before.live_bytes);
  }
}

BOOST_AUTO_TEST_SUITE_END()

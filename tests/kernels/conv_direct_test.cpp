// Direct convolutions against products with patches, over all ways to end a panel, a line and a
// row.

#include <boost/test/unit_test.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <tuple>
#include <vector>

#include <xgrad/core/random.hpp>
#include <xgrad/kernels/conv_paths.hpp>

using namespace xgrad;
using kernels::ConvShape;

namespace {

// Values with others on either side, which tell when somebody has written over the ends.
template <class T>
class Fenced {
 public:
  explicit Fenced(Index size) : values_(static_cast<std::size_t>(size + 2 * fence), guard) {}
  Fenced(Index size, const char* stream) : Fenced(size) {
    RandomStream numbers(5, stream);
    for (Index i = 0; i < size; ++i) data()[i] = static_cast<T>(numbers.uniform(-1, 1));
  }
  T* data() { return values_.data() + fence; }
  Index size() const { return static_cast<Index>(values_.size()) - 2 * fence; }
  bool holds() const {
    const auto is_guard = [](T value) { return value == guard; };
    return std::all_of(values_.begin(), values_.begin() + fence, is_guard) &&
           std::all_of(values_.end() - fence, values_.end(), is_guard);
  }

 private:
  static constexpr Index fence = 64;
  static constexpr T guard = 12345;
  std::vector<T> values_;
};

template <class T>
void check_near(Fenced<T>& got, Fenced<T>& expected, Index terms, const std::string& what) {
  BOOST_TEST(got.holds(), what << " is written over its ends");
  double worst = 0, scale = 0;
  for (Index i = 0; i < got.size(); ++i) {
    const auto value = static_cast<double>(expected.data()[i]);
    scale = std::max(scale, std::abs(value));
    worst = std::max(worst, std::abs(static_cast<double>(got.data()[i]) - value));
  }
  // Rounding errors grow as the number of terms, the largest sum as its square root.
  const double epsilon = std::numeric_limits<T>::epsilon();
  const double bound = 2 * epsilon * std::sqrt(static_cast<double>(terms)) * scale;
  BOOST_TEST(worst <= bound, what << " is off by " << worst);
}

template <class T>
void check_against_im2col(const ConvShape& s) {
  const std::string shape =
      fmt::format("[{}, {}, {}, {}] to {} by {}x{}, stride {}x{}, padding {}x{}", s.batch, s.height,
                  s.width, s.in_channels, s.out_channels, s.kernel.h, s.kernel.w, s.stride.h,
                  s.stride.w, s.padding.h, s.padding.w);
  const Index pixels = s.batch * s.out_height() * s.out_width();
  Fenced<T> x(s.batch * s.height * s.width * s.in_channels, "x");
  Fenced<T> w(s.out_channels * s.patch(), "w"), b(s.out_channels, "b");
  Fenced<T> dy(pixels * s.out_channels, "dy");
  for (T* const bias : {b.data(), static_cast<T*>(nullptr)}) {
    Fenced<T> y(dy.size()), expected(dy.size());
    kernels::direct::forward(s, x.data(), w.data(), bias, y.data());
    kernels::im2col::forward(s, x.data(), w.data(), bias, expected.data());
    check_near(y, expected, s.patch() + 1, "y of " + shape);
  }
  Fenced<T> dx(x.size()), expected_dx(x.size());
  kernels::direct::backward_data(s, dy.data(), w.data(), dx.data());
  kernels::im2col::backward_data(s, dy.data(), w.data(), expected_dx.data());
  check_near(dx, expected_dx, s.kernel.h * s.kernel.w * s.out_channels, "dx of " + shape);
  Fenced<T> dw(w.size()), expected_dw(w.size());
  kernels::direct::backward_weights(s, x.data(), dy.data(), dw.data());
  kernels::im2col::backward_weights(s, x.data(), dy.data(), expected_dw.data());
  check_near(dw, expected_dw, pixels, "dw of " + shape);
}

}  // namespace

using FloatAndDouble = std::tuple<float, double>;

BOOST_AUTO_TEST_SUITE(conv_direct)

// Channels around the widths of vectors and their halves: what is left for the last panel.
BOOST_AUTO_TEST_CASE_TEMPLATE(panels_of_any_width, T, FloatAndDouble) {
  for (const Index c : {1, 2, 3, 4, 6, 9, 17})
    for (const Index o : {1, 3, 4, 5, 8, 9, 12, 16, 17, 25, 33})
      check_against_im2col<T>({.batch = 3,
                               .height = 7,
                               .width = 9,
                               .in_channels = c,
                               .out_channels = o,
                               .kernel = {2, 3},
                               .padding = {1, 0}});
}

// Lines of any number of pixels, down to one; and kernels that cover all of a row, run by run.
BOOST_AUTO_TEST_CASE_TEMPLATE(lines_of_any_length, T, FloatAndDouble) {
  for (Index width = 1; width <= 31; ++width)
    for (const Index k : {1, 3, 5})
      check_against_im2col<T>({.batch = 2,
                               .height = 5,
                               .width = width,
                               .in_channels = 2,
                               .out_channels = 6,
                               .kernel = {5, std::min(k, width)},
                               .padding = {2, k / 3}});
}

BOOST_AUTO_TEST_CASE_TEMPLATE(strides_and_padding, T, FloatAndDouble) {
  for (const Index stride_h : {1, 2, 3, 4})
    for (const Index stride_w : {1, 2, 4})
      for (const Index padding : {0, 1, 4})
        check_against_im2col<T>({.batch = 5,
                                 .height = 11,
                                 .width = 14,
                                 .in_channels = 3,
                                 .out_channels = 7,
                                 .kernel = {3, 2},
                                 .stride = {stride_h, stride_w},
                                 .padding = {padding, padding / 2}});
}

// Vectors reach over several of these lines.
BOOST_AUTO_TEST_CASE_TEMPLATE(narrow_images, T, FloatAndDouble) {
  for (const Index batch : {1, 2})
    for (const Index o : {1, 2, 5})
      check_against_im2col<T>({.batch = batch,
                               .height = 6,
                               .width = 5,
                               .in_channels = 2,
                               .out_channels = o,
                               .kernel = {3, 2}});
}

// More of everything than the registers hold at once, in chunks of several images.
BOOST_AUTO_TEST_CASE_TEMPLATE(long_runs_and_several_chunks, T, FloatAndDouble) {
  check_against_im2col<T>({.batch = 37,
                           .height = 12,
                           .width = 12,
                           .in_channels = 20,
                           .out_channels = 50,
                           .kernel = {3, 4}});
  check_against_im2col<T>({.batch = 70,
                           .height = 28,
                           .width = 28,
                           .in_channels = 1,
                           .out_channels = 6,
                           .kernel = 5,
                           .padding = 2});
  check_against_im2col<T>({.batch = 1,
                           .height = 90,
                           .width = 70,
                           .in_channels = 3,
                           .out_channels = 20,
                           .kernel = {7, 11},
                           .stride = 2,
                           .padding = {3, 5}});
}

BOOST_AUTO_TEST_SUITE_END()

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstring>
#include <limits>

#include <xgrad/core/parallel.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/core/tensor.hpp>
#include <xgrad/kernels/gemm.hpp>

using namespace xgrad;
using kernels::Factor;

namespace {

template <class T>
Tensor<T> random(const Shape& shape, const char* stream) {
  RandomStream numbers(3, stream);
  Tensor<T> x = Tensor<T>::empty(shape);
  for (T& value : x.values()) value = static_cast<T>(numbers.uniform(-1, 1));
  return x;
}

// A factor [rows, cols], its memory laid out in either order.
template <class T>
Factor<T> factor(const Tensor<T>& memory, Index rows, Index cols, bool transposed) {
  return transposed ? Factor<T>(memory.data(), cols, rows).t()
                    : Factor<T>(memory.data(), rows, cols);
}

template <class T>
double at(const Factor<T>& f, Index i, Index j) {
  return static_cast<double>(f.transposed ? f.data[j * f.stride + i] : f.data[i * f.stride + j]);
}

// Two of the shapes are large enough to be cut by rows, three by columns.
struct Size {
  Index m, n, k;
};
constexpr Size sizes[] = {{3, 4, 5},      {1, 7, 1},      {64, 10, 128},  {64, 128, 1568},
                          {300, 70, 150}, {33, 500, 200}, {513, 61, 101}, {40, 1568, 64}};

// Two of the shapes are long and short enough for a kernel that knows these factors only.
struct Scale {
  int alpha, beta;
};
constexpr Scale scales[] = {{2, -1}, {1, 1}, {1, 0}};

template <class T>
void check_product(const Size& s, bool a_transposed, bool b_transposed, const Scale& scale) {
  BOOST_TEST_CONTEXT(s.m << "x" << s.n << "x" << s.k << (a_transposed ? ", A" : "")
                         << (b_transposed ? ", B" : "") << " transposed, alpha " << scale.alpha
                         << ", beta " << scale.beta) {
    const Tensor<T> a = random<T>({s.m * s.k}, "a"), b = random<T>({s.k * s.n}, "b");
    const Tensor<T> c = random<T>({s.m, s.n}, "c");
    const Factor<T> fa = factor(a, s.m, s.k, a_transposed), fb = factor(b, s.k, s.n, b_transposed);
    std::vector<Tensor<T>> results;
    for (const int threads : {1, 2, 3}) {
      set_num_threads(threads);
      results.push_back(c.clone());
      kernels::gemm<T>(static_cast<T>(scale.alpha), fa, fb, static_cast<T>(scale.beta),
                       results.back().data());
      BOOST_TEST(std::memcmp(results.back().values().data(), results[0].values().data(),
                             results[0].values().size_bytes()) == 0,
                 "other bits with " << threads << " threads");
    }
    double worst = 0;
    for (Index i = 0; i < s.m; ++i)
      for (Index j = 0; j < s.n; ++j) {
        double sum = 0;
        for (Index l = 0; l < s.k; ++l) sum += at(fa, i, l) * at(fb, l, j);
        const auto flat = static_cast<std::size_t>(i * s.n + j);
        const double expected =
            scale.alpha * sum + scale.beta * static_cast<double>(c.values()[flat]);
        worst =
            std::max(worst, std::abs(expected - static_cast<double>(results[0].values()[flat])));
      }
    // After l terms a sum is about sqrt(l) / 3 large, twice that with alpha, and each addition
    // rounds it by up to half an epsilon: after k, the standard deviation is below k epsilon / 4.
    // Eight of these.
    constexpr double epsilon = std::numeric_limits<T>::epsilon();
    BOOST_TEST(worst <= 2 * epsilon * static_cast<double>(s.k + 4));
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(gemm)

BOOST_AUTO_TEST_CASE(products_are_right_and_have_the_same_bits_at_any_thread_count) {
  const int before = num_threads();
  for (const Size& s : sizes)
    for (const bool a_transposed : {false, true})
      for (const bool b_transposed : {false, true})
        for (const Scale& scale : scales) {
          check_product<float>(s, a_transposed, b_transposed, scale);
          check_product<double>(s, a_transposed, b_transposed, scale);
        }
  set_num_threads(before);
}

// Rows that lie apart, as those of one group's channels do; what is between them is not touched.
BOOST_AUTO_TEST_CASE(strides_reach_into_larger_matrices) {
  constexpr Index m = 70, n = 90, k = 200, gap = 7;
  const Tensor<float> a = random<float>({m, k + gap}, "a"), b = random<float>({n, k}, "b");
  const Factor<float> fa(a.data(), m, k, k + gap), fb = Factor<float>(b.data(), n, k).t();
  Tensor<float> c = Tensor<float>::full({m, n + gap}, 9);
  kernels::gemm<float>(1, fa, fb, 0, c.data(), n + gap);
  for (Index i = 0; i < m; ++i) {
    for (Index j = 0; j < n + gap; ++j) {
      double expected = j < n ? 0 : 9;
      for (Index l = 0; l < k && j < n; ++l) expected += at(fa, i, l) * at(fb, l, j);
      const float got = c.values()[static_cast<std::size_t>(i * (n + gap) + j)];
      BOOST_REQUIRE_SMALL(static_cast<double>(got) - expected, 1e-5);
    }
  }
}

BOOST_AUTO_TEST_CASE(with_beta_zero_the_result_is_only_written) {
  const Tensor<double> a = random<double>({2, 3}, "a");
  for (const Index k : {Index{0}, Index{3}}) {
    Tensor<double> c = Tensor<double>::full({2, 2}, std::nan(""));
    kernels::gemm<double>(1, Factor<double>(a.data(), 2, k), Factor<double>(a.data(), 2, k).t(), 0,
                          c.data());
    for (const double value : c.values()) BOOST_TEST(std::isfinite(value));
  }
}

BOOST_AUTO_TEST_SUITE_END()

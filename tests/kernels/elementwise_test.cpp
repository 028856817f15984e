#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/simd/elementwise.hpp>
#include <xgrad/kernels/simd/level.hpp>

using namespace xgrad;
using namespace xgrad::kernels;

namespace {

template <class T>
struct Function {
  const char* name;
  typename ElementwiseLoops<T>::Unary ElementwiseLoops<T>::*loop;
  long double (*exact)(long double);
  double ulps;
};

// xsimd promises no bound; these are a little over what was found, and small enough for a float's
// last digit but one.
template <class T>
std::vector<Function<T>> functions() {
  using Loops = ElementwiseLoops<T>;
  return {
      {"tanh", &Loops::tanh, [](long double x) { return std::tanh(x); }, 2},
      {"exp", &Loops::exp, [](long double x) { return std::exp(x); }, 3},
      {"log", &Loops::log, [](long double x) { return std::log(x); }, 2},
      {"sigmoid", &Loops::sigmoid, [](long double x) { return 1 / (1 + std::exp(-x)); }, 3},
      {"sqrt", &Loops::sqrt, [](long double x) { return std::sqrt(x); }, 0.5},
      {"relu", &Loops::relu, [](long double x) { return x <= 0 ? 0 : x; }, 0},
  };
}

// Around zero, the whole range of exponents, and what has no neighbours.
template <class T>
std::vector<T> arguments() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> xs{0,
                    T(-0.0),
                    1,
                    -1,
                    Limits::infinity(),
                    -Limits::infinity(),
                    Limits::quiet_NaN(),
                    Limits::max(),
                    Limits::lowest(),
                    Limits::min(),
                    -Limits::min()};
  const double reach = std::log(static_cast<double>(Limits::max()));
  for (double x = -1.05 * reach; x < 1.05 * reach; x += reach / 30011)
    xs.push_back(static_cast<T>(x));
  for (double x = -2; x < 2; x += 1e-4) xs.push_back(static_cast<T>(x));
  for (double x = -0.99 * reach; x < 0.99 * reach; x += reach / 10007) {
    xs.push_back(static_cast<T>(std::exp(x)));
    xs.push_back(static_cast<T>(-std::exp(x)));
  }
  return xs;
}

// The distance in units of the last place of `exact`. Results below the normal range count as zero.
template <class T>
double distance(T value, long double exact) {
  using Limits = std::numeric_limits<T>;
  const T rounded = static_cast<T>(exact);
  if (std::isnan(value) || std::isnan(rounded))
    return std::isnan(value) && std::isnan(rounded) ? 0 : INFINITY;
  if (value == rounded) return 0;
  if (std::isinf(value) || std::isinf(rounded)) return INFINITY;
  if (std::abs(rounded) < Limits::min()) return std::abs(value) <= Limits::min() ? 0 : INFINITY;
  const T unit = std::abs(rounded) - std::nextafter(std::abs(rounded), T(0));
  return static_cast<double>(std::abs(static_cast<long double>(value) - exact) / unit);
}

template <class T>
void check(const ElementwiseLoops<T>& loops) {
  const std::vector<T> xs = arguments<T>();
  std::vector<T> ys(xs.size());
  for (const auto& function : functions<T>()) {
    BOOST_TEST_CONTEXT(function.name << (sizeof(T) == 4 ? ", float" : ", double")) {
      (loops.*function.loop)(xs.data(), ys.data(), static_cast<Index>(xs.size()));
      double worst = 0;
      std::size_t at = 0;
      for (std::size_t i = 0; i < xs.size(); ++i) {
        const double d = distance(ys[i], function.exact(static_cast<long double>(xs[i])));
        if (d > worst) {
          worst = d;
          at = i;
        }
      }
      BOOST_TEST(worst <= function.ulps,
                 worst << " units in the last place at " << xs[at] << ": " << ys[at]);
    }
  }
}

template <class Level>
void check_level(SimdLevel level) {
  if (level > simd_level()) return;
  BOOST_TEST_CONTEXT(to_string(level)) {
    check(elementwise_loops<Level, float>());
    check(elementwise_loops<Level, double>());
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(elementwise_kernels)

BOOST_AUTO_TEST_CASE(functions_are_accurate_over_their_whole_range_at_every_simd_level) {
  check_level<Baseline>(SimdLevel::baseline);
#if defined(__x86_64__)
  check_level<Avx2>(SimdLevel::avx2);
  check_level<Avx512>(SimdLevel::avx512);
#endif
}

// The same element gives the same bits wherever it lies, so results do not depend on how a tensor
// is cut up.
BOOST_AUTO_TEST_CASE(an_elements_bits_do_not_depend_on_its_place) {
  const auto loops = at_simd_level([]<class Level>() { return elementwise_loops<Level, float>(); });
  std::vector<float> xs(101), ys(101);
  for (std::size_t i = 0; i < xs.size(); ++i) xs[i] = 0.07f * static_cast<float>(i) - 3;
  for (const auto& function : functions<float>()) {
    (loops.*function.loop)(xs.data(), ys.data(), 101);
    for (std::size_t i = 0; i < xs.size(); ++i) {
      float alone = 0;
      (loops.*function.loop)(&xs[i], &alone, 1);
      BOOST_TEST((alone == ys[i] || std::isnan(alone)), function.name << " of " << xs[i]);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

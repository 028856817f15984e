#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>

#include <xgrad/core/error.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/nn/init.hpp>

using namespace xgrad;

namespace {

// The largest deviation from gain^2 * identity of the products of rows, or of columns, whichever
// are fewer.
template <class T>
double deviation(const Tensor<T>& weight, double gain) {
  const Index rows = weight.shape(0), columns = weight.size() / rows;
  const bool by_row = rows <= columns;
  const Index vectors = std::min(rows, columns), length = std::max(rows, columns);
  const auto at = [&](Index vector, Index i) {
    return static_cast<double>(weight.data()[by_row ? vector * columns + i : i * columns + vector]);
  };
  double worst = 0;
  for (Index a = 0; a < vectors; ++a)
    for (Index b = 0; b < vectors; ++b) {
      double product = a == b ? -gain * gain : 0;
      for (Index i = 0; i < length; ++i) product += at(a, i) * at(b, i);
      worst = std::max(worst, std::abs(product));
    }
  return worst;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(nn_orthogonal)

BOOST_AUTO_TEST_CASE(rows_or_columns_are_orthonormal_times_gain) {
  manual_seed(1);
  for (const Shape& shape :
       {Shape{7, 7}, Shape{9, 4}, Shape{3, 8}, Shape{4, 3, 2, 5}, Shape{1, 1}}) {
    Tensor<double> weight(shape);
    nn::init::orthogonal(weight, 1.5);
    BOOST_TEST(deviation(weight, 1.5) < 1e-13);
  }
  Tensor<float> weight({64, 64});
  nn::init::orthogonal(weight);
  BOOST_TEST(deviation(weight, 1) < 1e-6);
}

BOOST_AUTO_TEST_CASE(a_gate_is_a_slice) {
  manual_seed(2);
  Tensor<double> weight({12, 3});
  for (Index g = 0; g < 4; ++g) nn::init::orthogonal(weight.slice(g * 3, (g + 1) * 3));
  for (Index g = 0; g < 4; ++g)
    BOOST_TEST(deviation(weight.slice(g * 3, (g + 1) * 3).clone(), 1) < 1e-13);
}

BOOST_AUTO_TEST_CASE(signs_are_as_likely_either_way) {
  manual_seed(3);
  int positive = 0;
  Tensor<double> weight({1, 1});
  for (int i = 0; i < 1000; ++i) {
    nn::init::orthogonal(weight);
    positive += weight.item() > 0;
  }
  BOOST_TEST(std::abs(positive - 500) < 80);  // five standard deviations
}

BOOST_AUTO_TEST_CASE(the_values_do_not_depend_on_the_number_of_threads) {
  const int before = num_threads();
  Tensor<double> weights[2] = {Tensor<double>({96, 80}), Tensor<double>({96, 80})};
  for (int i = 0; i < 2; ++i) {
    set_num_threads(i + 1);
    manual_seed(4);
    nn::init::orthogonal(weights[i]);
  }
  set_num_threads(before);
  BOOST_TEST(std::ranges::equal(weights[0].values(), weights[1].values()));
}

BOOST_AUTO_TEST_CASE(a_vector_has_no_rows) {
  BOOST_CHECK_THROW(nn::init::orthogonal(Tensor<float>(Shape{3})), ShapeError);
}

BOOST_AUTO_TEST_SUITE_END()

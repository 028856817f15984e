#include <boost/test/unit_test.hpp>

#include <cmath>

#include <xgrad/core/random.hpp>
#include <xgrad/kernels/reduce.hpp>

using namespace xgrad;

namespace {

Tensor<float> random_tensor(const Shape& shape) {
  RandomStream random(3, "reduce test");
  Tensor<float> x = Tensor<float>::empty(shape);
  for (float& value : x.values()) value = static_cast<float>(random.uniform(-1, 1));
  return x;
}

// A float sum that was rounded once, from a double.
void check_rounded_once(float value, double exact, double scale) {
  BOOST_TEST(std::abs(static_cast<double>(value) - exact) <=
             std::abs(exact) * 0x1p-24 + scale * 1e-15);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reduce_kernels)

BOOST_AUTO_TEST_CASE(column_and_row_sums_are_rounded_once) {
  for (const Shape& shape : {Shape{50000, 3}, Shape{3001, 16}, Shape{40, 5000}, Shape{1, 7},
                             Shape{7, 1}, Shape{100003, 1}, Shape{2, 40000}, Shape{130, 63}}) {
    BOOST_TEST_CONTEXT(shape.to_string()) {
      const Index rows = shape[0], cols = shape[1];
      const Tensor<float> x = random_tensor(shape);
      Tensor<float> columns(Shape{cols}), squares(Shape{cols}), sums(Shape{rows});
      kernels::column_sum(x, columns);
      kernels::column_sum_of_product(x, x, squares);
      kernels::row_sum(x, sums);
      for (Index c = 0; c < cols; ++c) {
        double sum = 0, square = 0;
        for (Index r = 0; r < rows; ++r) {
          const double value = static_cast<double>(x.data()[r * cols + c]);
          sum += value;
          square += value * value;
        }
        check_rounded_once(std::as_const(columns).data()[c], sum, static_cast<double>(rows));
        check_rounded_once(std::as_const(squares).data()[c], square, static_cast<double>(rows));
      }
      for (Index r = 0; r < rows; ++r) {
        double sum = 0;
        for (Index c = 0; c < cols; ++c) sum += static_cast<double>(x.data()[r * cols + c]);
        check_rounded_once(std::as_const(sums).data()[r], sum, static_cast<double>(cols));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(sums_of_nothing_are_zero) {
  Tensor<float> out = Tensor<float>::full({3}, 5);
  kernels::column_sum(Tensor<float>(Shape{0, 3}), out);
  for (const float value : out.values()) BOOST_TEST(value == 0);
  out.fill(5);
  kernels::row_sum(Tensor<float>(Shape{3, 0}), out);
  for (const float value : out.values()) BOOST_TEST(value == 0);
}

BOOST_AUTO_TEST_SUITE_END()

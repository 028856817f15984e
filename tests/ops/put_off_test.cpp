// What is put off for a max-pool gives what is computed at once, and nobody can tell the
// difference.

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>

#include <models/lenet/lenet.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/norm.hpp>
#include <xgrad/ops/pool.hpp>

using namespace xgrad;

namespace {

template <class T>
Tensor<T> random_tensor(const Shape& shape, std::uint64_t seed) {
  RandomStream random(seed, "put off");
  Tensor<T> x(shape);
  for (T& value : x.values()) value = static_cast<T>(random.uniform(-2, 2));
  return x;
}

template <class T>
struct Network {
  explicit Network(const Shape& shape)
      : x(random_tensor<T>(shape, 1), true),
        gamma(random_tensor<T>({shape.back()}, 2), true),  // some of them negative
        beta(random_tensor<T>({shape.back()}, 3), true) {}

  Variable<T> norm() { return batch_norm(x * T(1), gamma, beta, stats, {.training = training}); }

  Variable<T> x, gamma, beta;
  BatchNormStats<T> stats{x.shape().back()};
  bool training = true;
};

template <class T>
void check_close(const Tensor<T>& a, const Tensor<T>& b, const char* what) {
  BOOST_TEST_REQUIRE(a.shape() == b.shape(), what);
  double largest = 0, error = 0;
  for (Index i = 0; i < a.size(); ++i) {
    largest = std::max<double>(largest, std::abs(b.data()[i]));
    error = std::max<double>(error, std::abs(a.data()[i] - b.data()[i]));
  }
  BOOST_TEST(error <= largest * 20 * std::numeric_limits<T>::epsilon(), what << ": " << error);
}

std::string op_of(const auto& y) { return y.edge().node->op().name; }

// Variables with names keep their values: those of the twin are computed one by one.
template <class T>
void check_against_twin(const Shape& shape, bool training, const PoolOptions& pool, bool fits) {
  Network<T> fused(shape), twin(shape);
  fused.training = twin.training = training;
  const auto y = max_pool2d(tanh(fused.norm()), pool);
  const auto normal = twin.norm();
  const auto active = tanh(normal);
  const auto expected = max_pool2d(active, pool);
  BOOST_TEST(op_of(expected) == "max_pool2d");
  BOOST_TEST(op_of(y) == "tanh");
  const std::string before = y.edge().node->inputs()[0].node->op().name;
  BOOST_TEST(before == (fits ? "batch_norm_max_pool2d" : "max_pool2d"));
  BOOST_TEST(y.value().values() == expected.value().values(), boost::test_tools::per_element());

  const Tensor<T> dy = random_tensor<T>(y.shape(), 4);
  y.backward(dy);
  expected.backward(dy);
  check_close(fused.x.grad(), twin.x.grad(), "dx");
  check_close(fused.gamma.grad(), twin.gamma.grad(), "dgamma");
  check_close(fused.beta.grad(), twin.beta.grad(), "dbeta");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(put_off)

BOOST_AUTO_TEST_CASE(batch_norm_activation_and_pool_are_as_one_by_one) {
  for (const bool training : {true, false}) {
    check_against_twin<float>({3, 6, 4, 32}, training, {}, true);
    check_against_twin<float>({2, 7, 5, 16}, training, {}, true);
    check_against_twin<double>({2, 7, 5, 16}, training, {.kernel = {3, 2}}, true);
    check_against_twin<float>({2, 6, 5, 3}, training, {}, false);
    check_against_twin<float>({2, 6, 5, 16}, training, {.kernel = 3, .stride = 2}, false);
  }
}

BOOST_AUTO_TEST_CASE(an_activation_goes_after_the_pool) {
  const Variable<float> x(random_tensor<float>({2, 5, 6, 3}, 1), true),
      twin(x.value().clone(), true);
  const auto y = max_pool2d(relu(x * 1.0F), 2);
  const auto active = relu(twin);
  const auto expected = max_pool2d(active, 2);
  BOOST_TEST(op_of(y) == "relu");
  BOOST_TEST(y.value().values() == expected.value().values(), boost::test_tools::per_element());
  const auto dy = random_tensor<float>(y.shape(), 4);
  y.backward(dy);
  expected.backward(dy);
  BOOST_TEST(x.grad().values() == twin.grad().values(), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_named_variable_keeps_its_value_and_its_gradient) {
  Network<float> network({2, 4, 4, 16});
  const auto normal = network.norm();
  const auto pooled = max_pool2d(normal, 2);
  normal.retain_grad();
  pooled.backward(random_tensor<float>(pooled.shape(), 4));
  BOOST_TEST(normal.grad().defined());
}

BOOST_AUTO_TEST_CASE(copies_share_one_result) {
  Network<float> network({2, 4, 4, 16});
  const auto a = tanh(network.norm());
  const auto b = a;
  BOOST_TEST(a.value().data() == b.value().data());
  BOOST_TEST((a.edge().node == b.edge().node));
}

BOOST_AUTO_TEST_CASE(it_counts_when_it_was_asked_for_and_not_when_it_was_computed) {
  Network<float> network({2, 4, 4, 16}), twin({2, 4, 4, 16});
  const auto y = network.norm();
  network.gamma.value().fill(7);
  const auto expected = twin.norm();
  {
    const NoGrad off;
    BOOST_TEST(y.value().values() == expected.value().values(), boost::test_tools::per_element());
  }
  BOOST_TEST(y.requires_grad());
  BOOST_CHECK_THROW(y.backward(expected.value()), GraphError);  // the saved gamma was overwritten
  Variable<float> constant;
  {
    const NoGrad off;
    constant = twin.norm();
  }
  BOOST_TEST(!constant.requires_grad());
}

// The comparison of LeNet with PyTorch's numbers stands for one of this op.
BOOST_AUTO_TEST_CASE(lenet_goes_through_it) {
  models::LeNet<float> model;
  const auto logits = model(Variable<float>(random_tensor<float>({2, 28, 28, 1}, 1)));
  std::multiset<std::string> ops;
  for (Node<float>* node = logits.edge().node.get(); node != nullptr;
       node = node->inputs().empty() ? nullptr : node->inputs()[0].node.get())
    ops.insert(node->op().name);
  BOOST_TEST(ops.count("batch_norm_max_pool2d") == 2U);
  BOOST_TEST(ops.count("batch_norm") == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

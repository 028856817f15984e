// Batch norm over all ranks against one process that has the whole batch.
#include "world.hpp"

#include <datasets/shard.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/distributed/sync_batch_norm.hpp>
#include <xgrad/nn/batch_norm.hpp>
#include <xgrad/nn/sequential.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/pool.hpp>

using namespace xgrad;
using tests::deviation, tests::world;

namespace {

template <class T>
Tensor<T> random(const Shape& shape, const char* name, double offset = 0) {
  RandomStream stream(1, name);
  Tensor<T> tensor = Tensor<T>::empty(shape);
  for (T& value : tensor.values()) value = static_cast<T>(offset + stream.uniform(-1, 2));
  return tensor;
}

// Of a batch norm, or one and a max-pool.
template <class T>
struct Result {
  Tensor<T> y, dx;                             // of the rows that went in
  std::vector<Tensor<T>> parameter_gradients;  // sums over these rows
  std::vector<Tensor<T>> state;
};

template <class T>
Result<T> run(nn::BatchNorm2d<T>& norm, const Tensor<T>& rows, const Tensor<T>& dy, bool pool) {
  const Variable<T> x(rows, true);
  // A temporary, so that the pool and the norm may become one op.
  const Variable<T> y = pool ? max_pool2d(norm(x * T(1)), 2) : norm(x);
  y.backward(dy);
  return {y.value(), x.grad(), {norm.weight.grad(), norm.bias.grad()}, tests::state_of(norm)};
}

template <class T>
nn::BatchNorm2d<T> make_norm(Index channels) {
  nn::BatchNorm2d<T> norm(channels);
  Tensor<T> weight = norm.weight.value(), bias = norm.bias.value();
  weight.copy_from(random<T>({channels}, "weight"));
  bias.copy_from(random<T>({channels}, "bias"));
  return norm;
}

template <class T>
void compare(Index images, bool pool, double offset, double bound) {
  constexpr Index channels = 16;
  const Tensor<T> x = random<T>({images, 4, 6, channels}, "x", offset);
  const Tensor<T> dy = random<T>(pool ? Shape{images, 2, 3, channels} : x.shape(), "dy");
  nn::BatchNorm2d<T> one = make_norm<T>(channels), many = make_norm<T>(channels);
  BOOST_TEST(distributed::synchronize_batch_norm(many, world()) == 1);

  const Result<T> expected = run(one, x, dy, pool);
  const auto [begin, end] = datasets::shard_of(images, world().rank(), world().ranks());
  Result<T> result = run(many, x.slice(begin, end), dy.slice(begin, end), pool);
  for (Tensor<T>& gradient : result.parameter_gradients) world().sum(gradient);

  const double y = deviation(result.y, expected.y.slice(begin, end)),
               dx = deviation(result.dx, expected.dx.slice(begin, end)),
               parameters = deviation(result.parameter_gradients, expected.parameter_gradients),
               state = deviation(result.state, expected.state);
  tests::say(
      "synchronised batch norm, %d ranks, %td images%s: y %.1e, dx %.1e, dgamma and dbeta %.1e, "
      "running statistics %.1e\n",
      world().ranks(), images, pool ? ", max-pool" : "", y, dx, parameters, state);
  BOOST_TEST((y <= bound && dx <= bound && parameters <= bound && state <= bound));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(sync_batch_norm)

BOOST_AUTO_TEST_CASE(is_that_of_the_whole_batch) {
  compare<double>(8, false, 0, 1e-12);
  compare<double>(8, true, 0, 1e-12);
  compare<double>(7, false, 0, 1e-12);  // unequal parts
  compare<double>(7, true, 0, 1e-12);
  compare<double>(1, false, 0, 1e-12);  // all but one rank have nothing
  compare<float>(7, false, 0, 5e-5);  // dgamma: sums of 168 terms of up to 5, rounded to 6e-8 each
}

// Variances from sums of squares would be off by 1e-8 here. What remains is the rounding of the
// mean, 1.8e-12, which the sum for dgamma has 192 times with a dy of up to 2: 7e-10.
BOOST_AUTO_TEST_CASE(is_accurate_far_from_zero) { compare<double>(8, false, 1e4, 7e-10); }

BOOST_AUTO_TEST_CASE(needs_two_rows_in_all) {
  nn::BatchNorm1d<double> norm(3);
  distributed::synchronize_batch_norm(norm, world());
  const Variable<double> row(random<double>({1, 3}, "x"), true);
  if (world().ranks() > 1) {
    const Tensor<double> y = norm(row).value();  // the same row everywhere has no variance
    BOOST_TEST(deviation(y.reshape({3}), norm.bias.value()) < 1e-9);
  } else {
    BOOST_CHECK_THROW(norm(row), ValueError);
  }
}

BOOST_AUTO_TEST_CASE(is_set_in_a_whole_network) {
  nn::Sequential<double> net(nn::BatchNorm1d<double>(3), nn::BatchNorm1d<double>(3));
  BOOST_TEST(distributed::synchronize_batch_norm(net, world()) == 2);
  net.eval();  // no sums then: one rank alone may do it
  if (world().rank() == 0) BOOST_TEST(net(random<double>({1, 3}, "x")).shape(0) == 1);
}

BOOST_AUTO_TEST_SUITE_END()

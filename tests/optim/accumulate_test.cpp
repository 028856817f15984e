// Gradients of parts of a batch, each with its share of the mean, add up to the gradient of the
// whole.
#include <boost/test/unit_test.hpp>

#include <models/lenet/lenet.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/optim/sgd.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

using namespace xgrad;

namespace {

constexpr Index pixels = 28 * 28, count = 12;

// Weights after three steps, each on the same images cut into batches of these sizes.
StateDict<double> train(const std::vector<Index>& sizes) {
  manual_seed(5);
  models::LeNet5<double> model;  // has no batch norm, which sees each batch by itself
  optim::SGD<double> sgd(model.parameters(), {.lr = 0.1, .momentum = 0.9});
  RandomStream random(3, "accumulate test");
  Tensor<double> images({count, 28, 28, 1});
  for (double& pixel : images.values()) pixel = random.uniform(-1, 1);
  const std::vector<std::int32_t> labels{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8};
  for (int step = 0; step < 3; ++step) {
    sgd.zero_grad();
    Index begin = 0;
    for (const Index size : sizes) {
      Tensor<double> part({size, 28, 28, 1});
      std::copy_n(images.data() + begin * pixels, size * pixels, part.data());
      const auto loss = cross_entropy(model(Variable<double>(part)),
                                      std::span(labels).subspan(static_cast<std::size_t>(begin),
                                                                static_cast<std::size_t>(size)));
      const double share = static_cast<double>(size) / static_cast<double>(count);
      loss.backward(Tensor<double>::full(loss.shape(), share));
      begin += size;
    }
    sgd.step();
  }
  return model.state_dict();
}

double largest_difference(const StateDict<double>& a, const StateDict<double>& b) {
  double largest = 0;
  for (const auto& [name, tensor] : a)
    for (Index i = 0; i < tensor.size(); ++i)
      largest = std::max(largest, std::abs(tensor.data()[i] - b.at(name).data()[i]));
  return largest;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(optim_accumulate)

BOOST_AUTO_TEST_CASE(batches_of_any_sizes_make_the_step_of_the_whole) {
  const auto whole = train({count});
  BOOST_TEST(largest_difference(whole, train({4, 4, 4})) < 1e-14);
  BOOST_TEST(largest_difference(whole, train({5, 5, 2})) < 1e-14);
  // Half of the images alone make another step.
  BOOST_TEST(largest_difference(whole, train({6})) > 1e-4);
}

BOOST_AUTO_TEST_SUITE_END()

// Same build, seed and data give the same bytes at any number of threads; and a training step that
// repeats its shapes takes no new memory from the system.

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstring>
#include <numeric>

#include <models/lenet/lenet.hpp>
#include <xgrad/xgrad.hpp>

using namespace xgrad;

namespace {

struct Training {
  models::LeNet<float> model;
  optim::SGD<float> sgd{model.parameters(), {.lr = 0.05, .momentum = 0.9, .weight_decay = 1e-4}};
  RandomStream data{7, "repeatability"};
  float loss = 0;

  // One step on a fresh random batch.
  void step(Index batch_size) {
    Tensor<float> images = Tensor<float>::empty(Shape{batch_size, 28, 28, 1});
    for (float& pixel : images.values()) pixel = static_cast<float>(data.uniform(-1, 1));
    std::vector<std::int32_t> labels(static_cast<std::size_t>(batch_size));
    for (auto& label : labels) label = static_cast<std::int32_t>(data.below(10));
    auto loss_of_batch = cross_entropy(model(Variable<float>(images)), labels);
    sgd.zero_grad();
    loss_of_batch.backward();
    optim::clip_grad_norm(model.parameters(), 5.0);
    sgd.step();
    loss = loss_of_batch.item();
  }
};

std::vector<std::byte> bytes_after(int steps, int threads) {
  const int before = num_threads();
  set_num_threads(threads);
  manual_seed(3);
  Training training;
  // The last batch of an epoch is smaller.
  for (int i = 0; i < steps; ++i) training.step(i % 10 == 9 ? 13 : 64);
  std::vector<std::byte> bytes;
  for (const auto& [name, tensor] : training.model.state_dict()) {
    const auto part = std::as_bytes(std::as_const(tensor).values());
    bytes.insert(bytes.end(), part.begin(), part.end());
  }
  set_num_threads(before);
  return bytes;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(models)

BOOST_AUTO_TEST_CASE(weights_after_200_steps_do_not_depend_on_the_number_of_threads) {
  const auto one = bytes_after(200, 1);
  BOOST_TEST(one.size() > 800'000U);
  BOOST_TEST((one == bytes_after(200, 2)));
  BOOST_TEST((one == bytes_after(200, 3)));
}

BOOST_AUTO_TEST_CASE(a_training_step_allocates_nothing_after_warm_up) {
  Training training;
  for (int i = 0; i < 5; ++i) training.step(32);
  const auto before = pool_counters();
  for (int i = 0; i < 20; ++i) training.step(32);
  const auto after = pool_counters();
  BOOST_TEST(after.system_allocations == before.system_allocations);
  BOOST_TEST(after.live_bytes == before.live_bytes);
  BOOST_TEST(after.requests > before.requests);
}

BOOST_AUTO_TEST_SUITE_END()

#include <boost/test/unit_test.hpp>

#include <models/cifar/cifar_cnn.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/optim/sgd.hpp>

#include <cstring>

using namespace xgrad;

namespace {

constexpr Index batch = 6;

Variable<float> images() {
  RandomStream random(1, "cifar_cnn test");
  Tensor<float> x = Tensor<float>::empty({batch, 32, 32, 3});
  for (float& value : x.values()) value = static_cast<float>(random.uniform(-1, 1));
  return Variable<float>(x);
}

// Loss of each of some steps on one batch.
std::vector<float> train(models::CifarCnn<float>& net, int steps) {
  optim::SGD<float> sgd(net.parameters(), {.lr = 0.05, .momentum = 0.9});
  std::vector<float> losses;
  for (int step = 0; step < steps; ++step) {
    sgd.zero_grad();
    const auto loss = cross_entropy(net(images()), std::vector<std::int32_t>{0, 1, 2, 3, 4, 5});
    loss.backward();
    sgd.step();
    losses.push_back(loss.item());
  }
  return losses;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(models_cifar)

BOOST_AUTO_TEST_CASE(the_state_has_pytorchs_names_and_shapes) {
  models::CifarCnn<float> net(0.1, 7);
  const auto state = net.state_dict();
  BOOST_TEST(state.size() == 6u * (1 + 5) + 2);
  const std::vector<Shape> weights{{32, 3, 3, 3},  {32, 32, 3, 3},  {64, 32, 3, 3},
                                   {64, 64, 3, 3}, {128, 64, 3, 3}, {128, 128, 3, 3}};
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const std::string number = std::to_string(i + 1), norm = "bn" + number + ".";
    BOOST_TEST_REQUIRE(state.contains("conv" + number + ".weight"));
    BOOST_TEST((state.at("conv" + number + ".weight").shape() == weights[i]), number);
    for (const char* name : {"weight", "bias", "running_mean", "running_var"}) {
      BOOST_TEST_REQUIRE(state.contains(norm + name));
      BOOST_TEST((state.at(norm + name).shape() == Shape{weights[i][0]}));
    }
    BOOST_TEST(state.contains(norm + "num_batches_tracked"));
  }
  BOOST_TEST((state.at("fc.weight").shape() == Shape{7, 128}));
  BOOST_TEST((state.at("fc.bias").shape() == Shape{7}));
  BOOST_TEST(models::CifarCnn<float>().parameter_count() == 288'746);
  BOOST_TEST((net(images()).shape() == Shape{batch, 7}));
  net.eval();
  BOOST_TEST((net(images()).shape() == Shape{batch, 7}));
}

BOOST_AUTO_TEST_CASE(a_batch_can_be_learnt_by_heart) {
  manual_seed(1);
  models::CifarCnn<float> net;
  const auto losses = train(net, 10);
  BOOST_TEST(losses.back() < 0.1 * losses.front(), losses.front() << " to " << losses.back());
  manual_seed(0);
}

BOOST_AUTO_TEST_CASE(training_gives_the_same_bytes_on_any_number_of_threads) {
  const int before = num_threads();
  std::vector<StateDict<float>> results;
  for (const int threads : {1, 3}) {
    set_num_threads(threads);
    manual_seed(2);
    models::CifarCnn<float> net(0.2);
    train(net, 2);
    results.push_back(net.state_dict());
  }
  set_num_threads(before);
  manual_seed(0);
  for (const auto& [name, tensor] : results[0])
    BOOST_TEST(std::memcmp(tensor.data(), std::as_const(results[1].at(name)).data(),
                           static_cast<std::size_t>(tensor.size()) * sizeof(float)) == 0,
               name);
}

BOOST_AUTO_TEST_SUITE_END()

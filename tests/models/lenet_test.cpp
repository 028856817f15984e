#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>

#include <models/lenet/lenet.hpp>
#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/optim/sgd.hpp>

#include <cstring>

using namespace xgrad;

namespace {

constexpr Index batch = 12;

Variable<float> images() {
  RandomStream random(1, "lenet test");
  Tensor<float> x = Tensor<float>::empty({batch, 28, 28, 1});
  for (float& value : x.values()) value = static_cast<float>(random.uniform(-1, 1));
  return Variable<float>(x);
}

std::vector<std::int32_t> labels() {
  std::vector<std::int32_t> result;
  for (std::int32_t i = 0; i < batch; ++i) result.push_back(i % 10);
  return result;
}

// Loss of each of some steps on one batch.
template <class Net>
std::vector<float> train(Net& net, int steps) {
  optim::SGD<float> sgd(net.parameters(), {.lr = 0.05, .momentum = 0.9});
  std::vector<float> losses;
  for (int step = 0; step < steps; ++step) {
    sgd.zero_grad();
    const auto loss = cross_entropy(net(images()), labels());
    loss.backward();
    sgd.step();
    losses.push_back(loss.item());
  }
  return losses;
}

template <class Net>
void check_shapes(std::vector<std::pair<std::string, Shape>> expected) {
  Net net;
  const auto state = net.state_dict();
  BOOST_TEST(state.size() == expected.size());
  for (const auto& [name, shape] : expected) {
    BOOST_TEST_REQUIRE(state.contains(name), name);
    BOOST_TEST((state.at(name).shape() == shape),
               name << ": " << state.at(name).shape().to_string());
  }
  BOOST_TEST((net(images()).shape() == Shape{batch, 10}));
  net.eval();
  BOOST_TEST((net(images()).shape() == Shape{batch, 10}));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(models_lenet)

BOOST_AUTO_TEST_CASE(states_have_pytorchs_names_and_shapes) {
  check_shapes<models::LeNet<float>>({{"conv1.weight", {16, 1, 5, 5}},
                                      {"conv1.bias", {16}},
                                      {"bn1.weight", {16}},
                                      {"bn1.bias", {16}},
                                      {"bn1.running_mean", {16}},
                                      {"bn1.running_var", {16}},
                                      {"bn1.num_batches_tracked", Shape{}},
                                      {"conv2.weight", {32, 16, 5, 5}},
                                      {"conv2.bias", {32}},
                                      {"bn2.weight", {32}},
                                      {"bn2.bias", {32}},
                                      {"bn2.running_mean", {32}},
                                      {"bn2.running_var", {32}},
                                      {"bn2.num_batches_tracked", Shape{}},
                                      {"fc1.weight", {128, 1568}},
                                      {"fc1.bias", {128}},
                                      {"fc2.weight", {10, 128}},
                                      {"fc2.bias", {10}}});
  check_shapes<models::LeNetRelu<float>>({{"conv1.weight", {16, 1, 5, 5}},
                                          {"conv1.bias", {16}},
                                          {"bn1.weight", {16}},
                                          {"bn1.bias", {16}},
                                          {"bn1.running_mean", {16}},
                                          {"bn1.running_var", {16}},
                                          {"bn1.num_batches_tracked", Shape{}},
                                          {"conv2.weight", {32, 16, 5, 5}},
                                          {"conv2.bias", {32}},
                                          {"bn2.weight", {32}},
                                          {"bn2.bias", {32}},
                                          {"bn2.running_mean", {32}},
                                          {"bn2.running_var", {32}},
                                          {"bn2.num_batches_tracked", Shape{}},
                                          {"fc1.weight", {128, 512}},
                                          {"fc1.bias", {128}},
                                          {"fc2.weight", {10, 128}},
                                          {"fc2.bias", {10}}});
  check_shapes<models::LeNet5<float>>({{"conv1.weight", {6, 1, 5, 5}},
                                       {"conv1.bias", {6}},
                                       {"conv2.weight", {16, 6, 5, 5}},
                                       {"conv2.bias", {16}},
                                       {"fc1.weight", {120, 400}},
                                       {"fc1.bias", {120}},
                                       {"fc2.weight", {84, 120}},
                                       {"fc2.bias", {84}},
                                       {"fc3.weight", {10, 84}},
                                       {"fc3.bias", {10}}});
  BOOST_TEST(models::LeNet<float>().parameter_count() == 215'466);
  BOOST_TEST(models::LeNetRelu<float>().parameter_count() == 80'298);
  BOOST_TEST(models::LeNet5<float>().parameter_count() == 61'706);
}

BOOST_AUTO_TEST_CASE(a_batch_can_be_learnt_by_heart) {
  manual_seed(1);
  models::LeNet<float> net;
  const auto losses = train(net, 12);
  BOOST_TEST(losses.back() < 0.1 * losses.front());
  models::LeNetRelu<float> fast;
  const auto faster = train(fast, 12);
  BOOST_TEST(faster.back() < 0.1 * faster.front());
  models::LeNet5<float> classic;
  const auto slower = train(classic, 60);
  BOOST_TEST(slower.back() < 0.5 * slower.front());
  manual_seed(0);
}

BOOST_AUTO_TEST_CASE(after_the_first_steps_training_takes_no_memory_from_the_system) {
  models::LeNet<float> net;
  optim::SGD<float> sgd(net.parameters(), {.lr = 0.05, .momentum = 0.9});
  const auto step = [&] {
    sgd.zero_grad();
    cross_entropy(net(images()), labels()).backward();
    sgd.step();
  };
  step();
  step();
  const auto before = pool_counters().system_allocations;
  step();
  step();
  BOOST_TEST(pool_counters().system_allocations == before);
}

using ConvolutionalNets = boost::mpl::list<models::LeNet<float>, models::LeNetRelu<float>>;
BOOST_AUTO_TEST_CASE_TEMPLATE(training_gives_the_same_bytes_on_any_number_of_threads, Net,
                              ConvolutionalNets) {
  const int before = num_threads();
  std::vector<StateDict<float>> results;
  for (const int threads : {1, 2, 3}) {
    set_num_threads(threads);
    manual_seed(2);
    Net net;
    train(net, 3);
    results.push_back(net.state_dict());
  }
  set_num_threads(before);
  manual_seed(0);
  for (const auto& [name, tensor] : results[0])
    for (const std::size_t other : {1, 2})
      BOOST_TEST(std::memcmp(tensor.data(), std::as_const(results[other].at(name)).data(),
                             static_cast<std::size_t>(tensor.size()) * sizeof(float)) == 0,
                 name);
}

BOOST_AUTO_TEST_SUITE_END()

// Ranks that share each batch train as one process that has it whole.
#include "world.hpp"

#include <cstring>
#include <optional>

#include <datasets/loader.hpp>
#include <datasets/synthetic_digits.hpp>
#include <datasets/text_streams.hpp>
#include <models/char_rnn/char_rnn.hpp>
#include <models/lenet/lenet.hpp>
#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/distributed/distributed_model.hpp>
#include <xgrad/distributed/sync_batch_norm.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/optim/clip.hpp>
#include <xgrad/optim/sgd.hpp>

using namespace xgrad;
using tests::deviation, tests::world;

namespace {

constexpr int steps = 50;

template <class T>
Tensor<T> converted(const Tensor<float>& from) {
  Tensor<T> to = Tensor<T>::empty(from.shape());
  std::copy_n(from.data(), from.size(), to.data());
  return to;
}

// One process with the whole batches, or with `model` this rank's part of all ranks' training.
template <class T>
using Model = std::optional<distributed::DistributedModel<T>>;

template <class T>
void backward(Model<T>& model, const Variable<T>& loss, double share) {
  if (model) {
    model->backward(loss, share);
  } else {
    loss.backward();
  }
}

// Rank 0 alone knows the initial weights.
void seed(bool distributed) {
  manual_seed(distributed ? static_cast<std::uint64_t>(world().rank()) : 0);
}

// 61 images in batches of 8: every eighth has 5, which 2 and 4 ranks cannot share evenly.
template <class T>
std::vector<Tensor<T>> train_lenet(bool distributed, bool whole_batch_statistics = true,
                                   std::size_t* pool_allocations = nullptr) {
  static const datasets::ImageSet images = datasets::synthetic_digits(61, 1);
  seed(distributed);
  models::LeNet<T> net;
  Model<T> model;
  datasets::LoaderOptions options{.batch_size = 8, .seed = 5, .prefetch = 0};
  if (distributed) {
    if (whole_batch_statistics) distributed::synchronize_batch_norm(net, world());
    model.emplace(net, world());
    options.rank = world().rank();
    options.ranks = world().ranks();
  }
  optim::SGD<T> sgd(net.parameters(), {.lr = 0.01, .momentum = 0.9});
  datasets::Loader loader(images, options);
  std::size_t before = 0;
  for (int step = 0; step < steps; ++step) {
    auto batch = loader.next();
    if (!batch) batch = loader.next();
    const auto loss = cross_entropy(net(converted<T>(batch->images)), batch->labels);
    sgd.zero_grad();
    backward(model, loss, batch->share());
    sgd.step();
    if (step == steps / 2) before = pool_counters().system_allocations;
  }
  if (pool_allocations != nullptr) *pool_allocations = pool_counters().system_allocations - before;
  return tests::state_of(net);
}

// One image: all ranks but one have nothing to learn from, and take part all the same.
template <class T>
std::vector<Tensor<T>> gradients_of_one_image(bool distributed) {
  static const datasets::ImageSet images = datasets::synthetic_digits(1, 1);
  manual_seed(0);
  models::LeNet<T> net;
  Model<T> model;
  if (distributed) {
    distributed::synchronize_batch_norm(net, world());
    model.emplace(net, world());
  }
  const bool has_rows = !distributed || world().rank() == world().ranks() - 1;
  datasets::Loader loader(images, {.prefetch = 0});
  const auto batch = loader.next();
  const auto logits = net(converted<T>(batch->images.slice(0, has_rows ? 1 : 0)));
  backward(model, has_rows ? cross_entropy(logits, batch->labels) : sum(logits), has_rows ? 1 : 0);
  std::vector<Tensor<T>> result;
  for (const auto& parameter : net.parameters()) result.push_back(parameter.grad().clone());
  return result;
}

// With clipping, which must see the gradient of the whole batch: it changes most of the steps.
template <class T>
std::vector<Tensor<T>> train_lstm(bool distributed) {
  std::vector<std::int32_t> ids;
  RandomStream stream(2, "text");
  for (int i = 0; i < 3000; ++i)
    ids.push_back(i % 3 == 0 ? static_cast<std::int32_t>(stream.below(20))
                             : (ids.back() * 7 + 1) % 20);
  seed(distributed);
  models::CharRnn<T> net(20, {.hidden = 24});
  Model<T> model;
  datasets::TextStreamOptions options{.batch_size = 8, .seq_len = 12};
  if (distributed) {
    model.emplace(net, world(), distributed::DistributedOptions{.bucket_bytes = 4096});
    options.rank = world().rank();
    options.ranks = world().ranks();
  }
  optim::SGD<T> sgd(net.parameters(), {.lr = 0.1, .momentum = 0.9});
  datasets::TextStreams streams(ids, options);
  RecurrentState<T> state;
  for (int step = 0; step < steps; ++step) {
    const auto& window = streams.next();
    if (window.restart) state = {};
    auto [logits, next] = net.forward({window.ids, window.steps, window.batch}, state.detach());
    state = next;
    const auto loss = cross_entropy(logits, window.targets);
    sgd.zero_grad();
    backward(model, loss, window.share());
    optim::clip_grad_norm(net.parameters(), 0.25);
    sgd.step();
  }
  return tests::state_of(net);
}

template <class T, class Train>
void compare(const char* what, const Train& train, double bound) {
  const auto many = train(true);
  auto of_rank_0 = many, one = many;
  for (auto* state : {&of_rank_0, &one})
    for (auto& tensor : *state) tensor = tensor.clone();
  tests::take_from_rank_0(of_rank_0);
  BOOST_TEST(deviation(many, of_rank_0) == 0);
  if (world().rank() == 0) one = train(false);
  tests::take_from_rank_0(one);
  const double found = deviation(many, one);
  tests::say("%s, %d steps, %d ranks against one process: largest deviation %.1e (bound %.0e)\n",
             what, steps, world().ranks(), found, bound);
  BOOST_TEST(found <= bound);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(training)

BOOST_AUTO_TEST_CASE(of_ranks_is_that_of_one_process) {
  compare<double>(
      "LeNet, float64", [](bool many) { return train_lenet<double>(many); }, 1e-12);
  compare<float>(
      "LeNet, float32", [](bool many) { return train_lenet<float>(many); }, 1e-5);
  compare<double>(
      "LSTM, float64", [](bool many) { return train_lstm<double>(many); }, 1e-12);
  compare<float>(
      "LSTM, float32", [](bool many) { return train_lstm<float>(many); }, 1e-5);
}

BOOST_AUTO_TEST_CASE(goes_on_with_ranks_that_have_no_rows) {
  BOOST_TEST(deviation(gradients_of_one_image<double>(true),
                       gradients_of_one_image<double>(false)) < 1e-12);
  BOOST_TEST(deviation(gradients_of_one_image<float>(true), gradients_of_one_image<float>(false)) <
             1e-5);
}

BOOST_AUTO_TEST_CASE(repeats_to_the_bit) {
  const auto repeats = [](const auto& train) {
    const auto first = train(true), second = train(true);
    BOOST_TEST(first.size() == second.size());
    for (std::size_t i = 0; i < first.size(); ++i)
      BOOST_TEST(std::memcmp(first[i].data(), second[i].data(), first[i].values().size_bytes()) ==
                 0);
  };
  repeats([](bool many) { return train_lenet<float>(many); });
  repeats([](bool many) { return train_lstm<float>(many); });
}

BOOST_AUTO_TEST_CASE(takes_no_memory_after_the_first_steps) {
  std::size_t allocations = 1;
  train_lenet<float>(true, true, &allocations);
  BOOST_TEST(allocations == 0U);
}

// That the comparison above sees a difference: batch norm by each rank's rows is another network.
BOOST_AUTO_TEST_CASE(depends_on_whose_statistics_batch_norm_has) {
  const double found = deviation(train_lenet<double>(true, false), train_lenet<double>(true, true));
  if (world().ranks() == 1) {
    BOOST_TEST(found == 0);
  } else {
    tests::say("LeNet, statistics of each rank against those of all: deviation %.1e\n", found);
    BOOST_TEST(found > 1e-4);
  }
}

BOOST_AUTO_TEST_SUITE_END()

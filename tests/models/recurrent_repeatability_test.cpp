// The same for a character model with carried state as repeatability_test.cpp for convolutions:
// same bytes at any number of threads, no new memory after warm-up.

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <vector>

#include <xgrad/train/detach_guard.hpp>
#include <xgrad/xgrad.hpp>

using namespace xgrad;

namespace {

constexpr Index steps = 20, batch = 32, characters = 40, hidden = 64;

class CharModel : public nn::Module<float> {
 public:
  nn::LSTM<float>& rnn = add("rnn", nn::LSTM<float>(characters, hidden));
  nn::Linear<float>& fc = add("fc", nn::Linear<float>(hidden, characters));
};

struct Training {
  CharModel model;
  optim::Adam<float> adam{model.parameters(), {.lr = 0.01}};
  train::DetachGuard guard{"rnn"};
  RandomStream data{7, "recurrent repeatability"};
  std::vector<std::int32_t> ids = std::vector<std::int32_t>(steps * batch), next = ids;
  RecurrentState<float> state;
  float loss = 0;

  // One window of truncated backpropagation through time; the next character is twice the last one
  // and a bit.
  void step() {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      ids[i] = static_cast<std::int32_t>(data.below(characters));
      next[i] = static_cast<std::int32_t>((2 * ids[i] + data.below(2)) % characters);
    }
    guard.check(state, steps);
    auto result = model.rnn.forward(IdSequence{ids, steps, batch}, state);
    const auto mean_loss = cross_entropy(model.fc(result.output), next);
    adam.zero_grad();
    mean_loss.backward();
    optim::clip_grad_norm(model.parameters(), 0.5);
    adam.step();
    state = result.state.detach();
    loss = mean_loss.item();
  }
};

void append(std::vector<std::byte>& bytes, const Tensor<float>& tensor) {
  const auto part = std::as_bytes(tensor.values());
  bytes.insert(bytes.end(), part.begin(), part.end());
}

// Weights and carried state after 200 windows.
std::vector<std::byte> bytes_after_200_windows(int threads) {
  const int before = num_threads();
  set_num_threads(threads);
  manual_seed(3);
  Training training;
  training.step();
  const float first_loss = training.loss;
  for (int i = 1; i < 200; ++i) training.step();
  BOOST_TEST(training.loss < first_loss);
  std::vector<std::byte> bytes;
  for (const auto& [name, tensor] : training.model.state_dict()) append(bytes, tensor);
  append(bytes, training.state.h.value());
  append(bytes, training.state.c.value());
  set_num_threads(before);
  manual_seed(0);
  return bytes;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(models)

BOOST_AUTO_TEST_CASE(a_character_model_after_200_windows_does_not_depend_on_the_number_of_threads) {
  const auto one = bytes_after_200_windows(1);
  BOOST_TEST(one.size() > 100'000U);
  BOOST_TEST((one == bytes_after_200_windows(2)));
  BOOST_TEST((one == bytes_after_200_windows(3)));
}

BOOST_AUTO_TEST_CASE(a_window_of_characters_allocates_nothing_after_warm_up) {
  Training training;
  for (int i = 0; i < 5; ++i) training.step();
  const auto before = pool_counters();
  for (int i = 0; i < 50; ++i) training.step();
  const auto after = pool_counters();
  BOOST_TEST(after.system_allocations == before.system_allocations);
  BOOST_TEST(after.live_bytes == before.live_bytes);
  BOOST_TEST(after.requests > before.requests);
}

BOOST_AUTO_TEST_SUITE_END()

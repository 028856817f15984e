#include <boost/test/unit_test.hpp>

#include <cmath>
#include <vector>

#include <models/char_rnn/char_rnn.hpp>
#include <models/char_rnn/sampling.hpp>
#include <xgrad/xgrad.hpp>

using namespace xgrad;

BOOST_AUTO_TEST_SUITE(char_rnn)

BOOST_AUTO_TEST_CASE(it_learns_a_text_that_repeats) {
  // "abac" over and over: after an a, only the state tells whether b or c is next.
  const std::vector<std::int32_t> period{0, 1, 0, 2};
  constexpr Index steps = 16, batch = 4;
  std::vector<std::int32_t> ids, targets;
  for (Index t = 0; t < steps; ++t)
    for (Index b = 0; b < batch; ++b) {
      ids.push_back(period[static_cast<std::size_t>((t + b) % 4)]);
      targets.push_back(period[static_cast<std::size_t>((t + b + 1) % 4)]);
    }
  for (const auto cell : {models::CharCell::rnn, models::CharCell::lstm, models::CharCell::gru}) {
    manual_seed(1);
    models::CharRnn<float> model(3, {.cell = cell, .hidden = 16, .layers = 2});
    optim::Adam<float> adam(model.parameters(), {.lr = 0.02});
    float loss = 0;
    for (int i = 0; i < 150; ++i) {
      const auto result = cross_entropy(model.forward({ids, steps, batch}, {}).logits, targets);
      adam.zero_grad();
      result.backward();
      adam.step();
      loss = result.item();
    }
    // From an empty state the first character after an a is a guess: ln(2) nats in 2 of 64 places,
    // for each of the two streams that begin with one.
    BOOST_TEST(loss < 0.1F);
  }
}

BOOST_AUTO_TEST_CASE(windows_with_carried_state_equal_one_long_sequence) {
  manual_seed(2);
  models::CharRnn<double> model(5, {.cell = models::CharCell::gru, .hidden = 6, .layers = 2});
  RandomStream random(3, "char_rnn_test");
  constexpr Index steps = 12, batch = 3, classes = 5;
  std::vector<std::int32_t> ids;
  for (Index i = 0; i < steps * batch; ++i)
    ids.push_back(static_cast<std::int32_t>(random.below(classes)));
  const auto whole = model.forward({ids, steps, batch}, {});
  const std::span all(ids);
  const auto first = model.forward({all.first(5 * batch), 5, batch}, {});
  const auto second = model.forward({all.subspan(5 * batch), 7, batch}, first.state.detach());
  const Tensor<double> expected = whole.logits.value().slice(5 * batch, steps * batch);
  for (Index i = 0; i < expected.size(); ++i)
    BOOST_TEST(second.logits.value().data()[i] == expected.data()[i],
               boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(characters_equal_one_hot_vectors_through_all_layers) {
  manual_seed(6);
  models::CharRnn<double> model(4, {.cell = models::CharCell::lstm, .hidden = 3, .layers = 3});
  const std::vector<std::int32_t> ids{3, 0, 1, 1, 2, 3};
  Tensor<double> one_hot(Shape{3, 2, 4});
  for (std::size_t i = 0; i < ids.size(); ++i)
    one_hot.data()[static_cast<Index>(i) * 4 + ids[i]] = 1;
  const auto gradients = [&](const RecurrentInput<double>& input) {
    model.zero_grad();
    sum(model.recurrent.forward(input, {}).output * 2).backward();
    std::string all;
    for (const auto& parameter : model.recurrent.parameters())
      all += to_string(parameter.grad(), 1000) + "\n";
    return all;
  };
  BOOST_TEST(gradients(IdSequence{ids, 3, 2}) == gradients(Variable<double>(one_hot)));
}

BOOST_AUTO_TEST_CASE(dropout_acts_in_training_only) {
  manual_seed(2);
  models::CharRnn<float> model(5, {.hidden = 8, .dropout = 0.5});
  const std::vector<std::int32_t> ids{0, 1, 2, 3};
  const auto logits = [&] { return to_string(model.forward({ids, 4, 1}, {}).logits.value()); };
  BOOST_TEST(logits() != logits());
  model.eval();
  BOOST_TEST(logits() == logits());
}

BOOST_AUTO_TEST_CASE(samples_follow_the_scores) {
  const std::vector<double> logits{std::log(0.1), std::log(0.6), std::log(0.3)};
  const auto counts = [&](const models::SamplingOptions& options) {
    RandomStream random(4, "char_rnn_test");
    std::vector<int> result(3);
    for (int i = 0; i < 10'000; ++i)
      ++result[static_cast<std::size_t>(
          models::sample<double>(std::span<const double>(logits), options, random))];
    return result;
  };
  // Five standard deviations of 10,000 draws are 250 at most.
  const auto plain = counts({});
  BOOST_TEST(std::abs(plain[0] - 1000) < 250);
  BOOST_TEST(std::abs(plain[1] - 6000) < 250);
  BOOST_TEST(counts({.temperature = 0}) == (std::vector<int>{0, 10'000, 0}),
             boost::test_tools::per_element());
  const auto two = counts({.top_k = 2});
  BOOST_TEST(two[0] == 0);
  BOOST_TEST(std::abs(two[1] - 6667) < 250);
  // 0.6 alone does not reach 0.7, 0.6 and 0.3 do.
  BOOST_TEST(counts({.top_p = 0.7})[0] == 0);
  BOOST_TEST(counts({.top_p = 0.6}) == (std::vector<int>{0, 10'000, 0}),
             boost::test_tools::per_element());
  // Squared and normalised: 0.01, 0.36, 0.09.
  BOOST_TEST(std::abs(counts({.temperature = 0.5})[1] - 7826) < 250);
}

BOOST_AUTO_TEST_CASE(sampling_refuses_what_makes_no_sense) {
  RandomStream random(5, "char_rnn_test");
  const std::vector<float> logits{0, NAN}, fine{0, 1};
  using Scores = std::span<const float>;
  BOOST_CHECK_THROW(models::sample(Scores(logits), {}, random), NumericError);
  BOOST_CHECK_THROW(models::sample(Scores(fine), {.temperature = -1}, random), ValueError);
  BOOST_CHECK_THROW(models::sample(Scores(fine), {.top_k = -1}, random), ValueError);
  BOOST_CHECK_THROW(models::sample(Scores(fine), {.top_p = 0}, random), ValueError);
}

BOOST_AUTO_TEST_SUITE_END()

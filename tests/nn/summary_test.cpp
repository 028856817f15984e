#include <boost/test/unit_test.hpp>

#include <models/char_rnn/char_rnn.hpp>
#include <models/lenet/lenet.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/nn/summary.hpp>

#include <algorithm>

using namespace xgrad;

namespace {

Variable<float> noise(const Shape& shape) {
  Tensor<float> x = Tensor<float>::empty(shape);
  RandomStream random(1, "summary");
  for (float& value : x.values()) value = static_cast<float>(random.normal());
  return x;
}

bool same(const Tensor<float>& a, const Tensor<float>& b) {
  return std::ranges::equal(a.values(), b.values());
}

// A layer that is used twice, and one that is not used.
struct Twice : nn::Module<float> {
  nn::Linear<float>& fc = add("fc", nn::Linear<float>(3, 3));
  nn::Linear<float>& spare = add("spare", nn::Linear<float>(5, 7, false));
  Variable<float> forward(Variable<float> x) override { return fc(fc(std::move(x))); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(summary)

BOOST_AUTO_TEST_CASE(lists_ops_with_their_module_shapes_and_parameters) {
  models::LeNet<float> lenet;
  const nn::Summary summary = nn::summarize(lenet, noise({4, 28, 28, 1}));
  BOOST_TEST_REQUIRE(summary.rows.size() == 11u);
  BOOST_TEST(summary.rows[0].module == "conv1");
  BOOST_TEST(summary.rows[0].op == "conv2d");
  BOOST_TEST(summary.rows[0].outputs.at(0) == Shape({4, 28, 28, 16}));
  BOOST_TEST(summary.rows[0].parameters == 16 * 25 + 16);
  BOOST_TEST(summary.rows[2].module == "");
  BOOST_TEST(summary.rows.back().module == "fc2");
  BOOST_TEST(summary.rows.back().outputs.at(0) == Shape({4, 10}));
  Index sum = 0;
  for (const auto& row : summary.rows) sum += row.parameters;
  BOOST_TEST(sum == 215466);
  BOOST_TEST(summary.parameters == sum);
  BOOST_TEST(summary.parameter_bytes == 4u * 215466u);
  BOOST_TEST(summary.buffer_bytes >= 4u * 2u * (16u + 32u));
  BOOST_TEST(summary.unused_parameters.empty());
}

BOOST_AUTO_TEST_CASE(memory_grows_with_the_batch_and_covers_the_gradients) {
  models::LeNet<float> lenet;
  const nn::Summary one = nn::summarize(lenet, noise({1, 28, 28, 1})),
                    many = nn::summarize(lenet, noise({32, 28, 28, 1}));
  // At least what conv1 gives out is kept, of which the input of the next layer is made.
  BOOST_TEST(many.saved_bytes > 4u * 32u * 14u * 14u * 16u);
  BOOST_TEST(many.saved_bytes > 16 * one.saved_bytes);
  for (const auto& summary : {one, many})
    BOOST_TEST(summary.peak_bytes >= summary.saved_bytes + summary.parameter_bytes / 2);
}

BOOST_AUTO_TEST_CASE(leaves_the_model_as_it_was) {
  models::LeNet<float> lenet(0.5);
  manual_seed(3);
  const auto input = noise({2, 28, 28, 1});
  Variable<float> loss = lenet(input);
  loss.backward(Tensor<float>::full(loss.shape(), 1));
  const Tensor<float> gradient = lenet.conv1.named_parameters().at(0).second.grad().clone();
  const auto state = lenet.state_dict();
  const auto streams = random_streams();
  nn::summarize(lenet, input);
  BOOST_TEST(same(lenet.conv1.named_parameters().at(0).second.grad(), gradient));
  for (const auto& [name, tensor] : lenet.state_dict())
    BOOST_TEST(same(tensor, state.at(name)), name);
  set_random_streams(streams);
  const double next = random_stream(RandomPurpose::dropout).uniform();
  set_random_streams(streams);
  nn::summarize(lenet, input);
  BOOST_TEST(random_stream(RandomPurpose::dropout).uniform() == next);
  BOOST_TEST(lenet.is_training());
}

BOOST_AUTO_TEST_CASE(a_parameter_counts_once_and_what_is_not_used_is_named) {
  Twice twice;
  const nn::Summary summary = nn::summarize<float>(twice, noise({2, 3}));
  BOOST_TEST_REQUIRE(summary.rows.size() == 2u);
  BOOST_TEST(summary.rows[0].parameters == 12);
  BOOST_TEST(summary.rows[1].parameters == 0);
  BOOST_TEST(summary.rows[1].module == "fc");
  BOOST_TEST(summary.parameters == 12 + 35);
  BOOST_TEST_REQUIRE(summary.unused_parameters.size() == 1u);
  BOOST_TEST(summary.unused_parameters[0] == "spare.weight");
  BOOST_TEST(summary.to_string().find("not used: spare.weight") != std::string::npos);
  BOOST_CHECK_THROW(nn::summarize<float>(twice, noise({2, 4})), ShapeError);
}

BOOST_AUTO_TEST_CASE(models_with_other_inputs_are_summarized_by_a_function) {
  models::CharRnn<float> model(11, {.hidden = 5, .layers = 2});
  const std::vector<std::int32_t> ids(6 * 3);
  const nn::Summary summary = nn::summarize<float>(
      model, [&] { return model.forward({ids, 6, 3}, {}).logits; });
  BOOST_TEST(summary.rows.front().module == "lstm");
  BOOST_TEST(summary.rows.front().outputs.at(0) == Shape({6, 3, 5}));
  BOOST_TEST(summary.parameters == model.parameter_count());
}

BOOST_AUTO_TEST_SUITE_END()

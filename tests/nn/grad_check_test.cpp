// Gradient checks of layers, whole models and recurrent runs.

#include <boost/test/unit_test.hpp>

#include <cstring>

#include <xgrad/autograd/boost_test.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/core/xtensor.hpp>
#include <xgrad/nn/grad_check.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/loss.hpp>

#include "models/char_rnn/char_rnn.hpp"
#include "models/lenet/lenet.hpp"

using namespace xgrad;

namespace {

Tensor<double> random_values(const Shape& shape, std::uint64_t seed) {
  RandomStream random(seed, "test");
  Tensor<double> x = Tensor<double>::empty(shape);
  for (double& value : x.values()) value = random.uniform(-1, 1);
  return x;
}

std::vector<std::int32_t> random_ids(Index count, Index below, std::uint64_t seed) {
  RandomStream random(seed, "test");
  std::vector<std::int32_t> ids;
  for (Index i = 0; i < count; ++i) ids.push_back(static_cast<std::int32_t>(random.below(below)));
  return ids;
}

// Every value and gradient of a module.
std::vector<Tensor<double>> contents(const nn::Module<double>& module) {
  std::vector<Tensor<double>> all;
  for (const auto& [path, parameter] : module.named_parameters()) {
    all.push_back(parameter.value().clone());
    if (parameter.grad().defined()) all.push_back(parameter.grad().clone());
  }
  for (const auto& [path, buffer] : module.named_buffers()) all.push_back(buffer.clone());
  return all;
}

// Linear, batch norm, dropout: state and chance in one module.
class Layers : public nn::Module<double> {
 public:
  Variable<double> forward(Variable<double> x) override {
    return dropout(tanh(norm(linear(std::move(x)))), 0.4, is_training());
  }
  nn::Linear<double>& linear = add("linear", nn::Linear<double>(3, 5));
  nn::BatchNorm1d<double>& norm = add("norm", nn::BatchNorm1d<double>(5));
};

class Unused : public nn::Module<double> {
 public:
  Variable<double> forward(Variable<double> x) override { return used(std::move(x)); }
  nn::Linear<double>& used = add("used", nn::Linear<double>(3, 2));
  nn::Linear<double>& spare = add("spare", nn::Linear<double>(3, 2));
};

constexpr OpInfo halved_op{"halved", "x", "y = x\ndx = dy / 2, which is wrong"};

// Its input's gradient is wrong, and so are those of all parameters before it.
class Halved : public nn::Module<double> {
 public:
  Variable<double> forward(Variable<double> x) override {
    const Variable<double> y = before(std::move(x));
    const auto z = record(halved_op, {y}, y.value().clone(), [](Backward<double>& b) {
      b.set_dx(0, Tensor<double>(0.5 * b.dy().array()));
    });
    return after(z);
  }
  nn::Linear<double>& before = add("before", nn::Linear<double>(3, 4));
  nn::Linear<double>& after = add("after", nn::Linear<double>(4, 2));
};

}  // namespace

BOOST_AUTO_TEST_SUITE(nn_grad_check)

BOOST_AUTO_TEST_CASE(a_module_is_checked_in_its_input_and_parameters_and_left_as_it_was) {
  for (const bool training : {true, false}) {
    manual_seed(3);
    Layers net;
    net.train(training);
    const Tensor<double> x = random_values({6, 3}, 1);
    net(x).backward(random_values({6, 5}, 2));  // running statistics and gradients of their own
    const auto before = contents(net);
    const GradCheckReport report = grad_check(net, x);
    BOOST_TEST(check_passed(report));
    BOOST_TEST(report.max_rel_error < 1e-7);
    BOOST_TEST_REQUIRE(report.inputs.size() == 5u);
    BOOST_TEST(report.inputs[0].name == "x");
    BOOST_TEST(report.inputs[1].name == "linear.weight");
    BOOST_TEST(report.elements == 6 * 3 + 5 * 3 + 5 + 5 + 5);
    const auto after = contents(net);
    BOOST_TEST_REQUIRE(after.size() == before.size());
    for (std::size_t i = 0; i < after.size(); ++i)
      BOOST_TEST(std::memcmp(after[i].data(), before[i].data(),
                             static_cast<std::size_t>(after[i].size()) * sizeof(double)) == 0);
  }
}

BOOST_AUTO_TEST_CASE(a_parameter_without_a_gradient_is_an_error_that_names_it) {
  Unused net;
  BOOST_CHECK_EXCEPTION(
      grad_check(net, random_values({2, 3}, 1)), GraphError, [](const auto& error) {
        return std::string(error.what()).find("spare.weight") != std::string::npos;
      });
}

BOOST_AUTO_TEST_CASE(a_wrong_layer_in_the_middle_fails_what_is_before_it_and_nothing_behind) {
  Halved net;
  const GradCheckReport report = grad_check(net, random_values({3, 3}, 1));
  BOOST_TEST(!report.ok);
  for (const GradCheckInput& input : report.inputs) {
    BOOST_TEST_CONTEXT(input.name) {
      BOOST_TEST(input.ok == input.name.starts_with("after"));
      if (!input.ok) BOOST_TEST(input.diagnosis.find("factor 0.5") != std::string::npos);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_loss_of_lenet_in_training) {
  manual_seed(1);
  models::LeNet<double> net;
  const Variable<double> images = random_values({3, 28, 28, 1}, 1);
  const std::vector<std::int32_t> labels{3, 1, 7};
  const GradCheckReport report = grad_check(net, [&] { return cross_entropy(net(images), labels); },
                                            {.full_up_to = 20, .directions = 2});
  BOOST_TEST(check_passed(report));
  BOOST_TEST(report.max_rel_error <= 1e-6);
  BOOST_TEST(report.inputs.size() == net.parameters().size());
}

BOOST_AUTO_TEST_CASE(two_layers_of_lstm_through_twelve_steps) {
  manual_seed(1);
  constexpr Index steps = 12, batch = 3, vocabulary = 9;
  models::CharRnn<double> net(vocabulary,
                              {.cell = models::CharCell::lstm, .hidden = 8, .layers = 2});
  const auto ids = random_ids(steps * batch, vocabulary, 1);
  const auto targets = random_ids(steps * batch, vocabulary, 2);
  const auto loss = [&] {
    return cross_entropy(net.forward(IdSequence{ids, steps, batch}, {}).logits, targets);
  };
  const GradCheckReport report = grad_check(net, loss, {.full_up_to = 0});
  BOOST_TEST(check_passed(report));
  BOOST_TEST(report.max_rel_error <= 1e-6);
  BOOST_TEST_REQUIRE(report.order.has_value());
  BOOST_TEST(std::abs(*report.order - 2) < 0.1);
}

BOOST_AUTO_TEST_SUITE_END()

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <map>
#include <memory>

#include <xgrad/core/random.hpp>
#include <xgrad/nn/recurrent.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/recurrent_cells.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/train/recurrent_probe.hpp>

using namespace xgrad;
using namespace xgrad::train;

namespace {

constexpr Index inputs = 3, hidden = 4, batch = 2, steps = 6;

Tensor<double> random(const Shape& shape, std::uint64_t seed) {
  Tensor<double> tensor(shape);
  RandomStream stream(seed, "layers probe test");
  for (double& value : tensor.values()) value = stream.normal();
  return tensor;
}

struct Case {
  const char* name;
  std::unique_ptr<nn::Recurrent<double>> (*make)(const nn::StackOptions&);
  RecurrentState<double> (*cell)(const Variable<double>&, const RecurrentState<double>&,
                                 const RecurrentWeights<double>&);
  bool has_cell;
};

const Case cases[] = {
    {"rnn",
     [](const nn::StackOptions& o) -> std::unique_ptr<nn::Recurrent<double>> {
       return std::make_unique<nn::RNN<double>>(
           inputs, hidden, nn::RNNOptions{.num_layers = o.num_layers, .dropout = o.dropout});
     },
     [](const auto& x, const auto& state, const auto& w) { return rnn_cell(x, state, w); }, false},
    {"lstm",
     [](const nn::StackOptions& o) -> std::unique_ptr<nn::Recurrent<double>> {
       return std::make_unique<nn::LSTM<double>>(inputs, hidden, o);
     },
     [](const auto& x, const auto& state, const auto& w) { return lstm_cell(x, state, w); }, true},
    {"gru",
     [](const nn::StackOptions& o) -> std::unique_ptr<nn::Recurrent<double>> {
       return std::make_unique<nn::GRU<double>>(inputs, hidden, o);
     },
     [](const auto& x, const auto& state, const auto& w) { return gru_cell(x, state, w); }, false}};

// The same network from cells: the oracle.
RecurrentProbe probe_cells(const Case& c, const nn::Recurrent<double>& layers, Index count,
                           const Tensor<double>& x, const Variable<double>& u) {
  std::map<std::string, Variable<double>> named;
  for (const auto& [name, parameter] : layers.named_parameters()) named[name] = parameter;
  std::vector<RecurrentWeights<double>> weights;
  std::vector<ProbedState<double>> initial;
  for (Index l = 0; l < count; ++l) {
    const std::string suffix = "_l" + std::to_string(l);
    weights.push_back({named.at("weight_ih" + suffix), named.at("weight_hh" + suffix),
                       named.at("bias_ih" + suffix), named.at("bias_hh" + suffix)});
  }
  const auto n = static_cast<std::size_t>(count);
  for (std::size_t i = 0; i < n * (c.has_cell ? 2 : 1); ++i)
    initial.push_back({"state", Tensor<double>({batch, hidden}), i < n});
  const RecurrentStep<double> step = [&](Index t, std::span<const Variable<double>> before) {
    ProbedStep<double> made;
    made.state.resize(before.size());
    Variable<double> input(x[t]);
    for (std::size_t l = 0; l < n; ++l) {
      RecurrentState<double> state{before[l], {}};
      if (c.has_cell) state.c = before[n + l];
      const auto after = c.cell(input, state, weights[l]);
      input = made.state[l] = after.h;
      // A node of its own, since h_t has come from c_t already.
      if (c.has_cell) made.state[n + l] = after.c * 1.0;
    }
    made.loss = sum(input * u);
    return made;
  };
  return probe_recurrence<double>(step, initial,
                                  {.steps = steps, .parameters = layers.parameters()});
}

void check_close(const std::vector<double>& a, const std::vector<double>& b) {
  BOOST_REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    BOOST_TEST(std::abs(a[i] - b[i]) <= 1e-12 * std::abs(b[i]));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(recurrent_layers_probe)

BOOST_AUTO_TEST_CASE(layers_are_probed_as_their_cells_are) {
  const Tensor<double> x = random({steps, batch, inputs}, 1);
  const Variable<double> u(random({batch, hidden}, 2));
  for (const Case& c : cases)
    for (const Index count : {1, 2}) {
      BOOST_TEST_CONTEXT(c.name << ", layers: " << count) {
        manual_seed(3);
        const auto layers = c.make({.num_layers = count, .dropout = count == 1 ? 0 : 0.5});
        const auto position = random_stream(RandomPurpose::dropout).position();
        const RecurrentProbe probe = probe_recurrence<double>(
            *layers,
            {[&](Index t) { return Variable<double>(x.slice(t, t + 1)); },
             [&](Index, const Variable<double>& output) { return sum(output * u); }},
            {}, batch, {.steps = steps, .label = "layers"});
        const RecurrentProbe expected = probe_cells(c, *layers, count, x, u);
        BOOST_TEST(std::abs(probe.loss - expected.loss) < 1e-13);
        BOOST_REQUIRE(probe.states.size() == expected.states.size());
        for (std::size_t i = 0; i < probe.states.size(); ++i) {
          check_close(probe.states[i].gradient_by_step, expected.states[i].gradient_by_step);
          check_close(probe.states[i].gradient_by_lag, expected.states[i].gradient_by_lag);
        }
        BOOST_TEST(probe.states.back().name ==
                   std::string(c.has_cell ? "c" : "h") + (count == 1 ? "" : "_l1"));
        BOOST_TEST(std::abs(*probe.gradient_norm / *expected.gradient_norm - 1) < 1e-12);
        const std::size_t gates = c.has_cell ? 4 : std::string_view(c.name) == "gru" ? 3 : 1;
        BOOST_TEST(probe.spectra.size() == gates * static_cast<std::size_t>(count));
        // Nothing of the run has changed.
        BOOST_TEST(random_stream(RandomPurpose::dropout).position() == position);
        for (const auto& parameter : layers->parameters()) BOOST_TEST(!parameter.grad().defined());
      }
    }
}

BOOST_AUTO_TEST_SUITE_END()

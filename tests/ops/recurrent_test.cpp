// The fused recurrent layers against the cells unrolled by hand, and what training through time
// relies on. Gradient checks and naive references are in the registry's tests.

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstring>
#include <functional>

#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/nn/recurrent.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

using namespace xgrad;

namespace {

using Var = Variable<double>;
using State = RecurrentState<double>;
using Weights = RecurrentWeights<double>;
using Result = RecurrentResult<double>;

template <class T = double>
Variable<T> random_leaf(const Shape& shape, std::uint64_t seed) {
  RandomStream random(seed, "recurrent_test");
  Tensor<T> values = Tensor<T>::empty(shape);
  for (T& value : values.values()) value = static_cast<T>(random.uniform(-0.8, 0.8));
  return {values, true};
}

struct CellCase {
  const char* name;
  Index gates;
  bool has_c;
  std::function<Result(const RecurrentInput<double>&, const State&, const Weights&,
                       const RecurrentOptions&)>
      layer;
  std::function<State(const Var&, const State&, const Weights&)> cell;
};

const std::vector<CellCase>& cells() {
  static const std::vector<CellCase> all{
      {"rnn_tanh", 1, false, rnn_tanh<double>,
       [](const Var& x, const State& s, const Weights& w) { return rnn_cell(x, s, w); }},
      {"rnn_relu", 1, false, rnn_relu<double>,
       [](const Var& x, const State& s, const Weights& w) {
         return rnn_cell(x, s, w, RnnNonlinearity::relu);
       }},
      {"lstm", 4, true, lstm<double>, lstm_cell<double>},
      {"gru", 3, false, gru<double>, gru_cell<double>}};
  return all;
}

// mask * a + (1 - mask) * b, the mask [B, 1] being 1 within the lengths.
Var blend(const Var& mask, const Var& a, const Var& b) { return mask * a + (1.0 - mask) * b; }

// The layer as a user would unroll it.
Result unrolled(const CellCase& c, const Var& x, State state, const Weights& w,
                const RecurrentOptions& options) {
  const Index steps = x.shape(0), batch = x.shape(1), hidden = w.w_hh.shape(1);
  if (!state.h.defined()) state.h = Var(Tensor<double>(Shape{batch, hidden}));
  if (c.has_c && !state.c.defined()) state.c = Var(Tensor<double>(Shape{batch, hidden}));
  std::vector<Var> outputs(static_cast<std::size_t>(steps));
  for (Index i = 0; i < steps; ++i) {
    const Index t = options.reverse ? steps - 1 - i : i;
    const Var x_t = reshape(slice(x, 0, t, t + 1), {batch, x.shape(2)});
    State next = c.cell(x_t, state, w);
    Var output = next.h;
    if (!options.lengths.empty()) {
      Tensor<double> mask(Shape{batch, 1});
      for (Index b = 0; b < batch; ++b)
        mask.data()[b] = t < options.lengths[static_cast<std::size_t>(b)] ? 1 : 0;
      const Var within(mask);
      output = within * next.h;
      next = {blend(within, next.h, state.h), c.has_c ? blend(within, next.c, state.c) : Var()};
    }
    outputs[static_cast<std::size_t>(t)] = reshape(output, {1, batch, hidden});
    state = next;
  }
  return {concat(outputs, 0), state};
}

double largest_difference(const Tensor<double>& a, const Tensor<double>& b) {
  BOOST_TEST_REQUIRE(a.shape() == b.shape());
  double worst = 0;
  for (Index i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a.data()[i] - b.data()[i]));
  return worst;
}

// A loss in which every element of output and state counts differently.
Var loss_of(const Result& result) {
  const auto weighted = [](const Var& y, std::uint64_t seed) {
    return sum(y * random_leaf(y.shape(), seed).detach());
  };
  Var loss = weighted(result.output, 100) + weighted(result.state.h, 101);
  return result.state.c.defined() ? loss + weighted(result.state.c, 102) : loss;
}

std::vector<Tensor<double>> gradients(const Var& loss, const std::vector<Var>& leaves) {
  for (const Var& leaf : leaves) leaf.zero_grad();
  loss.backward();
  std::vector<Tensor<double>> result;
  for (const Var& leaf : leaves) result.push_back(leaf.grad().clone());
  return result;
}

void check_equal(const Result& fused, const Result& oracle, const std::vector<Var>& leaves) {
  constexpr double tolerance = 1e-10;
  BOOST_TEST(largest_difference(fused.output.value(), oracle.output.value()) < tolerance);
  BOOST_TEST(largest_difference(fused.state.h.value(), oracle.state.h.value()) < tolerance);
  if (fused.state.c.defined())
    BOOST_TEST(largest_difference(fused.state.c.value(), oracle.state.c.value()) < tolerance);
  const auto a = gradients(loss_of(fused), leaves), b = gradients(loss_of(oracle), leaves);
  for (std::size_t i = 0; i < leaves.size(); ++i)
    BOOST_TEST(largest_difference(a[i], b[i]) < tolerance, "gradient " << i);
}

Var one_hot(const std::vector<std::int32_t>& ids, const Shape& shape) {
  Tensor<double> x(shape);
  for (std::size_t i = 0; i < ids.size(); ++i)
    x.data()[static_cast<Index>(i) * shape[2] + ids[i]] = 1;
  return x;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(recurrent)

BOOST_AUTO_TEST_CASE(fused_layers_equal_unrolled_cells) {
  constexpr Index steps = 6, batch = 3, inputs = 4, hidden = 5;
  for (const CellCase& c : cells())
    for (const bool bias : {true, false})
      for (const bool reverse : {false, true})
        for (const std::vector<std::int32_t>& lengths :
             {std::vector<std::int32_t>{}, std::vector<std::int32_t>{2, 6, 0}}) {
          BOOST_TEST_CONTEXT(c.name << (bias ? ", biases" : "") << (reverse ? ", reversed" : "")
                                    << (lengths.empty() ? "" : ", lengths")) {
            const Index width = c.gates * hidden;
            Weights w{random_leaf({width, inputs}, 1), random_leaf({width, hidden}, 2), {}, {}};
            const Var x = random_leaf({steps, batch, inputs}, 3);
            State state{random_leaf({batch, hidden}, 4), {}};
            std::vector<Var> leaves{x, w.w_ih, w.w_hh, state.h};
            if (c.has_c) leaves.push_back(state.c = random_leaf({batch, hidden}, 5));
            if (bias) {
              leaves.push_back(w.b_ih = random_leaf({width}, 6));
              leaves.push_back(w.b_hh = random_leaf({width}, 7));
            }
            RecurrentOptions options;
            options.reverse = reverse;
            options.lengths = lengths;
            check_equal(c.layer(x, state, w, options), unrolled(c, x, state, w, options), leaves);
          }
        }
}

// Rows of gates a whole page long, whose gradients are kept apart; more rows than a chunk has; and
// several panels of the product, the last one not full.
BOOST_AUTO_TEST_CASE(wide_layers_equal_unrolled_cells) {
  constexpr Index steps = 3, inputs = 4;
  struct Width {
    std::size_t cell;
    Index hidden, batch;
  };
  for (const Width& width : {Width{0, 512, 2}, {2, 128, 35}, {2, 37, 35}, {3, 41, 19}}) {
    const CellCase& c = cells()[width.cell];
    const Index hidden = width.hidden, batch = width.batch, gates = c.gates * hidden;
    BOOST_TEST_CONTEXT(c.name << " of " << hidden) {
      const auto small = [](const Shape& shape, std::uint64_t seed) {
        const Var leaf = random_leaf(shape, seed);
        for (double& value : Tensor<double>(leaf.value()).values()) value *= 0.2;
        return leaf;
      };
      const Weights w{small({gates, inputs}, 1), small({gates, hidden}, 2), small({gates}, 3),
                      small({gates}, 4)};
      const Var x = random_leaf({steps, batch, inputs}, 5);
      check_equal(c.layer(x, {}, w, {}), unrolled(c, x, {}, w, {}),
                  {x, w.w_ih, w.w_hh, w.b_ih, w.b_hh});
    }
  }
}

BOOST_AUTO_TEST_CASE(stacked_bidirectional_modules_equal_unrolled_cells) {
  constexpr Index inputs = 3, hidden = 4, batch = 2, steps = 5;
  const nn::StackOptions options{.num_layers = 2, .bidirectional = true};
  std::vector<std::unique_ptr<nn::Recurrent<double>>> modules;
  modules.push_back(std::make_unique<nn::RNN<double>>(
      inputs, hidden, nn::RNNOptions{.num_layers = 2, .bidirectional = true}));
  modules.push_back(std::make_unique<nn::LSTM<double>>(inputs, hidden, options));
  modules.push_back(std::make_unique<nn::GRU<double>>(inputs, hidden, options));
  const CellCase* const of_module[] = {&cells()[0], &cells()[2], &cells()[3]};
  for (std::size_t m = 0; m < modules.size(); ++m) {
    const CellCase& c = *of_module[m];
    BOOST_TEST_CONTEXT(c.name) {
      const auto p = modules[m]->parameters();
      BOOST_TEST_REQUIRE(p.size() == 16U);
      const Var x = random_leaf({steps, batch, inputs}, 3);
      State state{random_leaf({4, batch, hidden}, 4), {}};
      std::vector<Var> leaves = p;
      leaves.insert(leaves.end(), {x, state.h});
      if (c.has_c) leaves.push_back(state.c = random_leaf({4, batch, hidden}, 5));
      RecurrentOptions direction;
      direction.lengths = {3, 5};
      Var layer_input = x;
      std::vector<Var> h, cs;
      for (std::size_t k = 0; k < 4; k += 2) {
        std::vector<Var> outputs;
        for (std::size_t d = k; d < k + 2; ++d) {
          const auto at = static_cast<Index>(d);
          const auto part = [&](const Var& s) {
            return s.defined() ? reshape(slice(s, 0, at, at + 1), {batch, hidden}) : Var();
          };
          direction.reverse = d % 2 == 1;
          const Result r =
              unrolled(c, layer_input, {part(state.h), part(state.c)},
                       {p[4 * d], p[4 * d + 1], p[4 * d + 2], p[4 * d + 3]}, direction);
          outputs.push_back(r.output);
          h.push_back(reshape(r.state.h, {1, batch, hidden}));
          if (c.has_c) cs.push_back(reshape(r.state.c, {1, batch, hidden}));
        }
        layer_input = concat(outputs, 2);
      }
      const Result oracle{layer_input, {concat(h, 0), c.has_c ? concat(cs, 0) : Var()}};
      check_equal(modules[m]->forward(x, state, direction.lengths), oracle, leaves);
    }
  }
}

BOOST_AUTO_TEST_CASE(characters_equal_one_hot_vectors_to_the_bit) {
  constexpr Index steps = 4, batch = 3, symbols = 6, hidden = 7;
  std::vector<std::int32_t> ids;
  for (std::int32_t i = 0; i < steps * batch; ++i) ids.push_back((i * i + 2) % symbols);
  const Var x = one_hot(ids, {steps, batch, symbols});
  for (const CellCase& c : cells()) {
    BOOST_TEST_CONTEXT(c.name) {
      const Index width = c.gates * hidden;
      const Weights w{random_leaf({width, symbols}, 1), random_leaf({width, hidden}, 2),
                      random_leaf({width}, 3), random_leaf({width}, 4)};
      const Result a = c.layer(IdSequence{ids, steps, batch}, {}, w, {});
      const Result b = c.layer(x, {}, w, {});
      BOOST_TEST(largest_difference(a.output.value(), b.output.value()) == 0);
      BOOST_TEST(largest_difference(a.state.h.value(), b.state.h.value()) == 0);
      const std::vector<Var> leaves{w.w_ih, w.w_hh, w.b_ih, w.b_hh};
      const auto da = gradients(loss_of(a), leaves), db = gradients(loss_of(b), leaves);
      for (std::size_t i = 0; i < leaves.size(); ++i)
        BOOST_TEST(largest_difference(da[i], db[i]) < 1e-12);
    }
  }
}

// The float product goes through another library than the double one.
BOOST_AUTO_TEST_CASE(characters_equal_one_hot_vectors_to_the_bit_in_float) {
  constexpr Index steps = 20, batch = 16, symbols = 33, hidden = 32;
  std::vector<std::int32_t> ids;
  for (std::int32_t i = 0; i < steps * batch; ++i) ids.push_back((i * i + 2) % symbols);
  Tensor<float> x(Shape{steps, batch, symbols});
  for (std::size_t i = 0; i < ids.size(); ++i)
    x.data()[static_cast<Index>(i) * symbols + ids[i]] = 1;
  const RecurrentWeights<float> w{
      random_leaf<float>({4 * hidden, symbols}, 1), random_leaf<float>({4 * hidden, hidden}, 2),
      random_leaf<float>({4 * hidden}, 3), random_leaf<float>({4 * hidden}, 4)};
  const Tensor<float> a = lstm(IdSequence{ids, steps, batch}, {}, w).output.value();
  const Tensor<float> b = lstm(Variable<float>(x), {}, w).output.value();
  BOOST_TEST(std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.size()) * 4) == 0);
}

BOOST_AUTO_TEST_CASE(a_shorter_sequence_is_as_if_it_were_run_alone) {
  constexpr Index steps = 6, inputs = 3, hidden = 4;
  const std::vector<std::int32_t> lengths{6, 2, 4};
  for (const CellCase& c : cells())
    for (const bool reverse : {false, true}) {
      const Index width = c.gates * hidden;
      const Weights w{random_leaf({width, inputs}, 1), random_leaf({width, hidden}, 2), {}, {}};
      const Var x = random_leaf({steps, 3, inputs}, 3);
      RecurrentOptions options, alone;
      options.reverse = alone.reverse = reverse;
      options.lengths = lengths;
      const Result all = c.layer(x, {}, w, options);
      for (Index b = 0; b < 3; ++b) {
        const Index length = lengths[static_cast<std::size_t>(b)];
        const Result one = c.layer(slice(slice(x, 0, 0, length), 1, b, b + 1), {}, w, alone);
        const Var row = slice(all.output, 1, b, b + 1);
        BOOST_TEST(largest_difference(slice(row, 0, 0, length).value(), one.output.value()) <
                   1e-14);
        for (const double rest : slice(row, 0, length, steps).value().values())
          BOOST_TEST(rest == 0);
        BOOST_TEST(largest_difference(slice(all.state.h, 0, b, b + 1).value(),
                                      one.state.h.value()) < 1e-14);
      }
    }
}

BOOST_AUTO_TEST_CASE(a_detached_state_carries_its_value_and_no_gradient) {
  nn::LSTM<double> net(2, 3);
  const Var x1 = random_leaf({4, 2, 2}, 1), x2 = random_leaf({4, 2, 2}, 2);
  const Result whole = net.forward(concat({x1, x2}, 0), {});
  const Result first = net.forward(x1, {});
  const Result second = net.forward(x2, first.state.detach());
  BOOST_TEST(largest_difference(second.state.c.value(), whole.state.c.value()) < 1e-14);
  sum(second.output).backward();
  BOOST_TEST(!x1.grad().defined());
  BOOST_TEST(x2.grad().defined());
  sum(net.forward(x2, first.state).output).backward();
  BOOST_TEST(x1.grad().defined());
}

BOOST_AUTO_TEST_CASE(a_nan_in_one_sequence_stays_in_it_and_is_not_hidden) {
  for (const CellCase& c : cells()) {
    const Weights w{random_leaf({c.gates * 3, 2}, 1), random_leaf({c.gates * 3, 3}, 2), {}, {}};
    Var x = random_leaf({4, 2, 2}, 3);
    x.value().data()[(1 * 2 + 1) * 2] = NAN;  // step 1 of sequence 1
    const Result r = c.layer(x, {}, w, {});
    for (Index t = 0; t < 4; ++t)
      for (Index j = 0; j < 6; ++j)
        BOOST_TEST(
            std::isnan(std::as_const(r.output).value().data()[t * 6 + j]) == (t >= 1 && j >= 3),
            c.name << " step " << t << " element " << j);
  }
}

BOOST_AUTO_TEST_CASE(the_gradient_of_a_sum_over_time_is_the_sum_of_the_steps_gradients) {
  nn::GRU<double> net(2, 3);
  const Var x = random_leaf({5, 2, 2}, 1);
  const auto leaves = net.parameters();
  const auto whole = gradients(sum(net.forward(x, {}).output), leaves);
  for (const Var& leaf : leaves) leaf.zero_grad();
  for (Index t = 0; t < 5; ++t) sum(slice(net.forward(x, {}).output, 0, t, t + 1)).backward();
  for (std::size_t i = 0; i < leaves.size(); ++i)
    BOOST_TEST(largest_difference(leaves[i].grad(), whole[i]) < 1e-13);
}

BOOST_AUTO_TEST_CASE(modules_have_pytorchs_names_shapes_and_initial_range) {
  const nn::LSTM<float> net(3, 16, {.num_layers = 2, .bidirectional = true});
  const auto named = net.named_parameters();
  BOOST_TEST_REQUIRE(named.size() == 16U);
  BOOST_TEST(named[0].first == "weight_ih_l0");
  BOOST_TEST(named[5].first == "weight_hh_l0_reverse");
  BOOST_TEST(named[14].first == "bias_ih_l1_reverse");
  BOOST_TEST((named[8].second.shape() == Shape{64, 32}));
  float largest = 0;
  for (const auto& [name, p] : named)
    for (const float value : std::as_const(p).value().values())
      largest = std::max(largest, std::abs(value));
  BOOST_TEST(largest <= 0.25F);
  BOOST_TEST(largest > 0.24F);
}

BOOST_AUTO_TEST_CASE(dropout_acts_between_layers_and_in_training_only) {
  nn::RNN<double> one(2, 8, {.dropout = 0.5});
  nn::RNN<double> two(2, 8, {.num_layers = 2, .dropout = 0.5});
  const Var x = random_leaf({3, 2, 2}, 1);
  const auto repeats = [&](auto& net) {
    return largest_difference(net.forward(x, {}).output.value(), net.forward(x, {}).output.value());
  };
  BOOST_TEST(repeats(one) == 0);
  BOOST_TEST(repeats(two) > 0);
  two.eval();
  BOOST_TEST(repeats(two) == 0);
}

BOOST_AUTO_TEST_CASE(a_warm_training_step_allocates_nothing) {
  nn::LSTM<float> net(5, 24, {.num_layers = 2});
  std::vector<std::int32_t> ids(7 * 20, 3);
  RecurrentState<float> state;
  const auto step = [&] {
    auto result = net.forward(IdSequence{ids, 7, 20}, state);
    sum(result.output).backward();
    state = result.state.detach();
    net.zero_grad();
  };
  for (int i = 0; i < 3; ++i) step();
  const auto before = pool_counters();
  for (int i = 0; i < 20; ++i) step();
  BOOST_TEST(pool_counters().system_allocations == before.system_allocations);
  BOOST_TEST(pool_counters().live_bytes == before.live_bytes);
}

BOOST_AUTO_TEST_SUITE_END()

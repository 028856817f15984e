#include <xgrad/ops/recurrent.hpp>
#include <xgrad/ops/samples.hpp>
#include <xgrad/ops/shape.hpp>

namespace xgrad {

using namespace samples;

namespace {

struct Extents {
  Index steps = 0, batch = 0, inputs = 0, hidden = 0;
};

// Output and final states as one variable.
template <class T>
Variable<T> joined(const RecurrentResult<T>& result) {
  const Shape one_step = result.output.shape().with(0, 1);
  std::vector<Variable<T>> all{result.output, reshape(result.state.h, one_step)};
  if (result.state.c.defined()) all.push_back(reshape(result.state.c, one_step));
  return concat(all, 0);
}

// `Layer()(input, state, weights, options)` is the op; `gates` and `cells` (c besides h) say what it
// is given.
template <class Layer>
std::vector<Sample> recurrent_samples(Layer, Index gates, bool cells) {
  const auto inputs = [=](const Extents& e) {
    const Index width = gates * e.hidden;
    std::vector<Tensor<double>> all{uniform({e.steps, e.batch, e.inputs}, -1, 1, 1),
                                    uniform({width, e.inputs}, -0.7, 0.7, 2),
                                    uniform({width, e.hidden}, -0.7, 0.7, 3),
                                    uniform({width}, -0.5, 0.5, 4),
                                    uniform({width}, -0.5, 0.5, 5),
                                    uniform({e.batch, e.hidden}, -0.9, 0.9, 6)};
    if (cells) all.push_back(uniform({e.batch, e.hidden}, -1.5, 1.5, 7));
    return all;
  };
  const auto without = [=](const Extents& e, std::initializer_list<std::size_t> absent) {
    auto all = inputs(e);
    for (const std::size_t i : absent)
      if (i < all.size()) all[i] = {};
    return all;
  };
  // Every gate is 0 or 1 but for less than float64 shows.
  const auto saturated = [=] {
    auto all = inputs({2, 2, 1, 3});
    all[0] = numbers({1000, -1000, -800, 900}).reshape({2, 2, 1});
    all[1] = nonzero({gates * 3, 1}, 0.5, 0.7, 2);
    return all;
  };
  const auto apply = [](auto in, const RecurrentCase& c) {
    using T = typename std::remove_cvref_t<decltype(in[0])>::value_type;
    const RecurrentState<T> state{in[5], in.size() > 6 ? in[6] : Variable<T>()};
    const RecurrentWeights<T> weights{in[1], in[2], in[3], in[4]};
    const auto input = in[0].defined() ? RecurrentInput<T>(in[0])
                                       : RecurrentInput<T>(IdSequence{c.ids, c.steps, c.batch});
    return joined(Layer()(input, state, weights, c.options));
  };
  const auto one = [&](const char* name, std::vector<Tensor<double>> in, bool reverse = false,
                       std::vector<std::int32_t> lengths = {}) {
    RecurrentCase c;
    c.options.reverse = reverse;
    c.options.lengths = std::move(lengths);
    if (!in[0].defined()) {
      c.ids = {2, 0, 1, 3, 3, 0, 3, 2};
      c.steps = 4;
      c.batch = 2;
    }
    return sample(name, std::move(in), std::move(c), apply);
  };
  return {
      one("five steps", inputs({5, 3, 4, 2})),
      one("reversed", inputs({5, 2, 3, 5}), true),
      one("lengths", inputs({5, 4, 3, 2}), false, {3, 5, 0, 1}),
      one("lengths, reversed", inputs({5, 4, 3, 2}), true, {3, 5, 0, 1}),
      one("no biases", without({3, 2, 4, 3}, {3, 4})),
      one("b_hh alone", without({3, 2, 4, 3}, {3})),
      one("b_ih alone", without({3, 2, 4, 3}, {4})),
      one("from zeros", without({3, 2, 4, 3}, {5, 6})),
      one("one of everything", inputs({1, 1, 1, 1})),
      one("one step", inputs({1, 3, 2, 4})),
      one("one sequence", inputs({3, 1, 2, 4})),
      one("no sequences", inputs({3, 0, 2, 4})),
      one("saturated gates", saturated()),
      one("characters", without({4, 2, 4, 3}, {0})),
      one("characters, reversed, no biases", without({4, 2, 4, 3}, {0, 3, 4}), true, {4, 2}),
      one("several chunks and panels", inputs({3, 37, 2, 19})),
  };
}

}  // namespace

std::vector<OpEntry> recurrent_entries() {
  return {
      {&rnn_tanh_op, false,
       recurrent_samples([](const auto&... in) { return rnn_tanh(in...); }, 1, false)},
      {&rnn_relu_op, false,
       recurrent_samples([](const auto&... in) { return rnn_relu(in...); }, 1, false)},
      {&lstm_op, false, recurrent_samples([](const auto&... in) { return lstm(in...); }, 4, true)},
      {&gru_op, false, recurrent_samples([](const auto&... in) { return gru(in...); }, 3, false)},
  };
}

}  // namespace xgrad

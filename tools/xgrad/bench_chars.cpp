// Models of characters, as in xgrad train chars: carried state, clipping, Adam.

#include <memory>

#include <models/char_rnn/char_rnn.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/optim/adam.hpp>
#include <xgrad/optim/clip.hpp>

#include <fmt/format.h>

#include "tools/xgrad/bench_floor.hpp"
#include "tools/xgrad/bench_inputs.hpp"

namespace xgrad::command {
namespace {

using models::CharCell;

struct Size {
  Index hidden, steps, batch;
};

struct NamedCell {
  const char* name;
  CharCell cell;
  const char* op;
  Index gates;
};
constexpr NamedCell cells[] = {{"tanh", CharCell::rnn, "rnn_tanh", 1},
                               {"lstm", CharCell::lstm, "lstm", 4},
                               {"gru", CharCell::gru, "gru", 3}};

Step start_training(CharCell cell, const Size& size) {
  struct State {
    models::CharRnn<float> model;
    optim::Adam<float> adam{model.parameters(), {.lr = 1e-3}};
    std::vector<Variable<float>> parameters = model.parameters();
    std::vector<std::int32_t> ids{}, targets{};
    RecurrentState<float> carried{};
  };
  const auto state = std::make_shared<State>(
      State{models::CharRnn<float>(bench::vocabulary, {.cell = cell, .hidden = size.hidden})});
  fill_parameters(state->model);
  state->ids = bench::classes("ids", size.steps * size.batch, bench::vocabulary);
  state->targets = bench::classes("targets", size.steps * size.batch, bench::vocabulary);
  return [state, size] {
    State& s = *state;
    auto result = s.model.forward({s.ids, size.steps, size.batch}, s.carried);
    const auto loss = cross_entropy(result.logits, s.targets);
    s.adam.zero_grad();
    loss.backward();
    optim::clip_grad_norm(s.parameters, 5.0);
    s.adam.step();
    s.carried = result.state.detach();
    return loss;
  };
}

Floor floor_of(const NamedCell& cell, const Size& size) {
  Floor floor;
  const Index rows = size.steps * size.batch;
  const double states = static_cast<double>(rows * size.hidden);
  const double gates = states * static_cast<double>(cell.gates);
  const double logits = static_cast<double>(rows * bench::vocabulary);
  // An LSTM's c and a GRU's inner product are kept; where there is one gate, it is the output.
  const double inner = cell.gates > 1 ? states : 0, output = cell.gates > 1 ? states : 0;
  add_recurrent(floor, cell.op, size.steps, size.batch, size.hidden, cell.gates);
  add_linear(floor, rows, size.hidden, bench::vocabulary);
  // Reads the products and the characters' rows, writes what backward needs.
  add_pass(floor, cell.op, OpPass::forward, 2 * gates + gates + inner + output);
  // Reads those and the gradient of the output, writes the gates' gradients, which the sums over
  // characters read again.
  add_pass(floor, cell.op, OpPass::backward, gates + inner + states + gates + gates);
  add_pass(floor, "cross_entropy", OpPass::forward, 2 * logits);
  add_pass(floor, "cross_entropy", OpPass::backward, 2 * logits);
  const double h = static_cast<double>(size.hidden), v = bench::vocabulary;
  const double parameters = static_cast<double>(cell.gates) * h * (h + v + 2) + v * (h + 1);
  add_pass(floor, "clip_grad_norm", OpPass::update, parameters);
  // p, g, m and v; p, m and v
  add_pass(floor, "Adam step", OpPass::update, 7 * parameters);
  return floor;
}

}  // namespace

// charrnn_lstm_H128_T50_B32 and the like.
void add_char_workloads(std::vector<Workload>& all) {
  for (const NamedCell& cell : cells)
    for (const Size size : {Size{128, 50, 32}, {256, 64, 32}, {512, 64, 64}}) {
      const std::string name =
          fmt::format("charrnn_{}_H{}_T{}_B{}", cell.name, size.hidden, size.steps, size.batch);
      all.push_back({name,
                     fmt::format("{} of {} units, training step", cell.name, size.hidden),
                     {{.workload = name,
                       .variant = "",
                       .unit = "chars/s",
                       .amount = static_cast<double>(size.steps * size.batch),
                       .start = [=, cell = cell.cell] { return start_training(cell, size); },
                       .floor = [=] { return floor_of(cell, size); }}}});
    }
  Workload steps{
      "scaling_steps", "LSTM of 32 units, time per step of a sequence by its length", {}};
  for (const Index count : {10, 100, 1000, 10000})
    steps.cases.push_back({.workload = steps.name,
                           .variant = fmt::format("T {}", count),
                           .unit = "us",
                           .amount = static_cast<double>(count),
                           .start = [=] {
                             return start_training(CharCell::lstm, {32, count, 8});
                           }});
  Workload hidden{"scaling_hidden", "LSTM, rate of its recurrent products by hidden units", {}};
  for (const Index count : {32, 64, 128, 256, 512, 1024})
    hidden.cases.push_back({.workload = hidden.name,
                            .variant = fmt::format("H {}", count),
                            .unit = "GFLOP/s",
                            .amount = 3 * 2e-9 * 16 * 32 * 4 * static_cast<double>(count * count),
                            .start = [=] {
                              return start_training(CharCell::lstm, {count, 16, 32});
                            }});
  all.push_back(std::move(steps));
  all.push_back(std::move(hidden));
}

}  // namespace xgrad::command

// Draws the figures of GRADIENTS.md and prints their numbers, one line of JSON for each run:
//
//     char_rnn_gradients FOLDER [TEXT]
//
// Without a text it takes the one that datasets::find_text finds.

#include <fmt/format.h>

#include <algorithm>

#include <cmath>
#include <cstdio>
#include <exception>
#include <fstream>
#include <limits>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include <datasets/text.hpp>
#include <datasets/text_streams.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/recurrent.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/optim/adam.hpp>
#include <xgrad/optim/clip.hpp>
#include <xgrad/optim/sgd.hpp>
#include <xgrad/train/chart.hpp>
#include <xgrad/train/recurrent_probe.hpp>

namespace {

using namespace xgrad;

constexpr Index hidden = 128, batch = 32, probe_steps = 100;

struct Data {
  datasets::Vocabulary vocabulary;
  std::vector<std::int32_t> ids;
  datasets::TextSplit split;
};

struct Network {
  std::unique_ptr<nn::Recurrent<float>> layers;
  nn::Linear<float> head;

  Variable<float> loss(const Variable<float>& output, std::span<const std::int32_t> targets) {
    const Index rows = output.shape(0) * output.shape(1);
    return cross_entropy(head(reshape(output, {rows, hidden})), targets);
  }
};

Network make(const std::string& cell, Index characters) {
  manual_seed(1);
  std::unique_ptr<nn::Recurrent<float>> layers;
  if (cell == "lstm")
    layers = std::make_unique<nn::LSTM<float>>(characters, hidden);
  else if (cell == "gru")
    layers = std::make_unique<nn::GRU<float>>(characters, hidden);
  else
    layers = std::make_unique<nn::RNN<float>>(characters, hidden);
  return {std::move(layers), nn::Linear<float>(hidden, characters)};
}

// Tanh units with W_hh = gain * Q.
Network make_orthogonal(Index characters, double gain) {
  Network network = make("rnn", characters);
  for (const auto& [name, parameter] : network.layers->named_parameters())
    if (name.starts_with("weight_hh")) nn::init::orthogonal(parameter.value(), gain);
  return network;
}

// Reads the first 100 characters of 32 streams of the validation text, from an empty state.
train::RecurrentProbe probe(Network& network, const Data& data, const std::string& label,
                            std::optional<double> clip_rate = std::nullopt) {
  datasets::TextStreams streams(data.split.validation,
                                {.batch_size = batch, .seq_len = probe_steps});
  const datasets::TextWindow& window = streams.next();
  const auto row = [](const std::vector<std::int32_t>& ids, Index t) {
    return std::span(ids).subspan(static_cast<std::size_t>(t * batch), batch);
  };
  train::RecurrentProbeOptions<float> options{.steps = probe_steps, .label = label};
  options.parameters = network.head.parameters();
  options.clip_rate = clip_rate;
  const auto result =
      train::probe_recurrence<float>(*network.layers,
                                     {[&](Index t) {
                                        return IdSequence{row(window.ids, t), 1, batch};
                                      },
                                      [&](Index t, const Variable<float>& output) {
                                        return network.loss(output, row(window.targets, t));
                                      }},
                                     {}, batch, options);
  fmt::print("{}\n", train::to_json_line(result));
  std::fflush(stdout);
  return result;
}

struct Course {
  std::vector<double> losses{};
  std::vector<double> norms{};  // before clipping
  double clip_rate = 0;
};

// Truncated backpropagation over windows of 50 characters, the state carried from one to the next.
template <class Optimizer>
Course run(Network& network, const Data& data, Optimizer& optimizer, Index steps, double max_norm) {
  datasets::TextStreams streams(data.split.train, {.batch_size = batch, .seq_len = 50});
  auto parameters = network.layers->parameters();
  for (const auto& parameter : network.head.parameters()) parameters.push_back(parameter);
  RecurrentState<float> state;
  Course course;
  for (Index step = 0; step < steps; ++step) {
    const datasets::TextWindow& window = streams.next();
    if (window.restart) state = {};
    const auto result =
        network.layers->forward(IdSequence{window.ids, window.steps, window.batch}, state);
    const Variable<float> loss = network.loss(result.output, window.targets);
    state = result.state.detach();
    optimizer.zero_grad();
    loss.backward();
    course.losses.push_back(static_cast<double>(loss.item()));
    course.norms.push_back(optim::clip_grad_norm(parameters, max_norm));
    course.clip_rate += course.norms.back() > max_norm;
    optimizer.step();
  }
  course.clip_rate /= static_cast<double>(steps);
  return course;
}

std::vector<Variable<float>> all_parameters(const Network& network) {
  auto parameters = network.layers->parameters();
  for (const auto& parameter : network.head.parameters()) parameters.push_back(parameter);
  return parameters;
}

void write(const std::string& path, const std::string& svg) {
  std::ofstream file(path);
  if (!(file << svg).flush())
    throw IoError(path + ": cannot be written: name a folder that exists");
}

// Untrained networks: what the initial recurrent weight decides.
void draw_initial(const Data& data, const std::string& folder) {
  std::vector<train::RecurrentProbe> probes;
  Network usual = make("rnn", data.vocabulary.size());
  probes.push_back(probe(usual, data, "tanh, uniform in ±1/√H"));
  for (const double gain : {0.9, 1.0, 1.2, 1.5}) {
    Network network = make_orthogonal(data.vocabulary.size(), gain);
    probes.push_back(probe(network, data, fmt::format("tanh, {:g} × orthogonal", gain)));
  }
  write(folder + "/initial.svg", train::to_svg(probes, "Before training"));
}

// The cells after the same training.
void draw_trained(const Data& data, const std::string& folder) {
  constexpr Index steps = 2000;
  std::vector<train::RecurrentProbe> probes;
  const auto add = [&](Network network, const std::string& label) {
    optim::Adam<float> adam(all_parameters(network), {.lr = 2e-3});
    const Course course = run(network, data, adam, steps, 5);
    probes.push_back(probe(network, data, label, course.clip_rate));
  };
  const Index characters = data.vocabulary.size();
  add(make("rnn", characters), "tanh, uniform");
  add(make_orthogonal(characters, 1), "tanh, orthogonal");
  add(make("gru", characters), "GRU");
  add(make("lstm", characters), "LSTM");
  write(folder + "/trained.svg",
        train::to_svg(probes, fmt::format("After {} steps of training", steps)));
}

// The same network and steps with and without clipping.
void draw_clipping(const Data& data, const std::string& folder) {
  constexpr Index steps = 400;
  constexpr double gain = 1.5, lr = 1, max_norm = 1;
  std::vector<train::ChartPanel> panels{{"norm of the gradient, before clipping", "training step"},
                                        {"training loss, nats per character", "training step"}};
  std::vector<train::ChartLegend> legend;
  for (const double limit : {std::numeric_limits<double>::infinity(), max_norm}) {
    Network network = make_orthogonal(data.vocabulary.size(), gain);
    optim::SGD<float> sgd(all_parameters(network), {.lr = lr});
    const Course course = run(network, data, sgd, steps, limit);
    const std::size_t color = legend.size();
    panels[0].curves.push_back({course.norms, color});
    panels[1].curves.push_back({course.losses, color});
    const double last = std::accumulate(course.losses.end() - 50, course.losses.end(), 0.0) / 50;
    const std::string label =
        std::isinf(limit) ? "not clipped" : fmt::format("clipped to norm {:g}", limit);
    legend.push_back(
        {label,
         {fmt::format("mean loss of the last 50 steps {:.3f}, {:.0f} % of steps clipped", last,
                      100 * course.clip_rate)},
         color});
    fmt::print(
        "{{\"label\": \"{}\", \"largest_norm\": {}, \"last_loss\": {}, \"clip_rate\": {}}}\n",
        label, *std::max_element(course.norms.begin(), course.norms.end()), last, course.clip_rate);
  }
  write(folder + "/clipping.svg",
        train::chart_svg(fmt::format("Tanh, {:g} × orthogonal, SGD with lr {:g}", gain, lr), panels,
                         legend, ""));
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 2 || argc > 3) {
    fmt::print(stderr, "usage: char_rnn_gradients FOLDER [TEXT]\n");
    return 2;
  }
  const std::string folder = argv[1];
  std::optional<std::filesystem::path> path;
  if (argc == 3) path = argv[2];
  const datasets::Text text = datasets::find_text(path);
  Data data{datasets::Vocabulary(text.bytes, datasets::TextUnit::byte), {}, {}};
  data.ids = data.vocabulary.encode(text.bytes);
  data.split = datasets::split_text(data.ids);
  draw_initial(data, folder);
  draw_trained(data, folder);
  draw_clipping(data, folder);
} catch (const std::exception& error) {
  fmt::print(stderr, "char_rnn_gradients: {}\n", error.what());
  return 1;
}

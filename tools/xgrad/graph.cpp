// xgrad graph: draws the graph that a model records.

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>

#include <sys/wait.h>
#include <unistd.h>

#include <models/char_rnn/char_rnn.hpp>
#include <models/cifar/cifar_cnn.hpp>
#include <models/lenet/lenet.hpp>
#include <models/sequence/sequence.hpp>
#include <xgrad/autograd/graph_view.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/io/atomic_file.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/recurrent_cells.hpp>
#include <xgrad/ops/reduce.hpp>

#include "tools/xgrad/command.hpp"

namespace xgrad::command {
namespace {

struct GraphOptions {
  std::string model{};
  std::optional<std::string> output{};
  Index batch = 1, steps = 4;
  bool backward = false;
};

template <class Model, Index side = 28, Index channels = 1>
Variable<float> image_loss(const GraphOptions& options) {
  Model model;
  const Variable<float> images(Tensor<float>(Shape{options.batch, side, side, channels}));
  const std::vector<std::int32_t> labels(static_cast<std::size_t>(options.batch));
  return cross_entropy(model(images), labels);
}

template <models::CharCell cell>
Variable<float> char_loss(const GraphOptions& options) {
  constexpr Index vocabulary = 65;
  models::CharRnn<float> model(vocabulary, {.cell = cell});
  const std::vector<std::int32_t> ids(static_cast<std::size_t>(options.steps * options.batch));
  return cross_entropy(model.forward({ids, options.steps, options.batch}, {}).logits, ids);
}

// The cell of separate ops, once per step: what the recurrent layers do in one op.
Variable<float> unrolled_loss(const GraphOptions& options) {
  constexpr Index inputs = 8, hidden = 16;
  const auto named = [](const Shape& shape, const char* name) {
    Variable<float> leaf(Tensor<float>(shape), true);
    leaf.set_name(name);
    return leaf;
  };
  const RecurrentWeights<float> weights{.w_ih = named({hidden, inputs}, "weight_ih"),
                                        .w_hh = named({hidden, hidden}, "weight_hh"),
                                        .b_ih = named({hidden}, "bias_ih"),
                                        .b_hh = named({hidden}, "bias_hh")};
  RecurrentState<float> state{Variable<float>(Tensor<float>(Shape{options.batch, hidden})), {}};
  for (Index t = 0; t < options.steps; ++t)
    state = rnn_cell(Variable<float>(Tensor<float>(Shape{options.batch, inputs})), state, weights);
  return sum(state.h);
}

struct Drawn {
  const char* name;
  Variable<float> (*loss)(const GraphOptions&);
};
constexpr Drawn models_to_draw[] = {
    {"lenet", image_loss<models::LeNet<float>>},
    {"lenet_relu", image_loss<models::LeNetRelu<float>>},
    {"lenet5", image_loss<models::LeNet5<float>>},
    {"cifar_cnn", image_loss<models::CifarCnn<float>, 32, 3>},
    {"rows_lstm", image_loss<models::RowClassifier<float, nn::LSTM>>},
    {"rows_gru", image_loss<models::RowClassifier<float, nn::GRU>>},
    {"char_rnn", char_loss<models::CharCell::lstm>},
    {"char_rnn_gru", char_loss<models::CharCell::gru>},
    {"char_rnn_tanh", char_loss<models::CharCell::rnn>},
    {"unrolled", unrolled_loss},
};

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const Drawn& drawn : models_to_draw) all.emplace_back(drawn.name);
  return all;
}

// The picture that Graphviz makes of it.
std::string to_svg(const std::string& dot) {
  std::string source = (std::filesystem::temp_directory_path() / "xgrad-graph-XXXXXX").string();
  close(mkstemp(source.data()));  // a name that nobody else has
  std::ofstream(source) << dot;
  std::string svg;
  std::FILE* const pipe = popen(fmt::format("dot -Tsvg '{}'", source).c_str(), "r");
  for (int c = 0; pipe != nullptr && (c = std::fgetc(pipe)) != EOF;) svg += static_cast<char>(c);
  const int status = pipe == nullptr ? -1 : pclose(pipe);
  std::filesystem::remove(source);
  if (status != 0)
    throw IoError(fmt::format(
        "an SVG needs Graphviz, and its program dot {}: install graphviz, or write a .dot file",
        WIFEXITED(status) && WEXITSTATUS(status) == 127 ? "is not installed" : "failed"));
  return svg;
}

int run(const GraphOptions& options, const CommonOptions& common) {
  const auto drawn = std::ranges::find(models_to_draw, options.model, &Drawn::name);
  const GraphView graph = view_graph(drawn->loss(options));
  std::string text =
      to_dot(graph, {.title = fmt::format("{}: {} parameters", options.model, graph.leaf_elements()),
                     .backward = options.backward});
  if (options.output) {
    const std::filesystem::path path(*options.output);
    if (path.extension() != ".dot" && path.extension() != ".svg")
      throw UsageError(fmt::format("graph: {}: name the file .dot or .svg", path.string()));
    if (path.extension() == ".svg") text = to_svg(text);
    io::AtomicFile file(path);
    file.write(std::as_bytes(std::span(text)));
    file.commit();
  }
  if (common.json)
    print_json({{"model", options.model},
                {"nodes", graph.nodes.size()},
                {"parameters", graph.leaf_elements()},
                {"file", options.output.value_or("")}});
  else if (options.output)
    print("{}: {} nodes, {} parameters\n", *options.output, graph.nodes.size(),
          graph.leaf_elements());
  else
    write_output(text);
  return 0;
}

}  // namespace

void add_graph(CLI::App& app, Session& session) {
  const auto options = std::make_shared<GraphOptions>();
  CLI::App* const verb =
      add_verb(app, session, "graph", "Draw the graph that a model records in a training step",
               [options](const CommonOptions& common) { return run(*options, common); });
  verb->add_option("model", options->model, "Which one; unrolled is a recurrent cell of separate ops")
      ->required()
      ->check(CLI::IsMember(names()))
      ->type_name("MODEL");
  verb->add_option("-o,--output", options->output,
                   "Graphviz' language or, with Graphviz installed, a picture (default: the former, "
                   "to stdout)")
      ->type_name("FILE.dot|.svg");
  verb->add_flag("--backward", options->backward, "Draw the edges along which gradients flow, too");
  verb->add_option("--batch-size", options->batch, "Images or texts (default: 1)")
      ->check(CLI::Range(1, 1024));
  verb->add_option("--steps", options->steps, "Time steps of recurrent models (default: 4)")
      ->check(CLI::Range(1, 1000));
}

}  // namespace xgrad::command

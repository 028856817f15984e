// xgrad graph: draws the graph that a model records.

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include <sys/wait.h>
#include <unistd.h>

#include <xgrad/autograd/graph_view.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/io/atomic_file.hpp>

#include "tools/xgrad/command.hpp"
#include "tools/xgrad/recorded_models.hpp"

namespace xgrad::command {
namespace {

struct GraphOptions {
  std::string model{};
  std::optional<std::string> output{};
  InputSize input{};
  bool backward = false;
};

// The picture that Graphviz makes of it.
std::string to_svg(const std::string& dot) {
  std::string source = (std::filesystem::temp_directory_path() / "xgrad-graph-XXXXXX").string();
  close(mkstemp(source.data()));  // a name that nobody else has
  std::ofstream(source) << dot;
  std::string svg;
  std::FILE* const pipe = popen(fmt::format("command -v dot > /dev/null || exit 127; exec dot -Tsvg '{}'", source).c_str(), "r");
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
  const RecordedModel model = make_recorded_model(options.model, options.input);
  const GraphView graph = view_graph(model.loss());
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
  add_recorded_model(*verb, options->model, options->input);
  verb->add_option("-o,--output", options->output,
                   "Graphviz' language or, with Graphviz installed, a picture (default: the former, "
                   "to stdout)")
      ->type_name("FILE.dot|.svg");
  verb->add_flag("--backward", options->backward, "Draw the edges along which gradients flow, too");
}

}  // namespace xgrad::command

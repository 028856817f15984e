#include <xgrad/autograd/graph_view.hpp>
#include <xgrad/core/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

namespace xgrad {
namespace {

// All nodes that `last` came from and itself, by rising number: in the order of recording.
template <class T>
std::vector<Node<T>*> nodes_before(Node<T>* last) {
  std::vector<Node<T>*> found{last};
  std::unordered_set<Node<T>*> seen{last};
  for (std::size_t i = 0; i < found.size(); ++i)
    for (const Edge<T>& edge : found[i]->inputs())
      if (edge.node && seen.insert(edge.node.get()).second) found.push_back(edge.node.get());
  std::ranges::sort(found, {}, [](const Node<T>* node) { return node->id(); });
  return found;
}

void number_time_steps(std::vector<GraphView::Node>& nodes) {
  std::vector<Index> uses(nodes.size()), so_far(nodes.size());
  for (const auto& node : nodes)
    for (const auto& input : node.inputs) ++uses[input.node];
  for (auto& node : nodes)
    for (const auto& input : node.inputs) {
      const bool is_reused_leaf = nodes[input.node].is_leaf() && uses[input.node] > 1;
      node.time_step = std::max(
          node.time_step, is_reused_leaf ? so_far[input.node]++ : nodes[input.node].time_step);
    }
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

std::string shapes_of(const GraphView::Node& node) {
  std::vector<std::string> texts;
  for (const Shape& shape : node.shapes) texts.push_back(shape.to_string());
  return fmt::format("{}", fmt::join(texts, " "));
}

std::string declaration(std::size_t number, const GraphView::Node& node) {
  if (!node.is_leaf())
    return fmt::format("n{} [label=\"{}\\n{}\"];\n", number, escaped(node.op), shapes_of(node));
  return fmt::format("n{} [label=\"{}\\n{}\\n{} elements\", shape=box, style=filled];\n", number,
                     escaped(node.name.empty() ? "leaf" : node.name), shapes_of(node),
                     node.shapes.at(0).elements());
}

}  // namespace

Index GraphView::leaf_elements() const {
  Index sum = 0;
  for (const Node& node : nodes)
    if (node.is_leaf()) sum += node.shapes.at(0).elements();
  return sum;
}

template <class T>
GraphView view_graph(const Variable<T>& result) {
  if (!result.defined() || !result.requires_grad())
    throw GraphError("view_graph: the result takes no gradient, so there is no graph: compute it "
                     "from parameters, without NoGrad");
  GraphView view;
  std::unordered_map<const Node<T>*, std::size_t> numbers;
  for (Node<T>* const node : nodes_before(result.edge().node.get())) {
    if (node->released())
      throw GraphError(fmt::format("view_graph: backward() has released the graph at {}: look before, "
                                   "or call backward(true)",
                                   node->op().name));
    GraphView::Node& seen = view.nodes.emplace_back();
    if (node->inputs().empty()) {
      const auto& extras = node->outputs()[0].extras;
      if (extras) seen.name = extras->name;
    } else {
      seen.op = node->op().name;
    }
    for (const auto& output : node->outputs()) seen.shapes.push_back(output.shape);
    for (int i = 0; const Edge<T>& edge : node->inputs()) {
      if (edge.node)
        seen.inputs.push_back(
            {numbers.at(edge.node.get()), edge.output, node->op().input_name(i)});
      ++i;
    }
    numbers.emplace(node, view.nodes.size() - 1);
  }
  number_time_steps(view.nodes);
  return view;
}

std::string to_dot(const GraphView& graph, const DotOptions& options) {
  std::string dot = "digraph xgrad {\n";
  dot += fmt::format("label=\"{}\"; labelloc=t; fontname=sans;\n", escaped(options.title));
  dot += "node [fontname=sans, fontsize=11, shape=ellipse, fillcolor=\"#e8eef7\"];\n"
         "edge [fontname=sans, fontsize=9];\n";
  std::map<Index, std::string> declared;  // by time step
  for (std::size_t i = 0; i < graph.nodes.size(); ++i)
    declared[graph.nodes[i].time_step] += declaration(i, graph.nodes[i]);
  for (const auto& [step, nodes] : declared)
    dot += step < 0 ? nodes
                    : fmt::format("subgraph cluster_{} {{\nlabel=\"t = {}\"; color=gray;\n{}}}\n", step,
                                  step, nodes);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i)
    for (const auto& input : graph.nodes[i].inputs) {
      dot += fmt::format("n{} -> n{} [label=\"{}\"];\n", input.node, i, escaped(input.name));
      if (options.backward)
        dot += fmt::format("n{} -> n{} [style=dashed, color=\"#b03030\", constraint=false];\n", i,
                           input.node);
    }
  return dot + "}\n";
}

template GraphView view_graph(const Variable<float>&);
template GraphView view_graph(const Variable<double>&);

}  // namespace xgrad

#include <xgrad/autograd/graph_view.hpp>
#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/nn/summary.hpp>
#include <xgrad/ops/reduce.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace xgrad::nn {
namespace {

// Puts back what forward and backward passes change.
template <class T>
class Restore {
 public:
  explicit Restore(const Module<T>& module)
      : parameters_(module.parameters()), streams_(random_streams()) {
    for (const Variable<T>& parameter : parameters_) gradients_.push_back(parameter.grad());
    for (const auto& [name, tensor] : module.named_buffers())
      buffers_.emplace_back(tensor, tensor.clone());
    module.zero_grad();
  }
  ~Restore() {
    for (std::size_t i = 0; i < parameters_.size(); ++i)
      if (gradients_[i].defined())
        parameters_[i].set_grad(std::move(gradients_[i]));
      else
        parameters_[i].zero_grad();
    for (auto& [tensor, before] : buffers_) tensor.copy_from(before);
    set_random_streams(streams_);
  }
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;

 private:
  std::vector<Variable<T>> parameters_;
  std::vector<Tensor<T>> gradients_;
  std::vector<std::pair<Tensor<T>, Tensor<T>>> buffers_;  // shared with the module, and the copy
  RandomStreams streams_;
};

std::string module_of(const std::string& parameter) {
  const auto dot = parameter.rfind('.');
  return dot == parameter.npos ? "" : parameter.substr(0, dot);
}

void describe(const GraphView& graph, Summary& summary) {
  std::set<std::string> unused(summary.unused_parameters.begin(), summary.unused_parameters.end());
  for (const GraphView::Node& node : graph.nodes) {
    if (node.is_leaf()) continue;
    Summary::Row& row = summary.rows.emplace_back(Summary::Row{"", node.op, node.shapes});
    for (const GraphView::Input& input : node.inputs) {
      const GraphView::Node& leaf = graph.nodes[input.node];
      if (!leaf.is_leaf()) continue;
      if (row.module.empty()) row.module = module_of(leaf.name);
      if (unused.erase(leaf.name) > 0) row.parameters += leaf.shapes.at(0).elements();
    }
  }
  summary.unused_parameters.assign(unused.begin(), unused.end());
}

std::string bytes(std::size_t count) {
  const auto value = static_cast<double>(count);
  if (count < 1024) return fmt::format("{} B", count);
  if (count < 1024 * 1024) return fmt::format("{:.1f} KiB", value / 1024);
  return fmt::format("{:.1f} MiB", value / (1024 * 1024));
}

std::string shapes(const std::vector<Shape>& all) {
  std::vector<std::string> texts;
  for (const Shape& shape : all) texts.push_back(shape.to_string());
  return fmt::format("{}", fmt::join(texts, " "));
}

}  // namespace

template <class T>
Summary summarize(Module<T>& module, const std::function<Variable<T>()>& result) {
  Summary summary;
  for (const auto& [name, parameter] : module.named_parameters()) {
    summary.unused_parameters.push_back(name);
    summary.parameters += parameter.size();
  }
  summary.parameter_bytes = static_cast<std::size_t>(summary.parameters) * sizeof(T);
  for (const auto& [name, tensor] : module.named_buffers())
    summary.buffer_bytes += static_cast<std::size_t>(tensor.size()) * sizeof(T);

  const Restore<T> restore(module);
  sum(result()).backward();  // kernels now have what they keep from call to call
  module.zero_grad();

  const std::size_t before = pool_counters().live_bytes;
  reset_pool_peak();
  const Variable<T> output = result();
  summary.saved_bytes = pool_counters().live_bytes - before;
  describe(view_graph(output), summary);
  sum(output).backward();
  summary.peak_bytes = pool_counters().peak_bytes - before;
  return summary;
}

template <class T>
Summary summarize(Module<T>& module, const Variable<T>& input) {
  return summarize<T>(module, [&] { return module(input); });
}

std::string Summary::to_string() const {
  std::vector<std::array<std::string, 4>> table{{"module", "op", "output", "parameters"}};
  for (const Row& row : rows)
    table.push_back({row.module, std::string(row.op), shapes(row.outputs),
                     row.parameters == 0 ? "" : fmt::format("{}", row.parameters)});
  std::array<std::size_t, 4> width{};
  for (const auto& line : table)
    for (std::size_t i = 0; i < 4; ++i) width[i] = std::max(width[i], line[i].size());

  std::string text;
  for (const auto& line : table) {
    text += fmt::format("{:{}}  {:{}}  {:{}}  {:>{}}", line[0], width[0], line[1], width[1], line[2],
                        width[2], line[3], width[3]);
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  text += fmt::format("\n{} parameters ({}), buffers {}\n", parameters, bytes(parameter_bytes),
                      bytes(buffer_bytes));
  text += fmt::format("forward keeps {} for backward; both take {} at most, gradients included\n",
                      bytes(saved_bytes), bytes(peak_bytes));
  if (!unused_parameters.empty())
    text += fmt::format("not used: {}\n", fmt::join(unused_parameters, ", "));
  return text;
}

#define XGRAD_INSTANTIATE(T)                                      \
  template Summary summarize(Module<T>&, const Variable<T>&);     \
  template Summary summarize(Module<T>&, const std::function<Variable<T>()>&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::nn

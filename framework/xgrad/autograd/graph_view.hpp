#pragma once
// The recorded graph as plain data, to look at and to draw.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <xgrad/autograd/variable.hpp>

namespace xgrad {

/// What a variable came from. Values that take no gradient are not recorded and do not appear.
struct GraphView {
  struct Input {
    std::size_t node = 0;   ///< its number in `nodes`
    int output = 0;         ///< which of that node's results
    std::string_view name;  ///< of the input, as the op calls it: "w"
  };
  struct Node {
    std::string_view op;        ///< "conv2d"; of a leaf ""
    std::string name{};         ///< of a leaf, if it has one: "conv1.weight"
    std::vector<Shape> shapes{};  ///< of its results
    std::vector<Input> inputs{};
    /// The step of an unrolled network, from 0: how often a leaf that is used many times had been
    /// used before by this node or one that it depends on. -1 where no such leaf takes part.
    Index time_step = -1;
    bool is_leaf() const { return op.empty(); }
  };
  std::vector<Node> nodes{};  ///< in the order in which they were recorded
  /// Elements in all leaves together: of a loss, the parameters of its network.
  Index leaf_elements() const;
};

/// The graph behind a result. Throws GraphError if it takes no gradient, or if its graph was
/// released by backward().
template <class T>
GraphView view_graph(const Variable<T>& result);

struct DotOptions {
  std::string title{};
  bool backward = false;  ///< with the edges along which gradients flow back, dashed
};

/// In Graphviz' language, from top to bottom: leaves are boxes with their name, shape and number of
/// elements, ops are rounded; the steps of an unrolled network are framed.
std::string to_dot(const GraphView& graph, const DotOptions& options = {});

}  // namespace xgrad

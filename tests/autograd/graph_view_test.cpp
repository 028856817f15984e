#include <boost/test/unit_test.hpp>

#include <algorithm>

#include <models/lenet/lenet.hpp>
#include <xgrad/autograd/graph_view.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/linear.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/reduce.hpp>

using namespace xgrad;

namespace {

Variable<float> leaf(const Shape& shape, const char* name) {
  Variable<float> x(Tensor<float>::full(shape, 0.5F), true);
  x.set_name(name);
  return x;
}

const GraphView::Node* find(const GraphView& graph, std::string_view name) {
  const auto found = std::ranges::find_if(
      graph.nodes, [&](const auto& node) { return node.name == name || node.op == name; });
  return found == graph.nodes.end() ? nullptr : &*found;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(graph_view)

BOOST_AUTO_TEST_CASE(nodes_have_names_shapes_and_inputs) {
  const auto w = leaf({3, 2}, "w"), b = leaf({3}, "b");
  const Variable<float> x(Tensor<float>::full({4, 2}, 1.0F));  // a constant: not recorded
  const GraphView graph = view_graph(sum(tanh(linear(x, w, b))));
  BOOST_TEST(graph.nodes.size() == 5);
  BOOST_TEST(graph.leaf_elements() == 9);
  const auto* const product = find(graph, "linear");
  BOOST_REQUIRE(product != nullptr);
  BOOST_TEST(product->shapes.at(0).to_string() == "[4, 3]");
  BOOST_REQUIRE(product->inputs.size() == 2);
  BOOST_TEST(graph.nodes[product->inputs[0].node].name == "w");
  BOOST_TEST(product->inputs[0].name == "w");
  BOOST_TEST(product->inputs[1].name == "b");
  BOOST_TEST(product->time_step == -1);
  for (std::size_t i = 0; i < graph.nodes.size(); ++i)
    for (const auto& input : graph.nodes[i].inputs) BOOST_TEST(input.node < i);
}

BOOST_AUTO_TEST_CASE(uses_of_a_weight_number_the_time_steps) {
  const auto w = leaf({2, 2}, "w");
  Variable<float> h(Tensor<float>::full({1, 2}, 0.1F));
  for (int t = 0; t < 4; ++t) h = tanh(linear(h, w, {}));
  const GraphView graph = view_graph(h);
  std::vector<Index> steps;
  for (const auto& node : graph.nodes)
    if (node.op == "tanh") steps.push_back(node.time_step);
  BOOST_TEST(steps == (std::vector<Index>{0, 1, 2, 3}), boost::test_tools::per_element());
  const std::string dot = to_dot(graph);
  BOOST_TEST(dot.find("t = 3") != dot.npos);
  BOOST_TEST(dot.find("t = 4") == dot.npos);
}

BOOST_AUTO_TEST_CASE(a_models_leaves_are_its_parameters) {
  models::LeNet<float> model;
  const Variable<float> images(Tensor<float>::full({2, 28, 28, 1}, 0.5F));
  const std::vector<std::int32_t> labels{1, 2};
  const GraphView graph = view_graph(cross_entropy(model(images), labels));
  BOOST_TEST(graph.leaf_elements() == model.parameter_count());
  const auto* const filters = find(graph, "conv1.weight");
  BOOST_REQUIRE(filters != nullptr);
  BOOST_TEST(filters->is_leaf());
}

BOOST_AUTO_TEST_CASE(dot_escapes_names_and_draws_backward_edges_on_request) {
  const auto w = leaf({2}, "a \"quoted\" \\ name");
  const GraphView graph = view_graph(sum(w));
  const std::string plain = to_dot(graph, {.title = "x \"y\""});
  BOOST_TEST(plain.find(R"(a \"quoted\" \\ name)") != plain.npos);
  BOOST_TEST(plain.find(R"(label="x \"y\"")") != plain.npos);
  BOOST_TEST(plain.find("dashed") == plain.npos);
  const std::string both = to_dot(graph, {.backward = true});
  BOOST_TEST(both.find("n1 -> n0 [style=dashed") != both.npos);
}

BOOST_AUTO_TEST_CASE(no_graph_is_an_error) {
  BOOST_CHECK_THROW(view_graph(Variable<float>(Tensor<float>::full({1}, 1.0F))), GraphError);
  BOOST_CHECK_THROW(view_graph(Variable<float>()), GraphError);
  const auto w = leaf({2}, "w");
  const Variable<float> loss = sum(w * w);
  loss.backward();
  BOOST_CHECK_THROW(view_graph(loss), GraphError);
}

BOOST_AUTO_TEST_SUITE_END()

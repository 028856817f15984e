#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

#include <models/lenet/lenet.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/io/onnx.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/linear.hpp>
#include <xgrad/ops/norm.hpp>
#include <xgrad/ops/shape.hpp>

#include "applied_module.hpp"
#include "onnx_reader.hpp"
#include "temporary_folder.hpp"

using namespace xgrad;
using Words = std::vector<std::string>;

namespace {

const Shape image_shape{2, 8, 6, 3};

OnnxFile exported(nn::Module<float>& module, const Tensor<float>& example) {
  const TemporaryFolder folder;
  io::export_onnx(folder / "model.onnx", module, example);
  return read_onnx(read_file(folder / "model.onnx"));
}

// What the refusal of an export says; the file must not be there.
std::string refusal(const Applied::Function& function, const Shape& shape = image_shape) {
  const TemporaryFolder folder;
  Applied module(function);
  std::string message = "nothing was refused";
  try {
    io::export_onnx(folder / "model.onnx", module, random_tensor(shape));
  } catch (const ValueError& error) {
    message = error.what();
  }
  BOOST_TEST(std::filesystem::is_empty(folder.path()));
  return message;
}

bool says(const std::string& message, const Words& words) {
  for (const std::string& word : words)
    if (message.find(word) == message.npos) return false;
  return true;
}

constexpr OpInfo own_op{"own", "x", "y = x\ndx = dy"};
Variable<float> own(const Variable<float>& x) {
  return record(own_op, {x}, x.value().clone(), [](Backward<float>& b) { b.set_dx(0, b.dy()); });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(onnx)

BOOST_AUTO_TEST_CASE(lenet_has_the_nodes_that_a_reader_expects_and_no_transpose) {
  models::LeNet<float> model(0.5);
  const OnnxFile file = exported(model, Tensor<float>({1, 28, 28, 1}));
  BOOST_TEST(file.types() == (Words{"Conv", "BatchNormalization", "Tanh", "MaxPool", "Conv",
                                    "BatchNormalization", "Tanh", "MaxPool", "Flatten", "Gemm",
                                    "Tanh", "Gemm"}),
             boost::test_tools::per_element());
  BOOST_TEST(
      file.node_names() == (Words{"conv1", "bn1", "tanh", "max_pool2d", "conv2", "bn2", "tanh_2",
                                  "max_pool2d_2", "flatten", "fc1", "tanh_3", "fc2"}),
      boost::test_tools::per_element());
  BOOST_TEST(file.nodes.front().inputs == (Words{"input", "conv1.weight", "conv1.bias"}),
             boost::test_tools::per_element());
  BOOST_TEST(file.nodes.back().output == "output");
}

BOOST_AUTO_TEST_CASE(tensors_are_the_state_under_its_names_and_in_its_layouts) {
  models::LeNet<float> model;
  const OnnxFile file = exported(model, Tensor<float>({1, 28, 28, 1}));
  StateDict<float> state = model.state_dict();
  state.erase("bn1.num_batches_tracked");
  state.erase("bn2.num_batches_tracked");
  BOOST_TEST_REQUIRE(file.tensors.size() == state.size());
  for (const auto& [name, tensor] : state) {
    BOOST_TEST_CONTEXT(name) {
      const auto found = file.tensors.find(name);
      BOOST_TEST_REQUIRE((found != file.tensors.end()));
      BOOST_TEST((found->second.shape() == tensor.shape()));
      BOOST_TEST(found->second.values() == tensor.values(), boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(the_module_is_left_as_it_was) {
  models::LeNet<float> model;
  const Tensor<float> x = random_tensor({3, 28, 28, 1});
  model(x);  // running statistics of its own
  const StateDict<float> before = model.state_dict();
  exported(model, x);
  BOOST_TEST(model.is_training());
  for (const auto& [name, tensor] : model.state_dict())
    BOOST_TEST(tensor.values() == before.at(name).values(), boost::test_tools::per_element());
  for (const auto& [name, parameter] : model.named_parameters())
    BOOST_TEST(!parameter.grad().defined());
}

BOOST_AUTO_TEST_CASE(a_transpose_is_written_only_where_the_order_of_elements_matters) {
  Applied memory_order([](Applied&, Variable<float> x) {
    const Variable<float> pooled = relu(max_pool2d(std::move(x), 2));
    const Variable<float> flat = flatten(pooled);
    return flat + flatten(exp(pooled));
  });
  const Tensor<float> x = random_tensor(image_shape);
  BOOST_TEST(exported(memory_order, x).types() == (Words{"MaxPool", "Relu", "Transpose", "Flatten",
                                                         "Exp", "Transpose", "Flatten", "Add"}),
             boost::test_tools::per_element());

  Applied file_order([](Applied&, Variable<float> image) {
    return flatten(permute(max_pool2d(std::move(image), 2), {0, 3, 1, 2}));
  });
  BOOST_TEST(exported(file_order, x).types() == (Words{"MaxPool", "Flatten"}),
             boost::test_tools::per_element());

  Applied one_pixel([](Applied&, Variable<float> image) {
    return flatten(max_pool2d(std::move(image), Size2d(8, 6)));
  });
  BOOST_TEST(exported(one_pixel, x).types() == (Words{"MaxPool", "Flatten"}),
             boost::test_tools::per_element());

  Applied nothing([](Applied&, Variable<float> image) { return image; });
  BOOST_TEST(exported(nothing, x).types() == Words{"Identity"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_comes_from_parameters_alone_is_a_constant) {
  Applied model(
      [](Applied& self, Variable<float> x) { return linear(x, exp(self.parameter_at(0))); });
  model.parameter("log_weight", random_tensor({4, 3}));
  const OnnxFile file = exported(model, random_tensor({2, 3}));
  BOOST_TEST(file.types() == Words{"Gemm"}, boost::test_tools::per_element());
  BOOST_TEST(file.tensors.count("constant") == 1U);
}

BOOST_AUTO_TEST_CASE(an_op_without_a_translation_is_named_with_its_place) {
  Applied model(
      [](Applied& self, Variable<float> x) { return own(tanh(self.layer(0, std::move(x)))); });
  model.add("features", nn::Conv2d<float>(3, 4, 3));
  const TemporaryFolder folder;
  BOOST_CHECK_EXCEPTION(
      io::export_onnx(folder / "model.onnx", model, random_tensor(image_shape)), ValueError,
      [](const ValueError& e) {
        return says(e.what(), {"op 3 of 3, own,", "[-1, 6, 4, 4]", "after features.bias"});
      });
}

BOOST_AUTO_TEST_CASE(what_the_ops_do_not_tell_is_refused) {
  BOOST_TEST(says(refusal([](Applied&, const Variable<float>& x) { return tanh(x.detach()); }),
                  {"detach()"}));
  BOOST_TEST(says(refusal([](Applied&, const Variable<float>& x) {
                    return x + Variable<float>(x.value().clone());
                  }),
                  {"add", "input b", "changes with the module's input"}));
  BOOST_TEST(says(refusal([](Applied&, const Variable<float>& x) {
                    return x.shape(0) == 2 ? tanh(x) : relu(x);
                  }),
                  {"branches"}));
  BOOST_TEST(says(refusal([](Applied&, const Variable<float>& x) {
                    return x * static_cast<float>(x.shape(0));
                  }),
                  {"mul_scalar", "option s"}));
  BOOST_TEST(says(refusal([](Applied&, const Variable<float>& x) {
                    BatchNormStats<float> stats(3);
                    return batch_norm(x, {}, {}, stats);
                  }),
                  {"batch_norm", "training"}));
  BOOST_TEST(
      says(refusal([](Applied&, const Variable<float>& x) {
             const Variable<float> rows = flatten(x);
             return reshape(matmul(rows, permute(rows, {1, 0})), {x.shape(0), 1, x.shape(0)});
           }),
           {"reshape", "several axes"}));
}

BOOST_AUTO_TEST_CASE(an_empty_example_is_refused) {
  BOOST_TEST(says(refusal([](Applied&, Variable<float> x) { return tanh(std::move(x)); }, {0, 3}),
                  {"[0, 3]", "at least one row"}));
}

BOOST_AUTO_TEST_SUITE_END()

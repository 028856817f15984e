// Small modules that use every translated op with unlike options. Where XGRAD_ONNX_ZOO names a
// folder, they are written there with an input and what we make of it; tests/io/onnx_by_others lets
// other programs compute the same.
#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/io/onnx.hpp>
#include <xgrad/io/safetensors.hpp>
#include <xgrad/nn/batch_norm.hpp>
#include <xgrad/nn/conv.hpp>
#include <xgrad/nn/dropout.hpp>
#include <xgrad/nn/flatten.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/pool.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/linear.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/pool.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>

#include "applied_module.hpp"
#include "temporary_folder.hpp"

using namespace xgrad;
using V = Variable<float>;

namespace {

struct Exhibit {
  const char* name;
  Shape input;
  Applied::Function forward;
  void (*furnish)(Applied&) = [](Applied&) {};
};

const Shape image{2, 8, 6, 3};  // H, W and C differ

// Running statistics, factors and offsets that are not those of the start.
template <class Norm>
void unsettle(Norm& norm) {
  for (const Tensor<float>& tensor :
       {norm.weight.value(), norm.bias.value(), norm.running_mean, norm.running_var})
    nn::init::uniform(tensor, 0.5, 2);
}

const std::vector<Exhibit>& zoo() {
  static const std::vector<Exhibit> all{
      {"conv2d", image, [](Applied& m, V x) { return m.layer(1, m.layer(0, x)); },
       [](Applied& m) {
         m.add("first",
               nn::Conv2d<float>(3, 4, {3, 2},
                                 {.stride = {2, 1}, .padding = {1, 2}, .dilation = {1, 2}}));
         m.add("second", nn::Conv2d<float>(4, 6, {1, 3}, {.groups = 2}, false));
       }},
      {"conv1d",
       {2, 9, 3},
       [](Applied& m, V x) { return relu(m.layer(0, x)); },
       [](Applied& m) { m.add("conv", nn::Conv1d<float>(3, 4, 3, {.stride = 2, .padding = 1})); }},
      {"batch_norm_pool", image,
       [](Applied& m, V x) { return max_pool2d(tanh(m.layer(1, m.layer(0, x))), 2); },
       [](Applied& m) {
         m.add("conv", nn::Conv2d<float>(3, 4, 3, {.padding = 1}));
         unsettle(m.add("bn", nn::BatchNorm2d<float>(4, 1e-2)));
       }},
      {"batch_norm_vectors",
       {3, 5},
       [](Applied& m, V x) { return m.layer(0, x); },
       [](Applied& m) { unsettle(m.add("bn", nn::BatchNorm1d<float>(5))); }},
      {"max_pool2d", image,
       [](Applied&, V x) {
         return max_pool2d(relu(x), {.kernel = {3, 2}, .stride = {2, 1}, .padding = {1, 0}});
       }},
      {"avg_pool2d", image,
       [](Applied&, V x) {
         return avg_pool2d(x, {.kernel = {3, 2}, .stride = {2, 1}, .padding = {1, 1}});
       }},
      {"global_avg_pool2d", image,
       [](Applied& m, V x) { return m.layer(0, global_avg_pool2d(sigmoid(x))); },
       [](Applied& m) { m.add("fc", nn::Linear<float>(3, 5)); }},
      {"elementwise", image,
       [](Applied&, V x) {
         return neg(sqrt(exp(tanh(x)) + sigmoid(x))) + log(pow(x, 2.0f) + 1.5f) + relu(x);
       }},
      {"scalars", image,
       [](Applied&, V x) { return (2.0f - x) / 3.0f + 4.0f / (pow(x, 2.0f) + 1.0f) - x * 0.5f; }},
      {"broadcast", image,
       [](Applied& m, V x) {
         const V pooled = max_pool2d(x, 2);  // [2, 4, 3, 3]
         return (pooled + m.parameter_at(0)) * m.parameter_at(1) - m.parameter_at(2) / pooled;
       },
       [](Applied& m) {
         m.parameter("channels", random_tensor({3}));
         m.parameter("columns", random_tensor({3, 1}));
         m.parameter("pixels", random_tensor({4, 3, 3}));
       }},
      {"two_paths", image,
       [](Applied& m, V x) {
         return concat({m.layer(0, x), x, x * relu(x)}, -1);
       },
       [](Applied& m) { m.add("conv", nn::Conv2d<float>(3, 4, 3, {.padding = 1})); }},
      {"softmax", image, [](Applied&, V x) { return softmax(x, -1) + log_softmax(x, 1); }},
      {"linear",
       {2, 4, 5},
       [](Applied& m, V x) { return m.layer(1, tanh(m.layer(0, x))); },
       [](Applied& m) {
         m.add("first", nn::Linear<float>(5, 6));
         m.add("second", nn::Linear<float>(6, 3, false));
       }},
      {"matmul",
       {2, 4, 5},
       [](Applied&, V x) {
         return matmul(x, permute(x, {0, 2, 1}));
       }},
      {"flatten_in_memory_order", image,
       [](Applied& m, V x) { return m.layer(1, m.layer(0, max_pool2d(x, 2))); },
       [](Applied& m) {
         m.add("flatten", nn::Flatten<float>());
         m.add("fc", nn::Linear<float>(36, 4));
       }},
      {"flatten_in_file_order", image,
       [](Applied& m, V x) { return m.layer(2, m.layer(1, m.layer(0, x))); },
       [](Applied& m) {
         m.add("dropout", nn::Dropout<float>(0.5));
         m.add("flatten", nn::Flatten<float>(nn::FlattenOrder::channels_first));
         m.add("fc", nn::Linear<float>(144, 4));
       }},
      {"reshape", image,
       [](Applied&, V x) {
         return reshape(max_pool2d(x, 2), {x.shape(0), 6, 6});
       }},
      {"slice_and_pad", image,
       [](Applied&, V x) {
         return pad(slice(slice(x, 1, 1, 8, 2), -1, 1, 3), {{0, 0}, {1, 2}, {0, 1}, {2, 0}}, 0.5f);
       }},
      {"reductions", image,
       [](Applied&, V x) {
         return mean(x, {1, 2}) + sum(max(x, 1), 1) -
                reshape(sum(x, {1, 2}, true), {x.shape(0), 3});
       }},
      {"reduced_to_columns", image,
       [](Applied&, V x) {
         return mean(tanh(x), {1, 3});
       }},
  };
  return all;
}

// As PyTorch has it, and the file: images and what is convolved channels-first.
Tensor<float> in_file(const Tensor<float>& t, bool channels_first) {
  const NoGrad no_grad;
  if (!channels_first) return t;
  return t.shape().rank() == 4 ? permute(V(t), {0, 3, 1, 2}).value()
                               : permute(V(t), {0, 2, 1}).value();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(onnx_zoo)

BOOST_AUTO_TEST_CASE(every_exhibit_is_exported) {
  const TemporaryFolder temporary;
  const char* const asked = std::getenv("XGRAD_ONNX_ZOO");
  const std::filesystem::path folder = asked != nullptr ? asked : temporary.path();
  for (const Exhibit& exhibit : zoo()) {
    BOOST_TEST_CONTEXT(exhibit.name) {
      Applied module(exhibit.forward);
      exhibit.furnish(module);
      const auto path = folder / exhibit.name;
      const auto summary =
          io::export_onnx(path.string() + ".onnx", module, random_tensor(exhibit.input));
      BOOST_TEST(summary.nodes > 0);
      BOOST_TEST(summary.output.starts_with("batch x "));

      module.eval();
      const bool sequence = std::string_view(exhibit.name) == "conv1d";
      StateDict<float> values;
      for (const Index batch : {1, 5}) {
        const Tensor<float> x = random_tensor(exhibit.input.with(0, batch));
        const Tensor<float> y = module(V(x)).value();
        values["input" + std::to_string(batch)] = in_file(x, sequence || x.shape().rank() == 4);
        values["output" + std::to_string(batch)] = in_file(y, sequence || y.shape().rank() == 4);
      }
      io::save_safetensors(path.string() + ".safetensors", values);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

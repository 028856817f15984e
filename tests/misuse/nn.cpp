#include <xgrad/core/error.hpp>
#include <xgrad/nn/batch_norm.hpp>
#include <xgrad/nn/conv.hpp>
#include <xgrad/nn/dropout.hpp>
#include <xgrad/nn/embedding.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/pool.hpp>
#include <xgrad/nn/sequential.hpp>

#include "misuse.hpp"

namespace misuse {
namespace {

using namespace xgrad;

// Registers two entries, the second under `name`.
class Named : public xgrad::nn::Module<float> {
 public:
  explicit Named(const char* name) {
    parameter("weight", Tensor<float>(Shape{2}));
    buffer(name, Tensor<float>(Shape{2}));
  }
};

class WithoutChannels : public xgrad::nn::Module<float> {
 public:
  WithoutChannels() {
    parameter("kernel", Tensor<float>(Shape{5}), xgrad::nn::FileLayout::channels_first);
  }
};

Variable<float> zeros(const Shape& shape) { return Variable<float>(Tensor<float>(shape)); }

}  // namespace

std::vector<Misuse> nn() {
  using namespace xgrad::nn;
  return {
      {"a name taken twice", [] { Named("weight"); }, Kind::value, {"\"weight\"", "taken"}},
      {"a name with a dot", [] { Named("conv.weight"); }, Kind::value, {"\"conv.weight\"", "dots"}},
      {"an empty name", [] { Named(""); }, Kind::value, {"\"\"", "name"}},
      {"a vector to be stored channels-first",
       [] { WithoutChannels(); },
       Kind::value,
       {"\"kernel\"", "[5]", "[out, in]"}},
      {"forward of a module that has none",
       [] {
         Named("other")(zeros({2, 2}));
       },
       Kind::value,
       {"forward", "override"}},
      {"forward of ids as a variable",
       [] { Embedding<float>(3, 2)(zeros({2})); },
       Kind::value,
       {"forward", "inputs"}},
      {"loading the state of another module",
       [] { Linear<float>(3, 2).load_state_dict(Linear<float>(4, 2, false).state_dict()); },
       Kind::value,
       {"load_state_dict", "wrong shape: weight has [2, 4], expected [2, 3]", "missing: bias [2]"}},
      {"loading an undefined tensor",
       [] {
         Linear<float>(3, 2, false).load_state_dict({{"weight", {}}});
       },
       Kind::value,
       {"weight", "expected [2, 3]"}},
      {"Linear without inputs",
       [] { Linear<float>(0, 2); },
       Kind::value,
       {"Linear", "in_features", "0"}},
      {"Linear with negative outputs",
       [] { Linear<float>(2, -1); },
       Kind::value,
       {"Linear", "out_features", "-1"}},
      {"Conv2d without channels",
       [] { Conv2d<float>(0, 2, 3); },
       Kind::value,
       {"Conv2d", "in_channels"}},
      {"Conv2d with a kernel of width 0",
       [] {
         Conv2d<float>(1, 2, {3, 0});
       },
       Kind::value,
       {"Conv2d", "width", "0"}},
      {"Conv2d with groups that do not divide",
       [] { Conv2d<float>(4, 6, 3, {.groups = 4}); },
       Kind::value,
       {"Conv2d", "groups = 4", "4", "6"}},
      {"Conv1d with no groups",
       [] { Conv1d<float>(4, 6, 3, {.groups = 0}); },
       Kind::value,
       {"Conv1d", "groups", "0"}},
      {"Conv2d on images of other channels",
       [] {
         Conv2d<float>(3, 6, 3)(zeros({2, 8, 8, 4}));
       },
       Kind::shape,
       {"conv2d", "[2, 8, 8, 4]"}},
      {"BatchNorm2d on vectors",
       [] {
         BatchNorm2d<float>(3)(zeros({2, 3}));
       },
       Kind::shape,
       {"BatchNorm2d", "[2, 3]", "4"}},
      {"BatchNorm1d on images",
       [] {
         BatchNorm1d<float>(3)(zeros({2, 4, 4, 3}));
       },
       Kind::shape,
       {"BatchNorm1d", "[2, 4, 4, 3]", "2 or 3"}},
      {"BatchNorm of nothing",
       [] { BatchNorm2d<float>(0); },
       Kind::value,
       {"BatchNorm2d", "features"}},
      {"BatchNorm with eps 0",
       [] { BatchNorm2d<float>(3, 0); },
       Kind::value,
       {"BatchNorm2d", "eps"}},
      {"BatchNorm with momentum 2",
       [] { BatchNorm1d<float>(3, 1e-5, 2); },
       Kind::value,
       {"BatchNorm1d", "momentum", "2"}},
      {"Dropout of everything",
       [] { Dropout<float>(1); },
       Kind::value,
       {"Dropout", "p is 1", "below 1"}},
      {"Embedding of nothing",
       [] { Embedding<float>(0, 4); },
       Kind::value,
       {"Embedding", "num_embeddings"}},
      {"kaiming_uniform of a bias",
       [] { init::kaiming_uniform(Tensor<float>(Shape{4})); },
       Kind::shape,
       {"init", "[4]", "fan"}},
  };
}

}  // namespace misuse

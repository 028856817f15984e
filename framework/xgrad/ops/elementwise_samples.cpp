#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/samples.hpp>

namespace xgrad {

using namespace samples;

std::vector<OpEntry> elementwise_entries() {
  const auto apply_tanh = [](auto in) { return tanh(in[0]); };
  return {
      {&tanh_op, false,
       {sample("matrix", {uniform({3, 5}, -2, 2)}, apply_tanh),
        sample("scalar", {uniform({}, -2, 2)}, apply_tanh),
        sample("saturated and tiny", {Tensor<double>::from({-30, -1e-12, 0, 1e-300, 30}, {5})},
               apply_tanh)}},
  };
}

}  // namespace xgrad

#include <xgrad/core/error.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/optim/adam.hpp>
#include <xgrad/optim/clip.hpp>
#include <xgrad/optim/schedule.hpp>
#include <xgrad/optim/sgd.hpp>

#include <cmath>

#include "misuse.hpp"

namespace misuse {

std::vector<Misuse> optim() {
  using namespace xgrad;
  using xgrad::optim::Adam;
  using xgrad::optim::SGD;
  const auto parameter = [] { return Variable<float>(Tensor<float>({2, 3}), true); };
  const auto sgd = [=](xgrad::optim::SGDOptions options) { SGD<float>({parameter()}, options); };
  return {
      {"SGD without parameters",
       [] { SGD<float>({}, {}); },
       Kind::value,
       {"SGD", "module.parameters()"}},
      {"SGD of a constant",
       [] { SGD<float>({Variable<float>(Tensor<float>(Shape{2}))}, {}); },
       Kind::value,
       {"SGD", "parameter 0", "requires_grad"}},
      {"SGD of a result of an op",
       [=] {
         SGD<float>({parameter(), tanh(parameter())}, {});
       },
       Kind::value,
       {"parameter 1", "tanh", "leaves"}},
      {"SGD of one parameter twice",
       [=] {
         const auto w = parameter();
         w.set_name("conv1.weight");
         SGD<float>({w, w}, {});
       },
       Kind::value,
       {"parameter 1 (conv1.weight)", "twice"}},
      {"a parameter in two groups",
       [=] {
         const auto w = parameter();
         Adam<float> adam({w});
         adam.add_group({w}, {});
       },
       Kind::value,
       {"Adam", "parameter 1", "twice"}},
      {"SGD with a negative rate", [=] { sgd({.lr = -0.1}); }, Kind::value, {"SGD", "lr", "-0.1"}},
      {"SGD with a NaN as rate",
       [=] { sgd({.lr = std::nan("")}); },
       Kind::value,
       {"SGD", "lr", "nan"}},
      {"SGD with negative momentum",
       [=] { sgd({.momentum = -1}); },
       Kind::value,
       {"SGD", "momentum", "-1"}},
      {"Nesterov without momentum",
       [=] { sgd({.nesterov = true}); },
       Kind::value,
       {"SGD", "nesterov", "momentum"}},
      {"Adam with beta2 = 1",
       [=] { Adam<float>({parameter()}, {.beta2 = 1}); },
       Kind::value,
       {"Adam", "beta2", "below 1"}},
      {"AdamW with negative eps",
       [=] { xgrad::optim::AdamW<float>({parameter()}, {.eps = -1}); },
       Kind::value,
       {"AdamW", "eps"}},
      {"the rate of a group that does not exist",
       [=] { SGD<float>({parameter()}, {}).lr(1); },
       Kind::value,
       {"SGD", "group 1", "0 to 0"}},
      {"state of SGD with momentum for SGD without",
       [=] {
         SGD<float>({parameter()}, {})
             .load_state_dict({{"0.step", Tensor<float>(Shape{})},
                               {"0.momentum_buffer", Tensor<float>({2, 3})}});
       },
       Kind::value,
       {"SGD", "load_state_dict", "unexpected: 0.momentum_buffer [2, 3]"}},
      {"clip_grad_norm to a negative norm",
       [=] { xgrad::optim::clip_grad_norm<float>({parameter()}, -1); },
       Kind::value,
       {"clip_grad_norm", "max_norm", "-1"}},
      {"clip_grad_value to NaN",
       [=] { xgrad::optim::clip_grad_value<float>({parameter()}, std::nan("")); },
       Kind::value,
       {"clip_grad_value", "max_value"}},
      {"a schedule of no steps",
       [] { xgrad::optim::cosine(0); },
       Kind::value,
       {"cosine", "steps", "0"}},
      {"one_cycle with a peak after its end",
       [] { xgrad::optim::one_cycle(10, {.pct_start = 1.5}); },
       Kind::value,
       {"one_cycle", "pct_start", "1.5"}},
      {"one_cycle divided by zero",
       [] { xgrad::optim::one_cycle(10, {.div_factor = 0}); },
       Kind::value,
       {"one_cycle", "div_factor", "above 0"}},
  };
}

}  // namespace misuse

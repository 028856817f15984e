#include <limits>

#include <xgrad/nn/recurrent.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/shape.hpp>
#include <xgrad/train/recurrent_probe.hpp>

#include "misuse.hpp"

namespace misuse {
namespace {

using namespace xgrad;
using namespace xgrad::train;

// Probes two steps of h' = 2 h, changed by `change`.
template <class F>
void probe(F change, Index steps = 2) {
  const RecurrentStep<double> step = [&](Index t, std::span<const Variable<double>> before) {
    ProbedStep<double> made{{before[0] * 2.0}, sum(before[0])};
    change(t, made);
    return made;
  };
  probe_recurrence<double>(step, {{"h", Tensor<double>({2, 3})}}, {.steps = steps});
}

void spectra(const Tensor<double>& weight) { recurrent_spectra<double>({"weight_hh_l0", weight}); }

void probe_layers(bool bidirectional, const Shape& state) {
  nn::GRU<double> gru(3, 4, {.bidirectional = bidirectional});
  probe_recurrence<double>(gru, {}, {Variable<double>(Tensor<double>(state)), {}}, 2);
}

}  // namespace

std::vector<Misuse> recurrent_probe() {
  using Step = ProbedStep<double>;
  return {
      {"probe_recurrence: no step",
       [] { probe([](Index, Step&) {}, 0); },
       Kind::value,
       {"probe_recurrence", "steps 0"}},
      {"probe_recurrence: no state",
       [] { probe_recurrence<double>(RecurrentStep<double>(), {}, {}); },
       Kind::value,
       {"probe_recurrence", "no state", "initial h"}},
      {"probe_recurrence: a part is lost",
       [] { probe([](Index, Step& made) { made.state.clear(); }); },
       Kind::value,
       {"step 0", "0 parts", "has 1"}},
      {"probe_recurrence: another shape",
       [] { probe([](Index, Step& made) {
              made.state[0] = reshape(made.state[0], {3, 2});
            }); },
       Kind::shape,
       {"step 0", "h of shape [3, 2]", "[2, 3]"}},
      {"probe_recurrence: a loss of many elements",
       [] { probe([](Index, Step& made) { made.loss = made.state[0]; }); },
       Kind::shape,
       {"the loss of step 0", "[2, 3]", "one number"}},
      {"probe_recurrence: no last loss",
       [] { probe([](Index, Step& made) { made.loss = {}; }); },
       Kind::value,
       {"last step, 1", "no loss"}},
      {"probe_recurrence: a state out of nowhere",
       [] { probe([](Index, Step& made) { made.state[0] = made.state[0].detach(); }); },
       Kind::graph,
       {"retain_grad", "takes no gradient"}},
      {"recurrent_spectra: not a recurrent weight",
       [] {
         spectra(Tensor<double>({5, 2}));
       },
       Kind::shape,
       {"weight_hh_l0", "[5, 2]", "[G*H, H]"}},
      {"recurrent_spectra: a run that has diverged",
       [] {
         spectra(Tensor<double>::full({2, 2}, std::numeric_limits<double>::quiet_NaN()));
       },
       Kind::numeric,
       {"weight_hh_l0", "NaN", "clip"}},
      {"probe_recurrence: both directions",
       [] {
         probe_layers(true, {2, 2, 4});
       },
       Kind::value,
       {"bidirectional", "forwards"}},
      {"probe_recurrence: a state for another batch",
       [] {
         probe_layers(false, {1, 3, 4});
       },
       Kind::shape,
       {"initial h", "[1, 3, 4]", "[1, 2, 4]", "[layers, batch, hidden]"}},
  };
}

}  // namespace misuse

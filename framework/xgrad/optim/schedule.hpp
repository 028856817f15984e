#pragma once
// Learning-rate schedules: functions from the number of steps taken so far to a factor of the
// initial learning rate, for Optimizer::set_lr_factor. They hold no state, so resuming needs none.
// A "step" is whatever the caller counts, batches or epochs. All factories throw ValueError for a
// count below 1 and factors that are negative or not finite.

#include <functional>

#include <xgrad/core/shape.hpp>

namespace xgrad::optim {

using Schedule = std::function<double(Index step)>;

/// 1, gamma, gamma^2, ... for `period` steps each (PyTorch's StepLR).
Schedule step_decay(Index period, double gamma = 0.1);

/// From 1 down to `min_factor` along half a cosine over `steps` steps, and `min_factor` from then
/// on: min + (1 - min) (1 + cos(pi t / steps)) / 2 (PyTorch's CosineAnnealingLR with eta_min =
/// min_factor * lr; Loshchilov and Hutter, ICLR 2017, equation 5).
Schedule cosine(Index steps, double min_factor = 0);

/// From `start_factor` up to 1 along a line over `steps` steps, and 1 from then on (PyTorch's
/// LinearLR).
Schedule linear_warmup(Index steps, double start_factor = 1.0 / 3);

struct OneCycleOptions {
  double pct_start = 0.3;         ///< the part of the steps that the rise takes, in [0, 1]
  double div_factor = 25;         ///< the factor starts at 1 / div_factor
  double final_div_factor = 1e4;  ///< and ends at 1 / (div_factor * final_div_factor)
};

/// Up to 1 and down again in `total_steps` steps, along cosines; the optimizer's lr is the peak
/// (PyTorch's OneCycleLR with anneal_strategy "cos"; Smith and Topin, 2018). Holds its end from
/// then on. The momentum is left alone (cycle_momentum=False). Throws ValueError also for factors
/// of 0 and pct_start outside [0, 1].
Schedule one_cycle(Index total_steps, OneCycleOptions options = {});

/// `first` for `steps` steps, and then `second`, which counts from 0 (PyTorch's SequentialLR):
/// sequence(linear_warmup(100), 100, cosine(900)).
Schedule sequence(Schedule first, Index steps, Schedule second);

}  // namespace xgrad::optim

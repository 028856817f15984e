#pragma once

#include <cstdint>
#include <vector>

#include <xgrad/autograd/variable.hpp>
#include <xgrad/core/tensor.hpp>

namespace xgrad::optim {

/// The exponential moving average of a network's weights over the steps of its training. The
/// average is the better network long before the learning rate has come down, so that training can
/// end at any step (Polyak and Juditsky, 1992; PyTorch's AveragedModel with get_ema_multi_avg_fn):
///
///     optim::Ema<float> ema(net.parameters(), {}, 0.99);
///     for (...) {
///       ...
///       sgd.step();
///       ema.update();
///     }
///     ema.apply();  // from here on the network is its average
///
/// With x_1, x_2, ... the values at each update, the average after t of them is
///   sum_i decay^(t-i) x_i / sum_i decay^(t-i),
/// so that there is no trace of an initial value, as Adam's bias correction has it.
template <class T = float>
class Ema {
 public:
  /// Averages what these handles stand for, which must be changed in place (as optimizers and
  /// load_state_dict do). `buffers` are the other tensors that belong to the average, such as batch
  /// norm's running statistics: the average of the weights with the statistics of the last weights
  /// is no network of either. Throws ValueError unless 0 <= decay < 1 and there is something to
  /// average.
  Ema(const std::vector<Variable<T>>& parameters, std::vector<Tensor<T>> buffers, double decay);
  Ema(const Ema&) = delete;
  Ema& operator=(const Ema&) = delete;

  /// Takes the present values into the average. Throws ValueError while the average is applied.
  void update();

  /// Puts the average into the values; restore() puts back what was there, to train on. Writing to
  /// a value that a graph still needs makes that graph's backward() throw. Throws ValueError before
  /// the first update, apply() also if it is applied, restore() if it is not.
  void apply() { exchange(true); }
  void restore() { exchange(false); }
  bool applied() const { return applied_; }

  std::int64_t updates() const { return updates_; }
  double decay() const { return decay_; }

 private:
  void exchange(bool apply);

  std::vector<Tensor<T>> values_;    // share memory with the network's
  std::vector<Tensor<T>> averages_;  // while applied: the values to be restored
  double decay_;
  std::int64_t updates_ = 0;
  bool applied_ = false;
};

/// The average is applied while this lives: for evaluations in the course of training.
template <class T>
class EmaApplied {
 public:
  explicit EmaApplied(Ema<T>& ema) : ema_(ema) { ema_.apply(); }
  ~EmaApplied() {
    if (ema_.applied()) ema_.restore();
  }
  EmaApplied(const EmaApplied&) = delete;
  EmaApplied& operator=(const EmaApplied&) = delete;

 private:
  Ema<T>& ema_;
};

extern template class Ema<float>;
extern template class Ema<double>;

}  // namespace xgrad::optim

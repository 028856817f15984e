#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <xgrad/autograd/variable.hpp>
#include <xgrad/core/state_dict.hpp>

namespace xgrad::optim {

/// The identity of an optimizer, one constant each.
struct OptimizerInfo {
  const char* name = "";                         ///< as users call it: "SGD"
  const char* step_name = "";                    ///< names its writes to parameters: "SGD step"
  std::span<const std::string_view> state = {};  ///< names of what it keeps of each parameter
};

/// What all optimizers share: groups of parameters, each with a learning rate of its own, and state
/// per parameter. The first group is the constructor's; add_group() of SGD, Adam, ... adds others:
///
///     optim::SGD<float> sgd(net.parameters(), {.lr = 0.1, .momentum = 0.9});
///     for (...) {
///       sgd.zero_grad();
///       loss(...).backward();
///       sgd.set_lr_factor(schedule(step));
///       sgd.step();
///     }
template <class T = float>
class Optimizer {
 public:
  Optimizer(Optimizer&&) noexcept = default;
  Optimizer& operator=(Optimizer&&) noexcept = default;
  virtual ~Optimizer() = default;

  /// Changes every parameter that has a gradient, in place; one without is left alone, with its
  /// state. Writing to a value that a graph still needs makes that graph's backward() throw and
  /// name the step.
  void step();

  /// Forgets the gradients of all parameters.
  void zero_grad() const;

  std::size_t groups() const { return groups_.size(); }
  /// The learning rate of a group. Throws ValueError for a group that does not exist.
  double lr(std::size_t group = 0) const;
  /// Sets the learning rate of every group, or of one. Throws ValueError for a negative or
  /// non-finite rate.
  void set_lr(double lr);
  void set_lr(double lr, std::size_t group);
  /// Sets the learning rate of every group to `factor` times the one it was made with: what a
  /// Schedule gives. Throws as set_lr does.
  void set_lr_factor(double factor);

  /// A copy of the state to resume from: "2.momentum_buffer", "2.step" ... where 2 is the
  /// parameter's number, counted over all groups; nothing of parameters that were never changed.
  /// The options are not part of it, they are the program's; learning rates follow from the
  /// schedule.
  StateDict<T> state_dict() const;
  /// Goes back to such a state. Throws ValueError listing every entry that does not belong to this
  /// optimizer, lacks its companions or has a wrong shape, and changes nothing then.
  void load_state_dict(const StateDict<T>& state);

 protected:
  /// A parameter and what the optimizer remembers of it.
  struct Slot {
    Variable<T> parameter{};
    std::int64_t step = 0;           ///< steps taken
    std::vector<Tensor<T>> state{};  ///< as OptimizerInfo::state, made of zeros at the first step
  };

  /// `info` must live as long as the program.
  explicit Optimizer(const OptimizerInfo& info) : info_(&info) {}

  /// Throws ValueError naming the optimizer and the option unless `value` is at least 0 and finite
  /// (and below `limit`, if given).
  void check_option(const char* option, double value, double limit = 0) const;

  /// Throws ValueError for an empty list, an undefined variable, one that takes no gradient or is
  /// the result of an op, one that is listed already, or a learning rate as in set_lr.
  void add_parameters(std::vector<Variable<T>> parameters, double lr);

 private:
  struct Group {
    double lr = 0;
    double initial_lr = 0;
    std::vector<Slot> slots{};
  };

  /// Whether the options of a group make state necessary; else slot.state stays empty.
  virtual bool keeps_state(std::size_t group) const = 0;
  /// One step of one parameter. slot.step counts this one already.
  virtual void update(std::size_t group, double lr, Slot& slot) = 0;

  const Group& group(std::size_t i) const;

  const OptimizerInfo* info_;
  std::vector<Group> groups_;
};

extern template class Optimizer<float>;
extern template class Optimizer<double>;

}  // namespace xgrad::optim

#include <xgrad/autograd/op_listener.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/optim/optimizer.hpp>

#include <fmt/format.h>

#include <cmath>
#include <set>

namespace xgrad::optim {
namespace {

// "parameter 3 (conv1.weight)"
template <class T>
std::string describe(std::size_t number, const Variable<T>& parameter) {
  const std::string name = parameter.name();
  return fmt::format("parameter {}{}", number, name.empty() ? "" : " (" + name + ")");
}

}  // namespace

template <class T>
void Optimizer<T>::check_option(const char* option, double value, double limit) const {
  if (!std::isfinite(value) || value < 0)
    throw ValueError(fmt::format("{}: {} is {}: give a finite number of at least 0", info_->name,
                                 option, value));
  if (limit > 0 && value >= limit)
    throw ValueError(
        fmt::format("{}: {} is {}: give a number below {}", info_->name, option, value, limit));
}

template <class T>
void Optimizer<T>::add_parameters(std::vector<Variable<T>> parameters, double lr) {
  check_option("lr", lr);
  if (parameters.empty())
    throw ValueError(
        fmt::format("{}: no parameters to optimize: pass module.parameters()", info_->name));
  std::set<const Node<T>*> known;
  for (const Group& group : groups_)
    for (const Slot& slot : group.slots) known.insert(slot.parameter.edge().node.get());

  std::size_t number = known.size();
  Group added{lr, lr, {}};
  for (Variable<T>& parameter : parameters) {
    if (!parameter.requires_grad())
      throw ValueError(
          fmt::format("{}: {} takes no gradient: make it with requires_grad, or leave it "
                      "out",
                      info_->name, describe(number, parameter)));
    if (!parameter.edge().node->inputs().empty())
      throw ValueError(
          fmt::format("{}: {} is a result of {}, and only leaves can be optimized: pass "
                      "the variables it was computed from",
                      info_->name, describe(number, parameter), parameter.edge().node->op().name));
    if (!known.insert(parameter.edge().node.get()).second)
      throw ValueError(
          fmt::format("{}: {} is listed twice, and would be changed twice per step: list "
                      "it once",
                      info_->name, describe(number, parameter)));
    added.slots.push_back({std::move(parameter), 0, {}});
    ++number;
  }
  groups_.push_back(std::move(added));
}

template <class T>
void Optimizer<T>::step() {
  const ActiveOp active(info_->step_name);
  const ReportOp report(info_->step_name, OpPass::update);
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    for (Slot& slot : groups_[g].slots) {
      if (!slot.parameter.grad().defined()) continue;
      if (slot.state.empty() && keeps_state(g))
        for (std::size_t k = 0; k < info_->state.size(); ++k)
          slot.state.push_back(Tensor<T>(slot.parameter.shape()));
      ++slot.step;
      update(g, groups_[g].lr, slot);
    }
  }
}

template <class T>
void Optimizer<T>::zero_grad() const {
  for (const Group& group : groups_)
    for (const Slot& slot : group.slots) slot.parameter.zero_grad();
}

template <class T>
const typename Optimizer<T>::Group& Optimizer<T>::group(std::size_t i) const {
  if (i >= groups_.size())
    throw ValueError(fmt::format("{}: there is no parameter group {}, they are 0 to {}",
                                 info_->name, i, groups_.size() - 1));
  return groups_[i];
}

template <class T>
double Optimizer<T>::lr(std::size_t i) const {
  return group(i).lr;
}

template <class T>
void Optimizer<T>::set_lr(double lr, std::size_t i) {
  check_option("lr", lr);
  group(i);
  groups_[i].lr = lr;
}

template <class T>
void Optimizer<T>::set_lr(double lr) {
  for (std::size_t i = 0; i < groups_.size(); ++i) set_lr(lr, i);
}

template <class T>
void Optimizer<T>::set_lr_factor(double factor) {
  check_option("the factor of lr", factor);
  for (Group& group : groups_) group.lr = factor * group.initial_lr;
}

template <class T>
StateDict<T> Optimizer<T>::state_dict() const {
  StateDict<T> result;
  std::size_t number = 0;
  for (const Group& group : groups_)
    for (const Slot& slot : group.slots) {
      const std::string prefix = std::to_string(number++) + '.';
      if (slot.step == 0) continue;
      // In float32 exact up to 2^24, where the bias corrections that use it have long become 1.
      result[prefix + "step"] = Tensor<T>::full(Shape{}, static_cast<T>(slot.step));
      for (std::size_t k = 0; k < slot.state.size(); ++k)
        result[prefix + std::string(info_->state[k])] = slot.state[k].clone();
    }
  return result;
}

template <class T>
void Optimizer<T>::load_state_dict(const StateDict<T>& state) {
  std::string problems;
  std::size_t used = 0;
  // The entry, or an undefined tensor with a problem noted.
  const auto take = [&](const std::string& key, const Shape& shape) -> Tensor<T> {
    const auto found = state.find(key);
    if (found == state.end()) {
      problems += fmt::format("\n  missing: {} {}", key, shape.to_string());
      return {};
    }
    ++used;
    if (!found->second.defined() || found->second.shape() != shape)
      problems += fmt::format("\n  wrong shape: {} has {}, expected {}", key,
                              found->second.shape().to_string(), shape.to_string());
    return found->second;
  };

  std::vector<Group> loaded = groups_;
  std::set<std::string> known;
  std::size_t number = 0;
  for (std::size_t g = 0; g < loaded.size(); ++g)
    for (Slot& slot : loaded[g].slots) {
      const std::string prefix = std::to_string(number++) + '.';
      slot.step = 0;
      slot.state.clear();
      const auto first = state.lower_bound(prefix);
      if (first == state.end() || !first->first.starts_with(prefix)) continue;  // never changed
      known.insert(prefix + "step");
      if (const Tensor<T> step = take(prefix + "step", Shape{}); step.defined() && step.size() == 1)
        slot.step = static_cast<std::int64_t>(step.item());
      if (!keeps_state(g)) continue;
      for (const std::string_view name : info_->state) {
        known.insert(prefix + std::string(name));
        slot.state.push_back(take(prefix + std::string(name), slot.parameter.shape()).clone());
      }
    }
  if (used < state.size())
    for (const auto& [key, tensor] : state)
      if (!known.contains(key))
        problems += fmt::format("\n  unexpected: {} {}", key, tensor.shape().to_string());
  if (!problems.empty())
    throw ValueError(
        fmt::format("{}: load_state_dict: this is the state of another optimizer or of "
                    "other parameters; make the same ones as when it was saved:{}",
                    info_->name, problems));
  groups_ = std::move(loaded);
}

template class Optimizer<float>;
template class Optimizer<double>;

}  // namespace xgrad::optim

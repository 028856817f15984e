#include <xgrad/autograd/early_hooks.hpp>
#include <xgrad/autograd/op_listener.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/distributed/distributed_model.hpp>
#include <xgrad/distributed/gradient_buckets.hpp>

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <utility>

namespace xgrad::distributed {
namespace {

// A number that two networks share if their names and shapes are the same. (FNV-1a; the lower bits,
// so that a double can carry it.)
template <class T>
double signature(const nn::Module<T>& module) {
  std::uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&](const std::string& name, const Shape& shape) {
    for (const char c : name + shape.to_string() + '\n')
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  };
  for (const auto& [name, parameter] : module.named_parameters()) add(name, parameter.shape());
  for (const auto& [name, buffer] : module.named_buffers()) add(name, buffer.shape());
  return static_cast<double>(hash & ((std::uint64_t{1} << 52) - 1));
}

// Throws on all ranks where one differs from rank 0.
template <class T>
void check_same(const nn::Module<T>& module, const Communicator& communicator) {
  const double own = signature(module);
  double first = own;
  communicator.broadcast(std::span(&first, 1));
  if (const double others = communicator.sum(own == first ? 0.0 : 1.0); others > 0)
    throw ValueError(
        fmt::format("DistributedModel: the network of {} of {} ranks has other names or "
                    "shapes than rank 0's: make the same network on each",
                    others, communicator.ranks()));
}

// Moves messages on after every op: MPI does little while it is not called, and between the hooks
// of two parameters there may be much else.
template <class T>
class MovesOn final : public OpListener {
 public:
  explicit MovesOn(GradientBuckets<T>& buckets) : buckets_(buckets) {}
  void finished(const char*, OpPass) override { buckets_.move_on(); }

 private:
  GradientBuckets<T>& buckets_;
};

}  // namespace

template <class T>
struct DistributedModel<T>::State {
  nn::Module<T>& module;
  Communicator communicator;
  DistributedOptions options;
  GradientBuckets<T> buckets;
  PassTimes times{};
  bool synchronizes = true;
};

template <class T>
DistributedModel<T>::DistributedModel(nn::Module<T>& module, const Communicator& communicator,
                                      const DistributedOptions& options) {
  check_same(module, communicator);
  const auto parameters = module.parameters();
  state_ = std::shared_ptr<State>(
      new State{module, communicator, options, {parameters, communicator, options.bucket_bytes}});
  for (const Variable<T>& parameter : parameters) {
    Tensor<T> value = parameter.value();
    communicator.broadcast(value);
  }
  broadcast_buffers();
  if (communicator.ranks() == 1) return;
  // The hooks stay with the parameters, also when this has gone.
  for (std::size_t i = 0; i < parameters.size(); ++i)
    parameters[i].register_hook([i, weak = std::weak_ptr(state_)](const Tensor<T>& gradient) {
      const auto state = weak.lock();
      if (state && state->synchronizes) {
        state->buckets.put(i, gradient);
        if (state->options.overlap) state->buckets.start();
      }
      return Tensor<T>();
    });
}

template <class T>
DistributedModel<T>::~DistributedModel() {
  // An exception has come between. MPI goes on using the memory, which must stay; and to wait for
  // others that may never send their part could take forever.
  if (state_->buckets.pending()) new std::shared_ptr<State>(std::move(state_));
}

template <class T>
void DistributedModel<T>::backward(const Variable<T>& loss, double share) {
  if (!(share >= 0 && share <= 1))
    throw ValueError(
        fmt::format("DistributedModel::backward: share is {}: give the part that this "
                    "rank's rows are of all, 0 to 1",
                    share));
  state_->buckets.start_clock();
  {
    std::optional<EarlyHooks> early;
    std::optional<MovesOn<T>> moves_on;
    if (state_->synchronizes && state_->options.overlap && communicator().ranks() > 1) {
      early.emplace();
      // Somebody else who listens must not be cut off.
      if (OpListener::current() == nullptr) moves_on.emplace(state_->buckets);
    }
    // The mean over the ranks is taken later.
    loss.backward(Tensor<T>::full(loss.shape(), static_cast<T>(share * communicator().ranks())));
  }
  state_->times.backward = state_->buckets.seconds();
  if (!state_->synchronizes) return;
  synchronize();
  state_->times.synchronized = state_->buckets.seconds();
  state_->times.buckets = state_->buckets.times();
}

template <class T>
void DistributedModel<T>::synchronize() {
  if (communicator().ranks() > 1) state_->buckets.finish();
}

template <class T>
double DistributedModel<T>::share(Index rows) const {
  const double total = communicator().sum(static_cast<double>(rows));
  if (!(total > 0))
    throw ValueError("DistributedModel::share: no rank has any rows: leave this batch out");
  return static_cast<double>(rows) / total;
}

template <class T>
void DistributedModel<T>::broadcast_buffers() {
  for (auto& [name, buffer] : state_->module.named_buffers()) communicator().broadcast(buffer);
}

template <class T>
const Communicator& DistributedModel<T>::communicator() const {
  return state_->communicator;
}

template <class T>
const PassTimes& DistributedModel<T>::times() const {
  return state_->times;
}

template <class T>
DistributedModel<T>::NoSync::NoSync(DistributedModel& model)
    : model_(model), before_(std::exchange(model.state_->synchronizes, false)) {}

template <class T>
DistributedModel<T>::NoSync::~NoSync() {
  model_.state_->synchronizes = before_;
}

template class DistributedModel<float>;
template class DistributedModel<double>;

}  // namespace xgrad::distributed

#pragma once
// Data-parallel training: every rank has the whole network and a part of each batch.

#include <cstddef>
#include <memory>
#include <vector>

#include <xgrad/autograd/variable.hpp>
#include <xgrad/distributed/communicator.hpp>
#include <xgrad/nn/module.hpp>

namespace xgrad::distributed {

struct DistributedOptions {
  /// Gradients are sent in buckets of about this size. Small ones start earlier, large ones have
  /// less overhead; with this default a LeNet has three.
  std::size_t bucket_bytes = std::size_t{256} << 10;
  /// Send a bucket as soon as its gradients are there, while backward goes on; else after it.
  bool overlap = true;
};

/// When a bucket of the last synchronised pass was sent and its sum was seen to be there, in
/// seconds since the begin of backward().
struct BucketTimes {
  std::size_t bytes = 0;
  double started = 0;
  double done = 0;
};

/// The same for the whole pass.
struct PassTimes {
  double backward = 0;      ///< the end of this rank's own backward pass
  double synchronized = 0;  ///< that of synchronize()
  std::vector<BucketTimes> buckets{};
};

/// Gives the parameters of a network on each rank the gradient of the mean loss over the rows of
/// all ranks. With the same optimizer and the same calls on each rank, the parameters stay the
/// same, to the bit; with the same number of ranks, they are the same on every run.
///
///     distributed::DistributedModel<float> model(net, world);
///     for (each batch of this rank) {
///       const auto loss = cross_entropy(net(images), labels);  // the mean of this rank's rows
///       sgd.zero_grad();
///       model.backward(loss, rows / rows_of_all_ranks);
///       optim::clip_grad_norm(net.parameters(), 5);  // of what is now the gradient of the whole
///       sgd.step();
///     }
///
/// The order of buckets is fixed: from the parameter registered last to the first, and each waits
/// for those before it, in whatever order a rank's gradients come.
template <class T = float>
class DistributedModel {
 public:
  /// Gives every rank rank 0's parameters and buffers. `module` must outlive this. Collective.
  /// Throws ValueError on all ranks if the module has not the same names and shapes on each.
  DistributedModel(nn::Module<T>& module, const Communicator& communicator,
                   const DistributedOptions& options = {});
  DistributedModel(const DistributedModel&) = delete;
  DistributedModel& operator=(const DistributedModel&) = delete;
  ~DistributedModel();

  /// Runs backward from the mean loss over this rank's rows and synchronises the gradients.
  /// `share` is the part that these rows are of all ranks' rows, share() or by the loader; the
  /// shares of all ranks add up to 1. A rank that has no rows takes part with a share of 0 and the
  /// sum of the network's outputs for an empty batch, or without backward, by synchronize() alone
  /// (but not if batch norm is synchronised). Collective.
  void backward(const Variable<T>& loss, double share);
  /// The same for equally many rows on each rank.
  void backward(const Variable<T>& loss) { backward(loss, 1.0 / communicator().ranks()); }

  /// What backward() does last, for those who call loss.backward() themselves: the gradients become
  /// their mean over the ranks, where a rank that has none counts as zero. A parameter without a
  /// gradient on any rank stays without. Collective.
  void synchronize();

  /// `rows` as a part of all ranks' rows. Collective.
  double share(Index rows) const;

  /// While one lives, backward() leaves the gradients on this rank, where they add up until the
  /// next pass outside of it synchronises their sum. Shares are then parts of the rows of all these
  /// passes.
  class NoSync {
   public:
    ~NoSync();
    NoSync(const NoSync&) = delete;
    NoSync& operator=(const NoSync&) = delete;

   private:
    friend class DistributedModel;
    explicit NoSync(DistributedModel& model);
    DistributedModel& model_;
    bool before_;
  };
  [[nodiscard]] NoSync no_sync() { return NoSync(*this); }

  /// Gives every rank rank 0's buffers, such as the running statistics of a batch norm that sees
  /// its own rank's rows only: to be called before an evaluation that the ranks share. Collective.
  void broadcast_buffers();

  const Communicator& communicator() const;
  /// Of the last backward() that synchronised.
  const PassTimes& times() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

extern template class DistributedModel<float>;
extern template class DistributedModel<double>;

}  // namespace xgrad::distributed

#pragma once

#include <chrono>

#include <xgrad/autograd/variable.hpp>
#include <xgrad/distributed/communicator.hpp>
#include <xgrad/distributed/distributed_model.hpp>

namespace xgrad::distributed {

/// The gradients of some parameters, one after the other in flat buckets, and the sums over all
/// ranks of these. A pass is: put() each gradient, in any order; start() and move_on() now and
/// then; finish().
template <class T>
class GradientBuckets {
 public:
  /// Of the parameters from the last to the first. Collective.
  GradientBuckets(const std::vector<Variable<T>>& parameters, const Communicator& communicator,
                  std::size_t bucket_bytes);

  /// Takes the gradient that this pass has for parameter `i`, and what was there before. Throws
  /// GraphError if it has been put there already.
  void put(std::size_t i, const Tensor<T>& gradient);

  /// Starts the sums of the buckets that are full, up to the first that is not.
  void start();

  /// Gives MPI an opportunity to move on with the sums that have been started.
  void move_on();

  /// Starts the rest, with zeros where nothing was put, waits for all, and sets the gradients of
  /// the parameters to the mean. Collective.
  void finish();

  /// Sums are on their way, and MPI reads and writes the buckets.
  bool pending() const;

  void start_clock() { begin_ = Clock::now(); }
  double seconds() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }
  const std::vector<BucketTimes>& times() const { return times_; }

 private:
  using Clock = std::chrono::steady_clock;

  struct Slot {
    Variable<T> parameter{};
    std::size_t bucket = 0;
    Index begin = 0;  // in the bucket
    Index flag = 0;   // there, too: on how many ranks it has a gradient
    bool full = false;
  };
  struct Bucket {
    Tensor<T> flat{};                 // gradients, then flags
    Tensor<T> sums{};                 // of these over all ranks
    std::size_t first = 0, last = 0;  // its slots
    std::size_t missing = 0;          // how many of them are not full
    PendingSum sum{};
  };

  std::size_t slot_of(std::size_t parameter) const { return slots_.size() - 1 - parameter; }
  // null: nothing in this pass.
  void fill(Slot& slot, const Tensor<T>* gradient);
  void take(const Slot& slot);

  Communicator communicator_;
  std::vector<Slot> slots_;
  std::vector<Bucket> buckets_;
  std::vector<BucketTimes> times_;
  std::size_t started_ = 0, done_ = 0;  // of the buckets
  Clock::time_point begin_ = Clock::now();
};

extern template class GradientBuckets<float>;
extern template class GradientBuckets<double>;

}  // namespace xgrad::distributed

#pragma once
// Processes that compute together. All that is known of MPI is in the source of this header.

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <xgrad/core/error.hpp>
#include <xgrad/core/tensor.hpp>

namespace xgrad::distributed {

/// A call to MPI that failed. The message names the call, the rank and MPI's reason.
class MpiError : public Error {
 public:
  using Error::Error;
};

/// A sum over all ranks that goes on in the background. It must be waited for; until then its
/// numbers may be neither read nor written, nor their memory be freed.
class PendingSum {
 public:
  PendingSum() = default;
  PendingSum(const PendingSum&) = delete;
  PendingSum& operator=(const PendingSum&) = delete;
  PendingSum(PendingSum&& other) noexcept;
  PendingSum& operator=(PendingSum&& other) noexcept;

  bool pending() const { return pending_; }
  /// Whether the sums are there. MPI moves messages on while it is asked, and seldom otherwise.
  bool test();
  void wait();

 private:
  friend class Communicator;
  alignas(void*) std::byte request_[sizeof(void*)] = {};  // an MPI_Request
  int rank_ = -1;
  bool pending_ = false;
};

/// A group of processes ("ranks"), by an MPI communicator of its own: what is sent here is never
/// mistaken for what others send. Copies are the same communicator.
///
///     int main(int argc, char** argv) {
///       return distributed::run_ranks([&](distributed::Communicator& world) {
///         ...
///         return 0;
///       });
///     }
///
/// Every function that says "collective" must be called by all ranks, in the same order; one that
/// waits for another that never calls waits forever. MPI is used from one thread: that of the
/// constructor. All functions throw MpiError.
class Communicator {
 public:
  /// All ranks that mpirun has started; a single one without it. Initialises MPI, unless that is
  /// done already, and finalises it at the end of the last copy. MPI can be initialised once in the
  /// life of a process. If an exception is what ends the last copy, the others would wait for this
  /// rank forever: it ends all of them, see abort().
  Communicator();

  /// 0 to ranks() - 1.
  int rank() const;
  int ranks() const;
  /// The same among the ranks on this machine.
  int local_rank() const;
  int local_ranks() const;

  /// Threads for this rank's kernels so that all ranks of this machine share its cores: those that
  /// the ranks may run on, divided by the ranks, but at most this rank's and at least 1. If
  /// OMP_NUM_THREADS is set, that. (Open MPI binds a rank to one core where nobody says anything of
  /// binding; the constructor undoes that for a rank whose share is larger.)
  int threads() const;

  /// The same ranks with a communicator of their own, for messages whose order among these here
  /// differs from rank to rank. Collective.
  Communicator duplicate() const;

  /// Waits until all ranks have come here. Collective.
  void barrier() const;

  /// Copies `values` (float, double or std::byte) of rank `root` to all others. Collective; equally
  /// many on each rank.
  template <class T>
  void broadcast(std::span<T> values, int root = 0) const;
  template <class T>
  void broadcast(Tensor<T>& tensor, int root = 0) const {
    broadcast(tensor.values(), root);
  }

  /// Puts the sums over all ranks in the place of `values`, the same bits on each rank, and on
  /// every run with as many ranks. Collective; equally many on each rank.
  template <class T>
  void sum(std::span<T> values) const;
  template <class T>
  void sum(Tensor<T>& tensor) const {
    sum(tensor.values());
  }
  double sum(double value) const;
  double max(double value) const;

  /// The same as sum(), going on in the background, with the sums in a place of their own: what is
  /// to be put in the place of `values`, Open MPI sums by a tree, of which rank 0 sends and gets
  /// all numbers log2(ranks) times, and not twice. Collective, in the order of the calls. Throws
  /// ValueError if there are not as many sums as values.
  template <class T>
  PendingSum start_sum(std::span<const T> values, std::span<T> sums) const;

  /// Writes "rank R of N on HOST: WHY" to the standard error and ends all ranks within seconds,
  /// with that exit code. Where several ranks have the same reason, one of them writes.
  [[noreturn]] void abort(std::string_view why, int exit_code = 1) const;

 private:
  struct State;
  explicit Communicator(std::shared_ptr<const State> state) : state_(std::move(state)) {}

  std::shared_ptr<const State> state_;
};

/// The main function of a program for many ranks: calls `body` with all ranks, after
/// set_num_threads(threads()), and returns what it returns, which must be the same on all ranks. An
/// exception that leaves it ends all ranks with one message of the rank and the cause; see abort().
int run_ranks(const std::function<int(Communicator&)>& body);

}  // namespace xgrad::distributed

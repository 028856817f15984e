#pragma once
// Training by several processes ("ranks"), as mpirun starts them: what a training asks of the
// others. One process is a training of one rank, where nothing here does anything.

#include <cstddef>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>

#include <xgrad/nn/module.hpp>
#include <xgrad/train/interrupt.hpp>

namespace xgrad::command {

struct CommonOptions;

/// How a step gets the gradient of the mean loss of all ranks' rows.
class StepGradients {
 public:
  explicit StepGradients(nn::Module<float>& model) : model_(model) {}
  virtual ~StepGradients() = default;

  /// Adds the gradient of a loss that is `share` of the step's. The last one of a step adds up
  /// those of all ranks.
  virtual void backward(const Variable<float>& loss, double share, bool last);
  /// The same for a rank that has no rows of a batch.
  virtual void backward_without_rows(const Tensor<float>& /*images*/, bool /*last*/) {}
  /// Runs what goes backward for another purpose than the step, which no other rank takes part in.
  virtual void apart(const std::function<void()>& f) { f(); }
  /// From now on forward waits for no other rank: for one that looks into what went wrong.
  virtual void leave() {}

 protected:
  nn::Module<float>& model_;
};

/// All ranks of this training. What says "together" must be called by all of them, in the same
/// order; so whatever decides what comes next must be the same on all.
class Ranks {
 public:
  virtual ~Ranks() = default;
  virtual Index rank() const { return 0; }
  virtual Index size() const { return 1; }

  /// Over all ranks, the same bits on each. Together.
  virtual void sum(std::span<float> /*values*/) const {}
  virtual double sum(double value) const { return value; }
  virtual double max(double value) const { return value; }
  /// Rank 0's bytes for all. Together.
  virtual void broadcast(std::span<std::byte> /*bytes*/) const {}
  /// Gives all ranks rank 0's parameters and buffers. `model` must outlive what is returned.
  /// Together.
  virtual std::unique_ptr<StepGradients> gradients_of(nn::Module<float>& model,
                                                      bool sync_batch_norm) const;

  /// What f() is on rank 0, which alone calls it. Together.
  template <class F>
  auto on_first(const F& f) const {
    using Result = std::invoke_result_t<F>;
    static_assert(std::is_trivially_copyable_v<Result>);
    Result result{};
    if (rank() == 0) result = f();
    broadcast(std::as_writable_bytes(std::span(&result, 1)));
    return result;
  }
};

/// This process alone.
const Ranks& one_process();

/// Those of the action that with_ranks() runs; else this process alone.
const Ranks& ranks();

/// Runs what all ranks do together, and returns its exit code, which must be the same on all. Rank
/// 0 alone shows progress, remarks and, unless common.log_level asks, warnings. Where one throws,
/// all end, with a message of that rank. Throws Error where a launcher has started several
/// processes and xgrad-mpi is not there.
int with_ranks(const CommonOptions& common, const std::function<int()>& action);

/// The signal that has come to any rank, the largest if they differ; 0: none. Together.
inline int signal_on_any_rank(const train::CatchInterrupt& interrupt) {
  return static_cast<int>(ranks().max(interrupt.signal()));
}

/// Throws on all ranks where `text` is not rank 0's, calling it `what`. Together.
void check_same_on_all(const std::string& text, const std::string& what);

/// A checksum, for check_same_on_all(); of several parts one after the other.
std::string checksum(std::initializer_list<std::span<const std::byte>> parts);

/// To be called before each step: dropout on other ranks than the first draws from a stream of the
/// rank and the step, so that a checkpoint need not know how far they are. Rank 0 has the library's
/// stream.
void use_dropout_of_rank(std::uint64_t seed, Index step);

/// What a launcher such as mpirun has told this process by the environment that it was started
/// with.
struct Launch {
  int rank = -1;  ///< -1: there was none
  int size = 1;   ///< how many processes it has started; 1 also where it did not tell
};
const Launch& launch();

/// The program xgrad-mpi beside this one, which is it, too; nothing where it is built without MPI.
std::optional<std::filesystem::path> mpi_program();

/// What with_ranks() does under a launcher. Each program has its own: in xgrad-mpi (mpi_ranks.cpp)
/// the ranks are MPI's; xgrad (become_mpi_program.cpp), which neither loads MPI nor needs it to be
/// there, becomes xgrad-mpi with the same arguments.
int run_under_launcher(char** arguments, const CommonOptions& common,
                       const std::function<int()>& action);

/// The action by one of these ranks.
int run_as_rank(const Ranks& ranks, const CommonOptions& common,
                const std::function<int()>& action);

}  // namespace xgrad::command

// What xgrad-mpi does where a launcher such as mpirun has started it: it trains with the others,
// over MPI.

#include <xgrad/core/parallel.hpp>
#include <xgrad/distributed/communicator.hpp>
#include <xgrad/distributed/distributed_model.hpp>
#include <xgrad/distributed/sync_batch_norm.hpp>
#include <xgrad/ops/reduce.hpp>

#include "tools/xgrad/command.hpp"
#include "tools/xgrad/ranks.hpp"

namespace xgrad::command {
namespace {

using distributed::Communicator;

class MpiGradients final : public StepGradients {
 public:
  MpiGradients(nn::Module<float>& model, const Communicator& world, bool sync_batch_norm)
      : StepGradients(model), shared_(model, world) {
    if (sync_batch_norm) synchronized_layers_ = distributed::synchronize_batch_norm(model, world);
  }

  void backward(const Variable<float>& loss, double share, bool last) override {
    if (last) return shared_.backward(loss, share);
    const auto no_sync = shared_.no_sync();
    shared_.backward(loss, share);
  }

  // Where the others wait for this rank in each batch norm, it goes through them with no rows.
  void backward_without_rows(const Tensor<float>& images, bool last) override {
    if (synchronized_layers_ > 0)
      backward(xgrad::sum(model_(Variable<float>(images))), 0, last);
    else if (last)
      shared_.synchronize();
  }

  void apart(const std::function<void()>& f) override {
    const auto no_sync = shared_.no_sync();
    f();
  }

  void leave() override { distributed::separate_batch_norm(model_); }

 private:
  distributed::DistributedModel<float> shared_;
  int synchronized_layers_ = 0;
};

class MpiRanks final : public Ranks {
 public:
  explicit MpiRanks(const Communicator& world) : world_(world) {}

  Index rank() const override { return world_.rank(); }
  Index size() const override { return world_.ranks(); }
  void sum(std::span<float> values) const override { world_.sum(values); }
  double sum(double value) const override { return world_.sum(value); }
  double max(double value) const override { return world_.max(value); }
  void broadcast(std::span<std::byte> bytes) const override { world_.broadcast(bytes); }
  std::unique_ptr<StepGradients> gradients_of(nn::Module<float>& model,
                                              bool sync_batch_norm) const override {
    return std::make_unique<MpiGradients>(model, world_, sync_batch_norm);
  }

 private:
  Communicator world_;
};

}  // namespace

int run_under_launcher(char** /*arguments*/, const CommonOptions& common,
                       const std::function<int()>& action) {
  return distributed::run_ranks([&](Communicator& world) {
    // Each would train for itself, and overwrite what the others keep.
    if (world.ranks() == 1 && launch().size > 1)
      throw Error(fmt::format(
          "a launcher has started {} processes, but to this program's MPI each of them is alone: "
          "use the mpirun of the MPI it was built with, or srun --mpi=pmix",
          launch().size));
    if (common.threads > 0) set_num_threads(common.threads);  // else this rank's share of the cores
    try {
      return run_as_rank(MpiRanks(world), common, action);
    } catch (const UsageError& error) {
      world.abort(error.what(), wrong_usage);
    }
  });
}

}  // namespace xgrad::command

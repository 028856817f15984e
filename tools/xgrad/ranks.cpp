#include "tools/xgrad/ranks.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <string_view>

#include <xgrad/core/error.hpp>
#include <xgrad/core/log.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/distributed/launch.hpp>

namespace xgrad::command {
namespace {

const Ranks one_process;
const Ranks* current = &one_process;

}  // namespace

void StepGradients::backward(const Variable<float>& loss, double share, bool /*last*/) {
  loss.backward(Tensor<float>::full(loss.shape(), static_cast<float>(share)));
}

std::unique_ptr<StepGradients> Ranks::gradients_of(nn::Module<float>& model,
                                                   bool /*sync_batch_norm*/) const {
  return std::make_unique<StepGradients>(model);
}

const Ranks& ranks() { return *current; }

#ifdef XGRAD_WITH_MPI
namespace {

class UseRanks {
 public:
  explicit UseRanks(const Ranks& ranks) { current = &ranks; }
  UseRanks(const UseRanks&) = delete;
  UseRanks& operator=(const UseRanks&) = delete;
  ~UseRanks() { current = &one_process; }
};

int run(const Ranks& all, const CommonOptions& common, const std::function<int()>& action) {
  const UseRanks use(all);
  if (all.rank() > 0) {
    set_quiet(true);
    if (common.log_level.empty()) set_log_level("error");
  }
  try {
    return action();
  } catch (const std::bad_alloc&) {
    throw Error("out of memory: try a smaller --batch-size");
  }
}

}  // namespace

int with_ranks(const CommonOptions& common, const std::function<int()>& action) {
  if (!distributed::launched()) return action();
  return with_mpi_ranks(common, [&](const Ranks& all) { return run(all, common, action); });
}
#else
namespace {

// Whether the launcher has started this process only. Open MPI, MPICH and Slurm's PMI-2, MVAPICH2,
// Slurm.
bool is_launched_alone() {
  for (const char* const variable :
       {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS"})
    if (const char* const size = std::getenv(variable)) return std::string_view(size) == "1";
  return false;
}

}  // namespace

int with_ranks(const CommonOptions& /*common*/, const std::function<int()>& action) {
  // Each would train for itself, and overwrite what the others keep.
  if (distributed::launched() && !is_launched_alone())
    throw Error(
        "a launcher such as mpirun has started several processes, but this xgrad is built without "
        "MPI: start it without a launcher, or build it with -DXGRAD_WITH_MPI=ON");
  return action();
}
#endif

void check_same_on_all(const std::string& text, const std::string& what) {
  const auto size = ranks().on_first([&] { return text.size(); });
  std::string first = text;
  first.resize(size);
  ranks().broadcast(std::as_writable_bytes(std::span(first)));
  if (ranks().max(text == first ? 0 : 1) > 0)
    throw Error(
        fmt::format("the processes do not agree on {}: give each the same options, and the "
                    "same files under the same path on each machine",
                    what));
}

void use_dropout_of_rank(std::uint64_t seed, Index step) {
  if (ranks().rank() == 0) return;
  random_stream(RandomPurpose::dropout) = RandomStream(seed, "dropout of other ranks")
                                              .fork(static_cast<std::uint64_t>(ranks().rank()))
                                              .fork(static_cast<std::uint64_t>(step));
}

}  // namespace xgrad::command

#include "tools/xgrad/ranks.hpp"

#include <cstdlib>
#include <new>

#include <xgrad/core/error.hpp>
#include <xgrad/core/log.hpp>
#include <xgrad/core/random.hpp>

#include "tools/xgrad/command.hpp"

namespace xgrad::command {
namespace {

const Ranks* current = &one_process();

// Of Open MPI; PMIx (Open MPI under Slurm, PRRTE); MPICH, Intel MPI, Slurm's PMI-2; MVAPICH2.
int rank_of_environment() {
  for (const char* const variable :
       {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "MV2_COMM_WORLD_RANK"})
    if (const char* const rank = std::getenv(variable)) return std::atoi(rank);
  return -1;
}

// Asked as the program starts: Open MPI sets them itself where it is initialised without a
// launcher.
const int rank_at_start = rank_of_environment();

class UseRanks {
 public:
  explicit UseRanks(const Ranks& ranks) { current = &ranks; }
  UseRanks(const UseRanks&) = delete;
  UseRanks& operator=(const UseRanks&) = delete;
  ~UseRanks() { current = &one_process(); }
};

}  // namespace

void StepGradients::backward(const Variable<float>& loss, double share, bool /*last*/) {
  loss.backward(Tensor<float>::full(loss.shape(), static_cast<float>(share)));
}

std::unique_ptr<StepGradients> Ranks::gradients_of(nn::Module<float>& model,
                                                   bool /*sync_batch_norm*/) const {
  return std::make_unique<StepGradients>(model);
}

const Ranks& one_process() {
  static const Ranks alone;
  return alone;
}

const Ranks& ranks() { return *current; }

int launched_rank() { return rank_at_start; }

std::optional<std::filesystem::path> mpi_program() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  auto program = self.parent_path() / "xgrad-mpi";
  if (error || !std::filesystem::exists(program, error)) return std::nullopt;
  return program;
}

int with_ranks(const CommonOptions& common, const std::function<int()>& action) {
  return launched_rank() < 0 ? action() : common.under_launcher(common, action);
}

int run_as_rank(const Ranks& ranks, const CommonOptions& common,
                const std::function<int()>& action) {
  const UseRanks use(ranks);
  if (ranks.rank() > 0) {
    set_quiet(true);
    if (common.log_level.empty()) set_log_level("error");
  }
  try {
    return action();
  } catch (const std::bad_alloc&) {
    throw Error("out of memory: try a smaller --batch-size");
  }
}

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

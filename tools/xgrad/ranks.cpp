#include "tools/xgrad/ranks.hpp"

#include <zlib.h>

#include <cstdlib>
#include <new>
#include <utility>

#include <xgrad/core/error.hpp>
#include <xgrad/core/log.hpp>
#include <xgrad/core/random.hpp>

#include "tools/xgrad/command.hpp"

namespace xgrad::command {
namespace {

const Ranks* current = &one_process();

int number(const char* variable, int otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::atoi(text);
}

// Of Open MPI; MPICH, Intel MPI, Slurm's PMI-2; MVAPICH2; PMIx (Open MPI under Slurm, PRRTE), which
// has no variable for the size; Slurm, where it starts a program that is no business of MPI's.
Launch launch_by_environment() {
  for (const auto& [rank, size] :
       {std::pair("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"),
        std::pair("PMI_RANK", "PMI_SIZE"), std::pair("MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE"),
        std::pair("PMIX_RANK", "SLURM_STEP_NUM_TASKS")})
    if (std::getenv(rank) != nullptr) return {number(rank, 0), number(size, 1)};
  const int tasks = number("SLURM_STEP_NUM_TASKS", 1);
  return tasks > 1 ? Launch{number("SLURM_PROCID", 0), tasks} : Launch{};
}

// Asked as the program starts: Open MPI sets them itself where it is initialised without a
// launcher.
const Launch launch_at_start = launch_by_environment();

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

const Launch& launch() { return launch_at_start; }

std::optional<std::filesystem::path> mpi_program() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  auto program = self.parent_path() / "xgrad-mpi";
  if (error || !std::filesystem::exists(program, error)) return std::nullopt;
  return program;
}

int with_ranks(const CommonOptions& common, const std::function<int()>& action) {
  return launch().rank < 0 ? action() : common.under_launcher(common, action);
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
                    "same files on each machine",
                    what));
}

std::string checksum(std::initializer_list<std::span<const std::byte>> parts) {
  auto sum = crc32_z(0, nullptr, 0);
  for (const auto part : parts)
    if (!part.empty())  // a null pointer would begin anew
      sum = crc32_z(sum, reinterpret_cast<const Bytef*>(part.data()), part.size());
  return std::to_string(sum);
}

void use_dropout_of_rank(std::uint64_t seed, Index step) {
  if (ranks().rank() == 0) return;
  random_stream(RandomPurpose::dropout) = RandomStream(seed, "dropout of other ranks")
                                              .fork(static_cast<std::uint64_t>(ranks().rank()))
                                              .fork(static_cast<std::uint64_t>(step));
}

}  // namespace xgrad::command

// What xgrad does where a launcher such as mpirun has started it: it becomes xgrad-mpi.

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <xgrad/core/error.hpp>

#include "tools/xgrad/command.hpp"
#include "tools/xgrad/ranks.hpp"

namespace xgrad::command {
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

int run_under_launcher(char** arguments, const CommonOptions& /*common*/,
                       const std::function<int()>& action) {
  if (const auto program = mpi_program()) {
    execv(program->c_str(), arguments);
    throw Error(fmt::format("{}: cannot be started: {}: install it again, or start xgrad without "
                            "a launcher",
                            program->string(), std::strerror(errno)));
  }
  if (is_launched_alone()) return action();
  // Each would train for itself, and overwrite what the others keep.
  throw Error(
      "a launcher such as mpirun has started several processes, but there is no xgrad-mpi beside "
      "this xgrad: start it without a launcher, or build it with -DXGRAD_WITH_MPI=ON");
}

}  // namespace xgrad::command

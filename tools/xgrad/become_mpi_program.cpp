// What xgrad does where a launcher such as mpirun has started it: it becomes xgrad-mpi.

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <xgrad/core/error.hpp>

#include "tools/xgrad/command.hpp"
#include "tools/xgrad/ranks.hpp"

namespace xgrad::command {

int run_under_launcher(char** arguments, const CommonOptions& /*common*/,
                       const std::function<int()>& action) {
  if (const auto program = mpi_program()) {
    execv(program->c_str(), arguments);
    throw Error(
        fmt::format("{}: cannot be started: {}: install it again, or start xgrad without "
                    "a launcher",
                    program->string(), std::strerror(errno)));
  }
  if (launch().size == 1) return action();
  // Each would train for itself, and overwrite what the others keep.
  throw Error(
      "a launcher such as mpirun has started several processes, but there is no xgrad-mpi beside "
      "this xgrad: start it without a launcher, or build it with -DXGRAD_WITH_MPI=ON");
}

}  // namespace xgrad::command

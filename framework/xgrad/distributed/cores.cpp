#include <xgrad/distributed/cores.hpp>

#include <unistd.h>

#include <cstdlib>

namespace xgrad::distributed {
namespace {

bool is_set(const char* variable) { return std::getenv(variable) != nullptr; }

cpu_set_t cores_of(pid_t process) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  sched_getaffinity(process, sizeof cores, &cores);
  return cores;
}

}  // namespace

cpu_set_t take_cores(int local_ranks) {
  const cpu_set_t own = cores_of(0);
  const bool bound_by_default = is_set("OMPI_MCA_orte_bound_at_launch") &&
                                !is_set("OMPI_MCA_hwloc_base_binding_policy") &&
                                !is_set("OMPI_MCA_rmaps_base_mapping_policy");
  if (!bound_by_default) return own;
  const cpu_set_t all = cores_of(getppid());
  if (CPU_COUNT(&all) / local_ranks <= CPU_COUNT(&own)) return own;
  return sched_setaffinity(0, sizeof all, &all) == 0 ? all : own;
}

}  // namespace xgrad::distributed

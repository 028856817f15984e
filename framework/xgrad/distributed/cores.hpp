#pragma once
// Which cores a rank runs on.

#include <sched.h>

namespace xgrad::distributed {

/// The cores this process may run on. Open MPI binds each rank to one core where the user says
/// nothing of binding or mapping; this lets a rank whose share of the cores is larger run wherever
/// the launcher may.
cpu_set_t take_cores(int local_ranks);

}  // namespace xgrad::distributed

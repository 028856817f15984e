#pragma once
// What the launcher, mpirun or another, has done to this process.

#include <sched.h>

namespace xgrad::distributed {

/// Whether a launcher of MPI has started this process, if only as a single rank. Looks at the
/// environment alone, so that a program that is started without one need not initialise MPI.
bool launched();

/// The cores this process may run on. Open MPI binds each rank to one core where the user says
/// nothing of binding or mapping; this lets a rank whose share of the cores is larger run wherever
/// the launcher may.
cpu_set_t take_cores(int local_ranks);

}  // namespace xgrad::distributed

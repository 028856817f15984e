#pragma once
// Where the time of a step goes, op by op.

#include "tools/xgrad/bench_floor.hpp"

namespace xgrad::command {

struct ProfileRow {
  std::string op;
  std::string pass;         ///< "forward", "backward", "update"; "" for what is between ops
  double microseconds = 0;  ///< per step
  double share = 0;         ///< of the step
  double gflops = 0;        ///< GFLOP/s of its products; 0 where there are none
  double floor_share = 0;   ///< the floor of it in its time; 0 where none is known
};

/// Ops of one step, the most expensive first, from steps that take `seconds` together. `times` are
/// those of `floor`, in its order.
std::vector<ProfileRow> profile(const Step& step, const Floor& floor, const FloorTimes& times,
                                double seconds);

void print_profile(const std::vector<ProfileRow>& rows);

}  // namespace xgrad::command

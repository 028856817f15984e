#pragma once

#include <nlohmann/json.hpp>

namespace xgrad::command {

/// Throws ValueError, naming the member, for one of a run's configuration that the options of the
/// trainings would not have taken: epochs of 0 or 2.5, an optimizer that is not known.
/// Configurations are edited by hand, and a training with a layer of -3 units fails in odd places.
/// Says nothing of members that are not there or not of this list, but that no number with a
/// fraction may be larger than an integer can be.
void check_config(const nlohmann::json& config);

}  // namespace xgrad::command

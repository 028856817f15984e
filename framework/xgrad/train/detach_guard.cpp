#include <xgrad/train/detach_guard.hpp>

#include <fmt/format.h>

#include <utility>

#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/error.hpp>

namespace xgrad::train {
namespace {

template <class T>
bool has_graph_behind(const Variable<T>& part) {
  return part.requires_grad() && !part.edge().node->inputs().empty();
}

double kib(std::size_t bytes) { return static_cast<double>(bytes) / 1024; }

}  // namespace

DetachGuard::DetachGuard(std::string name, const DetachGuardOptions& options)
    : name_(std::move(name)), options_(options) {
  if (options.tolerated_windows < 0)
    throw ValueError(fmt::format(
        "DetachGuard of {}: tolerated_windows is {}; give 0 for a state that is always detached",
        name_, options.tolerated_windows));
}

template <class T>
void DetachGuard::check(const RecurrentState<T>& state, Index steps) {
  if (steps < 1)
    throw ValueError(fmt::format(
        "DetachGuard of {}: a window of {} steps; give its length, at least 1", name_, steps));
  const std::size_t live = pool_counters().live_bytes;
  const bool first = last_steps_ == 0;
  const auto extend = [&](Reach& reach, const Variable<T>& part) {
    const bool carries = !first && has_graph_behind(part);
    reach = carries ? Reach{reach.windows + 1, reach.steps + last_steps_} : Reach{};
  };
  extend(h_, state.h);
  extend(c_, state.c);
  last_steps_ = steps;

  const Reach& longest = h_.windows >= c_.windows ? h_ : c_;
  if (longest.windows == 0) detached_bytes_ = live;
  if (longest.windows <= options_.tolerated_windows) return;
  const char* which = h_.windows == c_.windows ? "h and c" : h_.windows > c_.windows ? "h" : "c";
  throw GraphError(
      fmt::format("DetachGuard: the state of {} ({}) was not detached: the graph behind it reaches "
                  "back {} steps "
                  "(windows: {}), and live memory went from {:.0f} to {:.0f} KiB meanwhile. Cut "
                  "the graph between "
                  "two windows: state = state.detach()",
                  name_, which, longest.steps, longest.windows, kib(detached_bytes_), kib(live)));
}

void DetachGuard::reset() {
  h_ = c_ = {};
  last_steps_ = 0;
}

template void DetachGuard::check(const RecurrentState<float>&, Index);
template void DetachGuard::check(const RecurrentState<double>&, Index);

}  // namespace xgrad::train

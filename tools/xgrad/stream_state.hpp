#pragma once
// The state that a character model carries from window to window, as a checkpoint keeps it: that of
// the streams of all ranks, so that other numbers of ranks can go on.

#include <datasets/text_streams.hpp>
#include <xgrad/core/state_dict.hpp>
#include <xgrad/ops/recurrent.hpp>

namespace xgrad::command {

/// From this rank's state, [layers, its streams, H]. All ranks must call this together.
StateDict<float> as_tensors(const RecurrentState<float>& state,
                            const datasets::TextStreamOptions& streams);

/// This rank's part of it.
RecurrentState<float> as_state(const StateDict<float>& tensors,
                               const datasets::TextStreamOptions& streams);

}  // namespace xgrad::command

#include "tools/xgrad/stream_state.hpp"

#include <datasets/shard.hpp>

#include "tools/xgrad/ranks.hpp"

namespace xgrad::command {
namespace {

// [streams, H] of [layers, streams, H], in the same memory.
Tensor<float> of_layer(const Tensor<float>& state, Index layer) {
  return state.slice(layer, layer + 1).reshape({state.shape(1), state.shape(2)});
}

// [layers, streams of this rank, H] to [layers, streams of all ranks, H].
Tensor<float> of_all_ranks(const Tensor<float>& part, const datasets::TextStreamOptions& streams) {
  const auto [begin, end] = datasets::shard_of(streams.batch_size, streams.rank, streams.ranks);
  const Index layers = part.shape(0);
  auto all = Tensor<float>::full({layers, streams.batch_size, part.shape(2)}, 0);
  for (Index layer = 0; layer < layers; ++layer)
    of_layer(all, layer).slice(begin, end).copy_from(of_layer(part, layer));
  ranks().sum(all.values());
  return all;
}

// And back.
Tensor<float> of_this_rank(const Tensor<float>& all, const datasets::TextStreamOptions& streams) {
  const auto [begin, end] = datasets::shard_of(streams.batch_size, streams.rank, streams.ranks);
  const Index layers = all.shape(0);
  auto part = Tensor<float>::empty({layers, end - begin, all.shape(2)});
  for (Index layer = 0; layer < layers; ++layer)
    of_layer(part, layer).copy_from(of_layer(all, layer).slice(begin, end));
  return part;
}

}  // namespace

StateDict<float> as_tensors(const RecurrentState<float>& state,
                            const datasets::TextStreamOptions& streams) {
  StateDict<float> tensors;
  if (state.h.defined()) tensors.emplace("h", of_all_ranks(state.h.value(), streams));
  if (state.c.defined()) tensors.emplace("c", of_all_ranks(state.c.value(), streams));
  return tensors;
}

RecurrentState<float> as_state(const StateDict<float>& tensors,
                               const datasets::TextStreamOptions& streams) {
  const auto part = [&](const char* name) {
    const auto found = tensors.find(name);
    return found == tensors.end() ? Variable<float>()
                                  : Variable<float>(of_this_rank(found->second, streams));
  };
  return {part("h"), part("c")};
}

}  // namespace xgrad::command

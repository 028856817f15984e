#pragma once

#include <xgrad/distributed/communicator.hpp>
#include <xgrad/nn/module.hpp>

namespace xgrad::distributed {

/// Makes every batch norm in the network normalise by the batch of all ranks in training, forward
/// and backward, as if one process had the whole batch; without it each rank normalises by its own
/// rows. Ranks may have different numbers of rows, also none. Costs three small sums over the ranks
/// per layer and step, which each waits for. Returns how many layers there are. Collective; from
/// then on, so are the network's forward in training and backward.
template <class T>
int synchronize_batch_norm(nn::Module<T>& module, const Communicator& communicator);

/// Undoes that for this rank, which must then not train along any more.
template <class T>
void separate_batch_norm(nn::Module<T>& module);

}  // namespace xgrad::distributed

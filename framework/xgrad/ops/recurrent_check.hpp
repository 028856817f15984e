#pragma once
// The shape rule of recurrent layers and cells. Private.

#include <xgrad/kernels/recurrent.hpp>
#include <xgrad/ops/recurrent.hpp>

namespace xgrad::detail {

/// Weights, biases and state of `batch` sequences fit together; returns H. Throws as the ops do.
template <class T>
Index check_recurrent_weights(const char* op, kernels::Cell cell, Index batch,
                              const RecurrentState<T>& state, const RecurrentWeights<T>& weights);

/// Everything fits together. The result's lengths refer to the options'. Throws as the ops do.
template <class T>
kernels::RecurrentRun check_recurrent(const char* op, kernels::Cell cell,
                                      const RecurrentInput<T>& input,
                                      const RecurrentState<T>& state,
                                      const RecurrentWeights<T>& weights,
                                      const RecurrentOptions& options);

}  // namespace xgrad::detail

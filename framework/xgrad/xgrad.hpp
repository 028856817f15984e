#pragma once
// Everything public.

#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/log.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/precision.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/core/state_dict.hpp>
#include <xgrad/core/tensor.hpp>
#include <xgrad/core/xtensor.hpp>

#include <xgrad/autograd/grad_check.hpp>
#include <xgrad/autograd/graph_view.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/variable.hpp>

#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/conv.hpp>
#include <xgrad/ops/dropout.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/embedding.hpp>
#include <xgrad/ops/linear.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/norm.hpp>
#include <xgrad/ops/pool.hpp>
#include <xgrad/ops/recurrent.hpp>
#include <xgrad/ops/recurrent_cells.hpp>
#include <xgrad/ops/reduce.hpp>
#include <xgrad/ops/registry.hpp>
#include <xgrad/ops/shape.hpp>

#include <xgrad/nn/activation.hpp>
#include <xgrad/nn/batch_norm.hpp>
#include <xgrad/nn/conv.hpp>
#include <xgrad/nn/dropout.hpp>
#include <xgrad/nn/embedding.hpp>
#include <xgrad/nn/flatten.hpp>
#include <xgrad/nn/grad_check.hpp>
#include <xgrad/nn/init.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/pool.hpp>
#include <xgrad/nn/recurrent.hpp>
#include <xgrad/nn/sequential.hpp>

#include <xgrad/optim/adam.hpp>
#include <xgrad/optim/clip.hpp>
#include <xgrad/optim/ema.hpp>
#include <xgrad/optim/schedule.hpp>
#include <xgrad/optim/sgd.hpp>

#include <xgrad/io/npy.hpp>
#include <xgrad/io/npz.hpp>
#include <xgrad/io/safetensors.hpp>

#pragma once
// The workloads of `xgrad bench` in libtorch, from the same weights and data (inputs.hpp), so that
// tools/bench/compare can set one beside the other.
//
// As in the tutorials: NCHW, gradients zeroed, torch::nn::{RNN,LSTM,GRU} on one-hot vectors. With
// --tuned as its best user runs it: channels-last, gradients set to none, a character's row of W_ih
// looked up where that is faster, batch norm folded into the convolutions for inference. With
// --bf16 the forward pass is under autocast, as PyTorch's documents have it.
//
// Here are only ATen's headers: torch/torch.h takes a compiler half a minute.

#include <functional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

namespace peer {

using at::Tensor;

struct Options {
  bool tuned = false;
  int threads = 1;
  int rounds = 5;
  double seconds = 0.3;
  int steps = 0;  ///< do so many and measure nothing
  bool losses = false;
  bool cpu_time = false;
  bool bf16 = false;
  std::string variant;
  std::vector<std::string> names;
};
inline Options options;

/// One step; gives the loss where there is one.
using Step = std::function<Tensor()>;

/// One row of the table, as in tools/xgrad/bench_case.hpp.
struct Case {
  std::string workload, variant, unit;
  double amount = 1;
  std::function<Step()> start{};
  std::function<double()> figure{};
};

// The workloads, a source each.
void add_image_cases(std::vector<Case>& all);
void add_char_cases(std::vector<Case>& all);
void add_small_cases(std::vector<Case>& all);
void add_process_cases(std::vector<Case>& all);

/// Measures and prints one JSON object, after a comma unless it `is_first`.
void print_measured(const Case& c, bool is_first);
/// Does the steps that --steps asks for.
void do_steps(const std::vector<Case>& cases);

}  // namespace peer

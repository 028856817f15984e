#pragma once
// What `xgrad bench` measures: workloads, each of one or more cases; and the floor of a case, the
// bare kernels that it cannot do without.

#include <functional>
#include <string>
#include <vector>

#include <xgrad/autograd/op_listener.hpp>
#include <xgrad/autograd/variable.hpp>

namespace xgrad::command {

/// A part of the floor: what one op cannot do without in one pass of a step.
struct FloorPart {
  std::string op;  ///< as OpListener reports it
  OpPass pass = OpPass::forward;
  double flops = 0;
  std::function<void()> kernels;  ///< conv, GEMM: run alone, on buffers of their own; may be empty
  double floats = 0;              ///< elements read and written, each once, between the kernels
};
using Floor = std::vector<FloorPart>;

/// One step; gives the loss where there is one.
using Step = std::function<Variable<float>()>;

/// One row of the table.
struct Case {
  std::string workload;
  std::string variant;  ///< "batch 64"
  std::string unit;   ///< a rate ("images/s", higher is better), a time ("ns", "us", "ms") or "MiB"
  double amount = 1;  ///< images, nodes ... in one step
  std::function<Step()> start;     ///< weights and data as they are at first
  std::function<Floor()> floor{};  ///< empty: not known
  /// Where this is no step to repeat: measures once, in the precision of that name.
  std::function<double(const std::string& precision)> figure{};
};

struct Workload {
  std::string name;
  std::string description;
  std::vector<Case> cases;
};

inline bool higher_is_better(std::string_view unit) { return unit.ends_with("/s"); }

// The workloads, a source each. All start from the values of tools/bench/inputs.hpp.
void add_cnn_workloads(std::vector<Workload>& all);
void add_char_workloads(std::vector<Workload>& all);
void add_small_workloads(std::vector<Workload>& all);
void add_process_workloads(std::vector<Workload>& all);
void add_scaling_workloads(std::vector<Workload>& all);

/// The most of this process's memory that was ever resident; 0 where the system does not say.
double peak_mebibytes();

}  // namespace xgrad::command

#pragma once
// Parts of the floor, and how long they take.

#include <xgrad/kernels/conv.hpp>

#include "tools/xgrad/bench_case.hpp"

namespace xgrad::command {

/// A convolution: forward, weights' gradient and, unless `is_first`, data's gradient.
void add_conv(Floor& floor, const kernels::ConvShape& shape, bool is_first,
              bool is_training = true);
/// linear() of `rows` vectors: one product forward, two backward.
void add_linear(Floor& floor, Index rows, Index in, Index out, bool is_training = true);
/// The recurrent products of one layer, one per step in both directions and one for the weights.
void add_recurrent(Floor& floor, const char* op, Index steps, Index batch, Index hidden,
                   Index gates);
/// Elements read and written.
void add_pass(Floor& floor, const char* op, OpPass pass, double floats);

/// Nanoseconds that one float read or written in cache costs, with the threads of the moment.
double in_cache_time();

/// Seconds of each part, and in all.
struct FloorTimes {
  std::vector<double> parts;
  double total = 0;
};
FloorTimes measure_floor(const Floor& floor, double seconds);

}  // namespace xgrad::command

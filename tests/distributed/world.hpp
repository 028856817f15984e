#pragma once
// The ranks that all tests here run on: each runs every test.

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include <xgrad/distributed/communicator.hpp>
#include <xgrad/nn/module.hpp>

namespace tests {

xgrad::distributed::Communicator& world();

/// Copies of a network's parameters and buffers.
template <class T>
std::vector<xgrad::Tensor<T>> state_of(const xgrad::nn::Module<T>& net) {
  std::vector<xgrad::Tensor<T>> state;
  for (const auto& [name, tensor] : net.state_dict()) state.push_back(tensor.clone());
  return state;
}

/// Rank 0's, on every rank.
template <class T>
void take_from_rank_0(std::vector<xgrad::Tensor<T>>& state) {
  for (auto& tensor : state) world().broadcast(tensor);
}

/// The largest difference between two numbers at the same place; infinite for different shapes.
template <class T>
double deviation(const xgrad::Tensor<T>& a, const xgrad::Tensor<T>& b) {
  if (a.shape() != b.shape()) return HUGE_VAL;
  double largest = 0;
  for (xgrad::Index i = 0; i < a.size(); ++i) {
    const double difference =
        std::abs(static_cast<double>(a.data()[i]) - static_cast<double>(b.data()[i]));
    largest = difference <= largest ? largest : difference;  // a NaN stays
  }
  return largest;
}

template <class T>
double deviation(const std::vector<xgrad::Tensor<T>>& a, const std::vector<xgrad::Tensor<T>>& b) {
  if (a.size() != b.size()) return HUGE_VAL;
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = deviation(a[i], b[i]);
    largest = difference <= largest ? largest : difference;
  }
  return largest;
}

/// By one rank, for the reader of the log.
template <class... Values>
void say(const char* format, Values... values) {
  if (world().rank() != 0) return;
  std::printf(format, values...);
  std::fflush(stdout);
}

}  // namespace tests

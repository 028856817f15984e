#pragma once
// The networks that mpi_overlap and mpi_cost train, each with the loss of one batch of made-up
// rows.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <vector>

#include <models/char_rnn/char_rnn.hpp>
#include <models/lenet/lenet.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/ops/loss.hpp>

namespace rank_networks {

using namespace xgrad;

struct Network {
  std::shared_ptr<nn::Module<float>> module{};
  std::function<Variable<float>()> loss{};
};

inline std::vector<std::int32_t> ids_below(Index n, Index count, RandomStream& stream) {
  std::vector<std::int32_t> ids(static_cast<std::size_t>(count));
  for (auto& id : ids) id = static_cast<std::int32_t>(stream.below(n));
  return ids;
}

/// models::LeNet, with batch norm, and `batch` images.
inline Network lenet(Index batch, RandomStream& stream) {
  const auto net = std::make_shared<models::LeNet<float>>();
  Tensor<float> images = Tensor<float>::empty({batch, 28, 28, 1});
  for (float& value : images.values()) value = static_cast<float>(stream.normal());
  return {net, [net, images, labels = ids_below(10, batch, stream)] {
            return cross_entropy((*net)(images), labels);
          }};
}

/// An LSTM of 512 units over `batch` sequences of 50 characters out of 65.
inline Network lstm(Index layers, Index batch, RandomStream& stream) {
  constexpr Index steps = 50, characters = 65;
  const auto net = std::make_shared<models::CharRnn<float>>(
      characters, models::CharRnnOptions{.hidden = 512, .layers = layers});
  return {net, [net, batch, ids = ids_below(characters, steps * batch, stream),
                targets = ids_below(characters, steps * batch, stream)] {
            return cross_entropy(net->forward({ids, steps, batch}, {}).logits, targets);
          }};
}

/// The value that `share` of all are below, 0 to 1.
inline double quantile(std::vector<double> values, double share) {
  const auto n = static_cast<double>(values.size());
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(share * n);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}
inline double lower_tenth(const std::vector<double>& values) { return quantile(values, 0.1); }
inline double median(const std::vector<double>& values) { return quantile(values, 0.5); }

}  // namespace rank_networks

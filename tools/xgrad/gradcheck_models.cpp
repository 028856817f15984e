#include <fmt/format.h>

#include <models/char_rnn/char_rnn.hpp>
#include <models/cifar/cifar_cnn.hpp>
#include <models/lenet/lenet.hpp>
#include <models/sequence/sequence.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/ops/loss.hpp>

#include "tools/xgrad/gradcheck_models.hpp"

namespace xgrad::command {
namespace {

using Loss = std::function<Variable<double>()>;

// Checks the loss as a function of the model's inputs and all its parameters.
GradCheckReport check_loss(const nn::Module<double>& model, GradCheckLeaves inputs,
                           const Loss& loss, std::uint64_t seed) {
  for (auto& parameter : model.named_parameters()) inputs.push_back(std::move(parameter));
  // Each derivative costs runs of the whole model, so only small parameters are checked element by
  // element.
  return grad_check(loss, inputs,
                    {.atol = model_gradient_error_bound,
                     .rtol = model_gradient_error_bound,
                     .seed = seed,
                     .full_up_to = 32});
}

Variable<double> random_input(const Shape& shape, RandomStream& random) {
  Tensor<double> x = Tensor<double>::empty(shape);
  for (double& value : x.values()) value = random.normal();
  return {x, true};
}

std::vector<std::int32_t> random_ids(Index n, Index classes, RandomStream& random) {
  std::vector<std::int32_t> ids;
  for (Index i = 0; i < n; ++i) ids.push_back(static_cast<std::int32_t>(random.below(classes)));
  return ids;
}

template <class Model, Index side = 28, Index channels = 1>
GradCheckReport check_image_model(std::uint64_t seed) {
  manual_seed(seed);
  RandomStream random(seed, "gradcheck model");
  Model model;
  const Index batch = 3;
  const auto images = random_input({batch, side, side, channels}, random);
  const auto labels = random_ids(batch, 10, random);
  return check_loss(
      model, {{"images", images}}, [&] { return cross_entropy(model(images), labels); }, seed);
}

GradCheckReport check_char_model(models::CharCell cell, std::uint64_t seed) {
  manual_seed(seed);
  RandomStream random(seed, "gradcheck model");
  const Index vocabulary = 11, hidden = 16, layers = 2, steps = 12, batch = 3;
  models::CharRnn<double> model(vocabulary,
                                {.cell = cell, .hidden = hidden, .layers = layers, .dropout = 0.1});
  const auto text = random_ids(steps * batch, vocabulary, random);
  const auto next = random_ids(steps * batch, vocabulary, random);
  RecurrentState<double> state{random_input({layers, batch, hidden}, random), {}};
  GradCheckLeaves inputs{{"state h", state.h}};
  if (cell == models::CharCell::lstm) {
    state.c = random_input({layers, batch, hidden}, random);
    inputs.emplace_back("state c", state.c);
  }
  const auto loss = [&] {
    return cross_entropy(model.forward({text, steps, batch}, state).logits, next);
  };
  return check_loss(model, std::move(inputs), loss, seed);
}

ModelToCheck image_model(const char* name, const char* what,
                         GradCheckReport (*check)(std::uint64_t)) {
  return {name,
          fmt::format("loss = cross_entropy(model(images), labels), 3 images\nmodel: {}", what),
          check};
}

ModelToCheck char_model(const char* name, const char* what, models::CharCell cell) {
  return {name,
          fmt::format("loss = cross_entropy(model(text, state), next characters)\n"
                      "model: 2 layers of 16 {} units through 12 steps of 3 texts, dropout 0.1, "
                      "and a linear layer",
                      what),
          [cell](std::uint64_t seed) { return check_char_model(cell, seed); }};
}

}  // namespace

const std::vector<ModelToCheck>& models_to_check() {
  using models::CharCell;
  static const std::vector<ModelToCheck> all{
      image_model("lenet", "2 convolutions with batch norm, tanh and max-pooling, 2 linear layers",
                  check_image_model<models::LeNet<double>>),
      image_model("lenet_relu",
                  "2 convolutions with batch norm, relu and max-pooling, 2 linear layers",
                  check_image_model<models::LeNetRelu<double>>),
      image_model("lenet5", "2 convolutions with tanh and average-pooling, 3 linear layers",
                  check_image_model<models::LeNet5<double>>),
      // It takes images of any size, and those of 16x16 cost a quarter.
      image_model("cifar_cnn",
                  "6 convolutions with batch norm and relu, max-pooling after every second, the "
                  "mean over the image, a linear layer",
                  check_image_model<models::CifarCnn<double>, 16, 3>),
      char_model("char_rnn", "LSTM", CharCell::lstm),
      char_model("char_rnn_gru", "GRU", CharCell::gru),
      char_model("char_rnn_tanh", "tanh", CharCell::rnn),
      image_model("rows_lstm", "128 LSTM units that read 28 rows of pixels, and a linear layer",
                  check_image_model<models::RowClassifier<double, nn::LSTM>>),
      image_model("rows_gru", "128 GRU units that read 28 rows of pixels, and a linear layer",
                  check_image_model<models::RowClassifier<double, nn::GRU>>),
  };
  return all;
}

}  // namespace xgrad::command

#include "tools/xgrad/recorded_models.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include <models/char_rnn/char_rnn.hpp>
#include <models/cifar/cifar_cnn.hpp>
#include <models/lenet/lenet.hpp>
#include <models/sequence/sequence.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/recurrent_cells.hpp>
#include <xgrad/ops/reduce.hpp>

namespace xgrad::command {
namespace {

template <class Model, Index side = 28, Index channels = 1>
RecordedModel image_model(const InputSize& size) {
  const auto model = std::make_shared<Model>();
  return {model, [model, size] {
            const Variable<float> images(Tensor<float>(Shape{size.batch, side, side, channels}));
            const std::vector<std::int32_t> labels(static_cast<std::size_t>(size.batch));
            return cross_entropy((*model)(images), labels);
          }};
}

template <models::CharCell cell>
RecordedModel char_model(const InputSize& size) {
  constexpr Index vocabulary = 65;
  const auto model = std::make_shared<models::CharRnn<float>>(
      vocabulary, models::CharRnnOptions{.cell = cell});
  return {model, [model, size] {
            const std::vector<std::int32_t> ids(static_cast<std::size_t>(size.steps * size.batch));
            return cross_entropy(model->forward({ids, size.steps, size.batch}, {}).logits, ids);
          }};
}

// The cell of separate ops, once per step: what the recurrent layers do in one op.
class UnrolledCell final : public nn::Module<float> {
 public:
  static constexpr Index inputs = 8, hidden = 16;

  Variable<float> last_state(const InputSize& size) const {
    RecurrentState<float> state{Variable<float>(Tensor<float>(Shape{size.batch, hidden})), {}};
    for (Index t = 0; t < size.steps; ++t)
      state = rnn_cell(Variable<float>(Tensor<float>(Shape{size.batch, inputs})), state, weights);
    return state.h;
  }

  const RecurrentWeights<float> weights{
      .w_ih = parameter("weight_ih", Tensor<float>(Shape{hidden, inputs})),
      .w_hh = parameter("weight_hh", Tensor<float>(Shape{hidden, hidden})),
      .b_ih = parameter("bias_ih", Tensor<float>(Shape{hidden})),
      .b_hh = parameter("bias_hh", Tensor<float>(Shape{hidden}))};
};

RecordedModel unrolled_model(const InputSize& size) {
  const auto model = std::make_shared<UnrolledCell>();
  return {model, [model, size] { return sum(model->last_state(size)); }};
}

struct Named {
  const char* name;
  RecordedModel (*make)(const InputSize&);
};
constexpr Named all_models[] = {
    {"lenet", image_model<models::LeNet<float>>},
    {"lenet_relu", image_model<models::LeNetRelu<float>>},
    {"lenet5", image_model<models::LeNet5<float>>},
    {"cifar_cnn", image_model<models::CifarCnn<float>, 32, 3>},
    {"rows_lstm", image_model<models::RowClassifier<float, nn::LSTM>>},
    {"rows_gru", image_model<models::RowClassifier<float, nn::GRU>>},
    {"char_rnn", char_model<models::CharCell::lstm>},
    {"char_rnn_gru", char_model<models::CharCell::gru>},
    {"char_rnn_tanh", char_model<models::CharCell::rnn>},
    {"unrolled", unrolled_model},
};

}  // namespace

RecordedModel make_recorded_model(const std::string& name, const InputSize& size) {
  return std::ranges::find(all_models, name, &Named::name)->make(size);
}

void add_recorded_model(CLI::App& verb, std::string& name, InputSize& size) {
  std::vector<std::string> names;
  for (const Named& model : all_models) names.emplace_back(model.name);
  verb.add_option("model", name, "Which one; unrolled is a recurrent cell of separate ops")
      ->required()
      ->check(CLI::IsMember(names))
      ->type_name("MODEL");
  verb.add_option("--batch-size", size.batch,
                  fmt::format("Images or texts (default: {})", size.batch))
      ->check(CLI::Range(1, 4096));
  verb.add_option("--steps", size.steps,
                  fmt::format("Time steps of recurrent models (default: {})", size.steps))
      ->check(CLI::Range(1, 1000));
}

}  // namespace xgrad::command

#pragma once
// The models by name, each with a training step to record: for verbs that look at the graph.

#include <functional>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include <xgrad/nn/module.hpp>

namespace xgrad::command {

/// How much a model is given; zeros, as only shapes matter.
struct InputSize {
  Index batch = 1;  ///< images, or texts
  Index steps = 4;  ///< of recurrent models
};

struct RecordedModel {
  std::shared_ptr<nn::Module<float>> module;
  std::function<Variable<float>()> loss;  ///< forward pass on that input, in training
};

/// `name` is one that add_recorded_model lets through.
RecordedModel make_recorded_model(const std::string& name, const InputSize& size);

/// The positional MODEL, --batch-size and --steps.
void add_recorded_model(CLI::App& verb, std::string& name, InputSize& size);

}  // namespace xgrad::command

#pragma once
// Files of networks in the ONNX format (https://onnx.ai), which inference engines such as ONNX
// Runtime and OpenCV run.

#include <filesystem>
#include <map>
#include <string>

#include <xgrad/nn/module.hpp>

namespace xgrad::io {

struct OnnxOptions {
  std::string input_name = "input";
  std::string output_name = "output";
  std::string graph_name = "model";
  std::string description{};                      ///< for whoever opens the file
  std::map<std::string, std::string> metadata{};  ///< any keys and values
};

/// What a file holds.
struct OnnxSummary {
  int opset = 0;
  Index nodes = 0;
  std::string input{};  ///< "batch x 1 x 28 x 28"
  std::string output{};
};

/// Writes what the module computes in evaluation, operator set 13, as float32. The module is run on
/// an example of its input (any values; the first axis is the batch) and on a batch one larger, and
/// every op is written down; so a module whose forward() branches is exported as it goes for the
/// example. It is back in its mode afterwards. The size of the batch stays open, all other extents
/// are those of the example.
///
/// Axes are in the order that PyTorch has: what has four axes, [N, H, W, C], is taken for an image
/// and becomes [N, C, H, W], as input, inside and as output; sequences [N, L, C] that are convolved
/// become [N, C, L]; all else is as it is. Parameters and buffers have their names and layouts of
/// state_dict().
///
/// The file appears under its name when it is complete. Throws ValueError naming an op that ONNX's
/// writer does not know and its place in the module, or a value that does not come from ops alone,
/// or that the size of the batch takes part in; IoError if the file cannot be written.
OnnxSummary export_onnx(const std::filesystem::path& path, nn::Module<float>& module,
                        const Tensor<float>& example, const OnnxOptions& options = {});

}  // namespace xgrad::io

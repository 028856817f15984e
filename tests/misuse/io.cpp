#include <xgrad/core/error.hpp>
#include <xgrad/io/onnx.hpp>
#include <xgrad/io/safetensors.hpp>
#include <xgrad/nn/linear.hpp>

#include <filesystem>

#include "misuse.hpp"

namespace misuse {

std::vector<Misuse> io() {
  using namespace xgrad;
  using xgrad::io::export_onnx;
  using xgrad::io::load_safetensors;
  using xgrad::io::save_safetensors;
  const auto save = [](const char* path, const char* key, const Tensor<float>& tensor) {
    save_safetensors<float>(path, {{key, tensor}});
  };
  const Tensor<float> tensor({2, 3});
  return {
      {"loading a file that does not exist",
       [] { load_safetensors("no/such.safetensors"); },
       Kind::io,
       {"no/such.safetensors", "No such file", "check the path"}},
      {"loading a folder",
       [] { load_safetensors(std::filesystem::temp_directory_path()); },
       Kind::io,
       {std::filesystem::temp_directory_path().string(), "directory"}},
      {"saving into a folder that does not exist",
       [=] { save("no/such/w.safetensors", "w", tensor); },
       Kind::io,
       {"no/such/w.safetensors", "No such file", "folder"}},
      {"saving under the format's own key",
       [=] { save("w.safetensors", "__metadata__", tensor); },
       Kind::value,
       {"w.safetensors", "__metadata__", "another name"}},
      {"saving an undefined tensor",
       [=] { save("w.safetensors", "fc.bias", {}); },
       Kind::value,
       {"fc.bias", "undefined"}},
      {"saving a name that is not UTF-8",
       [=] { save("w.safetensors", "\xff\xfe", tensor); },
       Kind::value,
       {"UTF-8"}},
      {"exporting a model without an example of its input",
       [] {
         nn::Linear<float> model(3, 2);
         export_onnx("model.onnx", model, {});
       },
       Kind::value,
       {"export_onnx", "undefined", "an input of the module"}},
      {"exporting with one name for input and output",
       [] {
         nn::Linear<float> model(3, 2);
         export_onnx("model.onnx", model, Tensor<float>({1, 3}), {.output_name = "input"});
       },
       Kind::value,
       {"input_name", "output_name", "different"}},
  };
}

}  // namespace misuse

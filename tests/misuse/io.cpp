#include <xgrad/core/error.hpp>
#include <xgrad/io/npy.hpp>
#include <xgrad/io/npz.hpp>
#include <xgrad/io/safetensors.hpp>

#include <cstdint>
#include <filesystem>

#include "misuse.hpp"

namespace misuse {

std::vector<Misuse> io() {
  using namespace xgrad;
  using namespace xgrad::io;
  const auto save = [](const char* path, const char* key, const Tensor<float>& tensor) {
    save_safetensors<float>(path, {{key, tensor}});
  };
  const Tensor<float> tensor({2, 3});
  // Calls use with the path of a good file, which make has written.
  const auto with_file = [](const char* name, auto make, auto use) {
    return [=] {
      const auto path = std::filesystem::temp_directory_path() / name;
      make(path);
      use(path);
    };
  };
  const auto save_tensors = [=](const auto& path) {
    save_safetensors<float>(path, {{"w", tensor}});
  };
  const auto save_arrays = [=](const auto& path) { save_npz<float>(path, {{"w", tensor}}); };
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
      {"asking a file for a tensor that it does not have",
       with_file("xgrad_misuse.safetensors", save_tensors,
                 [](const auto& path) { SafetensorsFile(path).tensor("bias"); }),
       Kind::value,
       {"xgrad_misuse.safetensors", "\"bias\"", "names()"}},
      {"loading an array that does not exist",
       [] { load_npy("no/such.npy"); },
       Kind::io,
       {"no/such.npy", "No such file", "check the path"}},
      {"loading tensors as an array",
       with_file("xgrad_misuse.safetensors", save_tensors,
                 [](const auto& path) { load_npy(path); }),
       Kind::io,
       {"xgrad_misuse.safetensors", "NumPy", "another kind of file"}},
      {"loading floating-point numbers as labels",
       with_file(
           "xgrad_misuse.npy", [=](const auto& path) { save_npy(path, tensor); },
           [](const auto& path) { load_npy_integers(path); }),
       Kind::io,
       {"xgrad_misuse.npy", "<f4", "integers", "astype"}},
      {"saving an undefined tensor as an array",
       [] { save_npy("w.npy", Tensor<float>()); },
       Kind::value,
       {"w.npy", "undefined"}},
      {"saving labels into a folder that does not exist",
       [] {
         save_npy("no/such/labels.npy", std::vector<std::int32_t>{1, 2});
       },
       Kind::io,
       {"no/such/labels.npy", "No such file", "folder"}},
      {"loading an array as an archive",
       with_file(
           "xgrad_misuse.npy", [=](const auto& path) { save_npy(path, tensor); },
           [](const auto& path) { load_npz(path); }),
       Kind::io,
       {"xgrad_misuse.npy", "ZIP", "another kind of file"}},
      {"asking an archive for an array that it does not have",
       with_file("xgrad_misuse.npz", save_arrays,
                 [](const auto& path) { NpzFile(path).tensor("bias"); }),
       Kind::value,
       {"xgrad_misuse.npz", "\"bias\"", "names()"}},
      {"reading floating-point numbers of an archive as labels",
       with_file("xgrad_misuse.npz", save_arrays,
                 [](const auto& path) { NpzFile(path).integers("w"); }),
       Kind::io,
       {"xgrad_misuse.npz", "w", "<f4", "integers"}},
      {"saving an undefined tensor into an archive",
       [] {
         save_npz<float>("w.npz", {{"fc.bias", {}}});
       },
       Kind::value,
       {"w.npz", "fc.bias", "undefined"}},
      {"saving a name that is not UTF-8 into an archive",
       [=] {
         save_npz<float>("w.npz", {{"\xff", tensor}});
       },
       Kind::value,
       {"w.npz", "UTF-8"}},
  };
}

}  // namespace misuse

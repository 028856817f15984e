// Our side of tests/interchange: reads what Python has put into a folder, and answers with files.

#include <models/char_rnn/char_rnn.hpp>
#include <models/lenet/lenet.hpp>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include <xgrad/xgrad.hpp>

using namespace xgrad;
namespace fs = std::filesystem;

namespace {

constexpr Index vocabulary = 11, steps = 9, sequences = 3, images = 5;

template <class T>
StateDict<T> outputs(nn::Module<T>& net, const StateDict<T>& inputs) {
  return {{"y", net(Variable<T>(inputs.at("x"))).value()}};
}

template <class T>
StateDict<T> outputs(models::CharRnn<T>& net, const StateDict<T>& inputs) {
  const Tensor<T> x = inputs.at("x");  // ids, [T, B]
  const std::vector<std::int32_t> ids(x.values().begin(), x.values().end());
  const auto [logits, state] = net.forward({ids, x.shape(0), x.shape(1)}, {});
  StateDict<T> result{{"y", logits.value()}, {"h", state.h.value()}};
  if (state.c.defined()) result["c"] = state.c.value();
  return result;
}

template <class T>
Tensor<T> some_inputs(nn::Module<T>&) {
  Tensor<T> x({images, 28, 28, 1});
  RandomStream random(1, "images");
  for (T& value : x.values()) value = static_cast<T>(random.uniform());
  return x;
}

template <class T>
Tensor<T> some_inputs(models::CharRnn<T>&) {
  Tensor<T> x({steps, sequences});
  RandomStream random(1, "characters");
  for (T& value : x.values()) value = static_cast<T>(random.below(vocabulary));
  return x;
}

// The statistics of batch norm as after a training: none is 0 or 1.
template <class T>
void randomize_statistics(nn::Module<T>& net) {
  RandomStream random(1, "statistics");
  for (auto& [name, buffer] : net.named_buffers()) {
    const double least = name.ends_with("running_var") ? 0.25 : -0.5;
    for (T& value : buffer.values()) value = static_cast<T>(random.uniform(least, least + 1));
    if (name.ends_with("num_batches_tracked")) buffer.fill(T(938));
  }
}

// NAME.torch.*: weights and inputs are there, our outputs go beside them. NAME.xgrad.*: all is
// ours.
template <class T, class Net>
void exchange(const fs::path& folder, const std::string& name, Net net) {
  const auto file = [&](const char* made_by, const char* what) {
    const char* const type = sizeof(T) == 4 ? "f32" : "f64";
    return folder / (name + "." + type + "." + made_by + "." + what + ".safetensors");
  };
  const NoGrad no_grad;
  net.eval();
  randomize_statistics<T>(net);
  const StateDict<T> inputs{{"x", some_inputs(net)}};
  io::save_safetensors(file("xgrad", "weights"), net.state_dict());
  io::save_safetensors(file("xgrad", "inputs"), inputs);
  io::save_safetensors(file("xgrad", "outputs"), outputs(net, inputs));

  net.load_state_dict(io::load_safetensors<T>(file("torch", "weights")));
  io::save_safetensors(file("torch", "outputs"),
                       outputs(net, io::load_safetensors<T>(file("torch", "inputs"))));
}

template <class T>
void exchange_all(const fs::path& folder) {
  manual_seed(6);
  exchange<T>(folder, "LeNet", models::LeNet<T>());
  exchange<T>(folder, "LeNetRelu", models::LeNetRelu<T>());
  exchange<T>(folder, "LeNet5", models::LeNet5<T>());
  using models::CharCell, models::CharRnn;
  for (const auto& [name, cell] :
       {std::pair("rnn", CharCell::rnn), {"lstm", CharCell::lstm}, {"gru", CharCell::gru}})
    exchange<T>(folder, name, CharRnn<T>(vocabulary, {.cell = cell, .hidden = 128, .layers = 2}));
}

void torch(const fs::path& folder) {
  exchange_all<float>(folder);
  exchange_all<double>(folder);
  io::save_safetensors(folder / "half.again.safetensors",
                       io::load_safetensors<float>(folder / "half.safetensors"));
}

// Writes every array again, in double precision; integers_* also as labels. refused_* must be.
void numpy(const fs::path& folder) {
  const fs::path again = folder / "again";
  fs::create_directory(again);
  for (const auto& entry : fs::directory_iterator(folder)) {
    const fs::path& path = entry.path();
    const std::string name = path.stem();
    if (name.starts_with("refused")) {
      try {
        io::load_npy(path);
      } catch (const IoError& error) {
        std::printf("%s\n", error.what());
        continue;
      }
      throw IoError(path.string() + ": should be refused");
    }
    if (path.extension() == ".npz")
      io::save_npz(again / path.filename(), io::load_npz<double>(path));
    if (path.extension() == ".npy")
      io::save_npy(again / path.filename(), io::load_npy<double>(path));
    if (name.starts_with("integers"))
      io::save_npy(again / ("labels_" + name + ".npy"), io::load_npy_integers(path).values);
  }
}

}  // namespace

int main(int count, char** arguments) {
  try {
    const std::string what = count == 3 ? arguments[1] : "";
    if (what != "torch" && what != "numpy")
      throw ValueError("usage: interchange torch|numpy FOLDER");
    (what == "torch" ? torch : numpy)(arguments[2]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "interchange: %s\n", error.what());
    return 1;
  }
}

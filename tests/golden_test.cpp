// Our numbers are PyTorch's: outputs, gradients, states of layers and optimizers. See
// golden/README.md.

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

#include <xgrad/io/safetensors.hpp>
#include <xgrad/ops/registry.hpp>

#include "golden/golden.hpp"

using namespace xgrad;
using namespace golden;

namespace {

const std::filesystem::path source_folder = XGRAD_SOURCE_DIR;
const std::filesystem::path folder = source_folder / "tests/golden";

struct Part {
  const char* file;
  Cases cases;
};

const std::vector<Part>& parts() {
  static const std::vector<Part> all{{"ops.safetensors", op_cases()},
                                     {"layers.safetensors", layer_cases()},
                                     {"training.safetensors", training_cases()}};
  return all;
}

// The tensors of a file by case, "CASE/NAME" being their keys.
std::map<std::string, StateDict<double>> read_cases(const char* file) {
  std::map<std::string, StateDict<double>> result;
  for (const auto& [key, tensor] : io::load_safetensors<double>(folder / file)) {
    const auto slash = key.find('/');
    result[key.substr(0, slash)][key.substr(slash + 1)] = tensor;
  }
  return result;
}

// What the cases are named for: "conv2d" of "conv2d: no bias".
std::set<std::string> subjects() {
  std::set<std::string> result;
  for (const Part& part : parts())
    for (const Case& c : part.cases) result.insert(c.name.substr(0, c.name.find(':')));
  return result;
}

// All first groups of `pattern` in the headers of a folder.
std::set<std::string> declared_in(const char* headers, const char* pattern) {
  std::set<std::string> result;
  for (const auto& entry : std::filesystem::directory_iterator(source_folder / headers)) {
    if (entry.path().extension() != ".hpp") continue;
    std::ifstream file(entry.path());
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const std::regex expression(pattern);
    for (std::sregex_iterator match(text.begin(), text.end(), expression), end; match != end;
         ++match)
      result.insert((*match)[1]);
  }
  return result;
}

void require_cases_for(const std::set<std::string>& names) {
  const auto covered = subjects();
  BOOST_TEST(!names.empty());
  for (const std::string& name : names) BOOST_TEST(covered.contains(name), name << " has no case");
}

template <class T>
void run_case(const std::string& name, const std::function<void(Run<T>&)>& f,
              const StateDict<double>& tensors, Deviation& worst) {
  BOOST_TEST_CONTEXT(name << " in " << (sizeof(T) == 4 ? "float32" : "float64")) {
    Run<T> run(name, tensors);
    f(run);
    run.check_all_used();
    BOOST_TEST(!run.worst().tensor.empty(), "the case compares nothing");
    if (worst.tensor.empty() || run.worst().value > worst.value) worst = run.worst();
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(golden)

BOOST_AUTO_TEST_CASE(numbers_are_those_of_pytorch) {
  std::size_t cases = 0, tensors = 0;
  Deviation worst32, worst64;
  for (const Part& part : parts()) {
    auto expected = read_cases(part.file);
    for (const Case& c : part.cases) {
      const auto found = expected.find(c.name);
      BOOST_TEST((found != expected.end()), part.file << " has no case " << c.name);
      if (found == expected.end()) continue;
      run_case<double>(c.name, c.run64, found->second, worst64);
      run_case<float>(c.name, c.run32, found->second, worst32);
      ++cases;
      tensors += found->second.size();
      expected.erase(found);
    }
    for (const auto& [name, unused] : expected)
      BOOST_TEST(false, name << " in " << part.file << " has no test, or is tested twice");
  }
  const auto made_by = io::load_safetensors_metadata(folder / parts()[0].file).at("made_by");
  BOOST_TEST_MESSAGE(cases << " cases, " << tensors << " tensors by " << made_by
                           << "; worst deviation in float64 " << worst64.value << " ("
                           << worst64.tensor << "), in float32 " << worst32.value << " ("
                           << worst32.tensor << ")");
}

BOOST_AUTO_TEST_CASE(every_registered_op_has_a_case) {
  // PyTorch has no such op; a network that goes through it is compared as a whole.
  const std::map<std::string, std::string> within{{"batch_norm_max_pool2d", "LeNet"}};
  std::set<std::string> names;
  for (const OpEntry& entry : op_registry()) {
    const auto found = within.find(entry.op->name);
    names.insert(found == within.end() ? entry.op->name : found->second);
  }
  require_cases_for(names);
}

BOOST_AUTO_TEST_CASE(every_layer_and_network_has_a_case) {
  require_cases_for(declared_in("framework/xgrad/nn", R"(class (\w+) final : public)"));
  require_cases_for(declared_in("models/lenet", R"(class (\w+) : public nn::Module)"));
  require_cases_for(declared_in("models/char_rnn", R"(class (\w+) : public nn::Module)"));
}

BOOST_AUTO_TEST_CASE(every_optimizer_schedule_and_clipping_has_a_case) {
  require_cases_for(declared_in("framework/xgrad/optim",
                                R"(class (\w+) (?:final )?: public (?:Optimizer|Adam)<)"));
  require_cases_for(declared_in("framework/xgrad/optim", R"(\nSchedule (\w+)\()"));
  require_cases_for(declared_in("framework/xgrad/optim", R"((clip_\w+)\(const)"));
}

BOOST_AUTO_TEST_SUITE_END()

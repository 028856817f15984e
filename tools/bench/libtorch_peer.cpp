// The workloads of `xgrad bench` in libtorch, from the same weights and data (inputs.hpp), so that
// tools/bench/compare can set one beside the other.
//
// As in the tutorials: NCHW, gradients zeroed, torch::nn::{RNN,LSTM,GRU} on one-hot vectors. With
// --tuned as its best user runs it: channels-last, gradients set to none, a character's row of W_ih
// looked up where that is faster, batch norm folded into the convolutions for inference.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>

#include <ATen/autocast_mode.h>
#include <torch/torch.h>

#include "tools/bench/inputs.hpp"

namespace {

namespace F = torch::nn::functional;
using torch::Tensor;

struct Options {
  bool tuned = false;
  int threads = 1;
  int rounds = 5;
  double seconds = 0.3;
  int steps = 0;
  bool losses = false;
  bool cpu_time = false;
  bool bf16 = false;
  std::string variant;
  std::vector<std::string> names;
};
Options options;

using Step = std::function<Tensor()>;

struct Case {
  std::string workload, variant, unit;
  double amount = 1;
  std::function<Step()> start;
  std::function<double()> figure{};
};

void fill_parameters(torch::nn::Module& model) {
  const torch::NoGradGuard no_grad;
  for (auto& item : model.named_parameters()) {
    Tensor values = torch::empty(item.value().sizes());
    bench::fill_parameter(item.key(), static_cast<int>(values.dim()), values.size(0),
                          values.numel(), values.data_ptr<float>());
    item.value().copy_(values);
  }
}

Tensor input(const char* name, at::IntArrayRef shape) {
  Tensor result = torch::empty(shape);
  const auto values = bench::values(name, result.numel());
  std::copy(values.begin(), values.end(), result.data_ptr<float>());
  return result;
}

Tensor classes(const char* name, std::int64_t count, std::int32_t number) {
  const auto values = bench::classes<std::int64_t>(name, count, number);
  return torch::tensor(values, torch::kLong);
}

// This version's zero_grad() has no set_to_none.
void forget_gradients(torch::optim::Optimizer& optimizer) {
  if (!options.tuned) return optimizer.zero_grad();
  for (const auto& group : optimizer.param_groups())
    for (const Tensor& parameter : group.params()) parameter.mutable_grad() = Tensor();
}

// ---- images -------------------------------------------------------------------------------------

torch::nn::Conv2d conv(int in, int out, int kernel, int padding) {
  return torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel).padding(padding));
}

struct LeNet : torch::nn::Module {
  torch::nn::Conv2d conv1 = register_module("conv1", conv(1, 16, 5, 2));
  torch::nn::BatchNorm2d bn1 = register_module("bn1", torch::nn::BatchNorm2d(16));
  torch::nn::Conv2d conv2 = register_module("conv2", conv(16, 32, 5, 2));
  torch::nn::BatchNorm2d bn2 = register_module("bn2", torch::nn::BatchNorm2d(32));
  torch::nn::Linear fc1 = register_module("fc1", torch::nn::Linear(1568, 128));
  torch::nn::Linear fc2 = register_module("fc2", torch::nn::Linear(128, 10));
  bool folded = false;

  Tensor forward(Tensor x) {
    x = conv1(x);
    x = torch::max_pool2d(torch::tanh(folded ? x : bn1(x)), 2);
    x = conv2(x);
    x = torch::max_pool2d(torch::tanh(folded ? x : bn2(x)), 2);
    return fc2(torch::tanh(fc1(torch::flatten(x.contiguous(), 1))));
  }

  // The affine map of each batch norm goes into the convolution before it.
  void fold() {
    const torch::NoGradGuard no_grad;
    for (auto& [c, bn] : {std::pair(conv1, bn1), std::pair(conv2, bn2)}) {
      const Tensor scale = bn->weight / torch::sqrt(bn->running_var + bn->options.eps());
      c->weight.mul_(scale.view({-1, 1, 1, 1}));
      c->bias.sub_(bn->running_mean).mul_(scale).add_(bn->bias);
    }
    folded = true;
  }
};

struct LeNet5 : torch::nn::Module {
  torch::nn::Conv2d conv1 = register_module("conv1", conv(1, 6, 5, 2));
  torch::nn::Conv2d conv2 = register_module("conv2", conv(6, 16, 5, 0));
  torch::nn::Linear fc1 = register_module("fc1", torch::nn::Linear(400, 120));
  torch::nn::Linear fc2 = register_module("fc2", torch::nn::Linear(120, 84));
  torch::nn::Linear fc3 = register_module("fc3", torch::nn::Linear(84, 10));

  Tensor forward(Tensor x) {
    x = torch::avg_pool2d(torch::tanh(conv1(x)), 2);
    x = torch::avg_pool2d(torch::tanh(conv2(x)), 2);
    x = torch::tanh(fc1(torch::flatten(x.contiguous(), 1)));
    return fc3(torch::tanh(fc2(x)));
  }
};

struct TorchExample : torch::nn::Module {
  torch::nn::Conv2d conv1 = register_module("conv1", conv(1, 32, 3, 0));
  torch::nn::Conv2d conv2 = register_module("conv2", conv(32, 64, 3, 0));
  torch::nn::Linear fc1 = register_module("fc1", torch::nn::Linear(9216, 128));
  torch::nn::Linear fc2 = register_module("fc2", torch::nn::Linear(128, 10));

  Tensor forward(Tensor x) {
    x = torch::max_pool2d(torch::relu(conv2(torch::relu(conv1(x)))), 2);
    return fc2(torch::relu(fc1(torch::flatten(x.contiguous(), 1))));
  }
};

template <class Model>
std::shared_ptr<Model> filled_model() {
  auto model = std::make_shared<Model>();
  fill_parameters(*model);
  if (options.tuned)
    for (auto& parameter : model->parameters())
      if (parameter.dim() == 4)
        parameter.set_data(parameter.data().contiguous(at::MemoryFormat::ChannelsLast));
  return model;
}

Tensor images_of(std::int64_t batch) {
  const Tensor images = input("images", {batch, 1, 28, 28});
  return options.tuned ? images.contiguous(at::MemoryFormat::ChannelsLast) : images;
}

struct Autocast {
  Autocast() {
    at::autocast::set_cpu_enabled(options.bf16);
    at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
  }
  ~Autocast() {
    if (options.bf16) at::autocast::clear_cache();
    at::autocast::set_cpu_enabled(false);
  }
};

template <class Model>
Step start_training(std::int64_t batch) {
  auto model = filled_model<Model>();
  auto sgd = std::make_shared<torch::optim::SGD>(model->parameters(),
                                                 torch::optim::SGDOptions(0.01).momentum(0.9));
  const Tensor images = images_of(batch), labels = classes("labels", batch, 10);
  return [=] {
    Tensor logits;
    {
      const Autocast autocast;
      logits = model->forward(images);
    }
    const Tensor loss = F::cross_entropy(logits.to(at::kFloat), labels);
    forget_gradients(*sgd);
    loss.backward();
    sgd->step();
    return loss;
  };
}

Step start_inference(std::int64_t batch) {
  auto model = filled_model<LeNet>();
  model->eval();
  if (options.tuned) model->fold();
  const Tensor images = images_of(batch);
  return [=] {
    if (options.tuned) {
      const c10::InferenceMode inference;
      return model->forward(images);
    }
    const torch::NoGradGuard no_grad;
    return model->forward(images);
  };
}

template <class Model>
void add_training(std::vector<Case>& all, const char* name, std::vector<std::int64_t> batches) {
  for (const auto batch : batches)
    all.push_back({name, "batch " + std::to_string(batch), "images/s", static_cast<double>(batch),
                   [=] { return start_training<Model>(batch); }});
}

// ---- characters ---------------------------------------------------------------------------------

// One layer and a head; `Layer` is torch::nn::{RNN,LSTM,GRU}.
template <class Layer>
struct CharRnn : torch::nn::Module {
  static constexpr bool is_lstm = std::is_same_v<Layer, torch::nn::LSTM>;
  static constexpr bool is_rnn = std::is_same_v<Layer, torch::nn::RNN>;

  CharRnn(const char* name, std::int64_t hidden)
      : layer(register_module(name, Layer(bench::vocabulary, hidden))),
        head(register_module("head", torch::nn::Linear(hidden, bench::vocabulary))) {}

  // ids [T, B]; h and c as carried. Returns logits [T*B, V].
  Tensor forward(const Tensor& ids, Tensor& h, Tensor& c) {
    Tensor output;
    if constexpr (is_rnn) {
      if (options.tuned) return head(look_up(ids, h).flatten(0, 1));
    }
    const Tensor x = torch::one_hot(ids, bench::vocabulary).to(at::kFloat);
    if constexpr (is_lstm) {
      auto [y, state] = layer->forward(x, std::tuple(h, c));
      output = y;
      std::tie(h, c) = state;
    } else {
      std::tie(output, h) = layer->forward(x, h);
    }
    return head(output.flatten(0, 1));
  }

  // A one-hot vector selects a column of W_ih; then one product, sum and tanh per step.
  Tensor look_up(const Tensor& ids, Tensor& h) {
    const auto w = layer->named_parameters();
    const Tensor table = w["weight_ih_l0"].t() + (w["bias_ih_l0"] + w["bias_hh_l0"]);
    const auto inputs = torch::embedding(table, ids).unbind(0);
    const Tensor w_hh = w["weight_hh_l0"].t();
    Tensor state = h[0];
    std::vector<Tensor> outputs;
    for (const Tensor& x : inputs)
      outputs.push_back(state = torch::tanh(torch::addmm(x, state, w_hh)));
    h = state.unsqueeze(0);
    return torch::stack(outputs);
  }

  Layer layer;
  torch::nn::Linear head;
};

template <class Layer>
Step start_chars(const char* name, std::int64_t hidden, std::int64_t steps, std::int64_t batch) {
  auto model = std::make_shared<CharRnn<Layer>>(name, hidden);
  fill_parameters(*model);
  auto adam =
      std::make_shared<torch::optim::Adam>(model->parameters(), torch::optim::AdamOptions(1e-3));
  const Tensor ids = classes("ids", steps * batch, bench::vocabulary).view({steps, batch});
  const Tensor targets = classes("targets", steps * batch, bench::vocabulary);
  auto h = std::make_shared<Tensor>(torch::zeros({1, batch, hidden}));
  auto c = std::make_shared<Tensor>(torch::zeros({1, batch, hidden}));
  return [=] {
    Tensor logits;
    {
      const Autocast autocast;
      logits = model->forward(ids, *h, *c);
    }
    const Tensor loss = F::cross_entropy(logits.to(at::kFloat), targets);
    forget_gradients(*adam);
    loss.backward();
    torch::nn::utils::clip_grad_norm_(model->parameters(), 5.0);
    adam->step();
    *h = h->detach();
    *c = c->detach();
    return loss;
  };
}

template <class Layer>
void add_chars(std::vector<Case>& all, const std::string& cell, const char* module) {
  struct Size {
    std::int64_t hidden, steps, batch;
  };
  for (const Size s : {Size{128, 50, 32}, {256, 64, 32}, {512, 64, 64}}) {
    std::ostringstream name;
    name << "charrnn_" << cell << "_H" << s.hidden << "_T" << s.steps << "_B" << s.batch;
    all.push_back({name.str(), "", "chars/s", static_cast<double>(s.steps * s.batch),
                   [=] { return start_chars<Layer>(module, s.hidden, s.steps, s.batch); }});
  }
}

// ---- small ops ----------------------------------------------------------------------------------

Step start_chain() {
  const Tensor x = input("x", {4, 4}).requires_grad_(), ones = torch::ones({4, 4});
  return [=] {
    Tensor y = x;
    for (int i = 0; i < 100; ++i) y = torch::tanh(y);
    x.mutable_grad() = Tensor();
    y.backward(ones);
    return y;
  };
}

Tensor parameter(const char* name, at::IntArrayRef shape) {
  Tensor result = torch::empty(shape);
  bench::fill_parameter(name, static_cast<int>(shape.size()), shape[0], result.numel(),
                        result.data_ptr<float>());
  return result.requires_grad_();
}

Step start_unrolled_cell() {
  constexpr std::int64_t hidden = 64, steps = 50;
  const Tensor w_ih = parameter("weight_ih", {hidden, hidden});
  const Tensor w_hh = parameter("weight_hh", {hidden, hidden});
  const Tensor b_ih = parameter("bias_ih", {hidden}), b_hh = parameter("bias_hh", {hidden});
  std::vector<Tensor> xs;
  const Tensor all = input("x", {steps, 1, hidden});
  for (std::int64_t t = 0; t < steps; ++t) xs.push_back(all[t].clone());
  const Tensor ones = torch::ones({1, hidden});
  return [=] {
    Tensor h = torch::zeros({1, hidden});
    for (const Tensor& x : xs)
      h = torch::tanh(torch::linear(x, w_ih, b_ih) + torch::linear(h, w_hh, b_hh));
    for (const Tensor& w : {w_ih, w_hh, b_ih, b_hh}) w.mutable_grad() = Tensor();
    h.backward(ones);
    return h;
  };
}

struct Xor : torch::nn::Module {
  torch::nn::Linear hidden = register_module("hidden", torch::nn::Linear(2, 8));
  torch::nn::Linear output = register_module("output", torch::nn::Linear(8, 1));
  Tensor forward(const Tensor& x) { return output(torch::tanh(hidden(x))); }
};

Step start_xor() {
  auto model = std::make_shared<Xor>();
  fill_parameters(*model);
  auto sgd = std::make_shared<torch::optim::SGD>(model->parameters(),
                                                 torch::optim::SGDOptions(0.1).momentum(0.9));
  const Tensor x = torch::tensor({0.F, 0.F, 0.F, 1.F, 1.F, 0.F, 1.F, 1.F}).view({4, 2});
  const Tensor target = torch::tensor({0.F, 1.F, 1.F, 0.F}).view({4, 1});
  return [=] {
    const Tensor loss = torch::mse_loss(model->forward(x), target);
    forget_gradients(*sgd);
    loss.backward();
    sgd->step();
    return loss;
  };
}

// ---- whole processes ----------------------------------------------------------------------------

struct ChildCosts {
  double milliseconds, mebibytes;
};

// As xgrad bench does it.
ChildCosts run_steps(const std::string& workload, const std::string& variant, int steps) {
  std::ostringstream command;
  command << std::filesystem::read_symlink("/proc/self/exe") << ' ' << workload << " --variant '"
          << variant << "' --threads " << options.threads << " --steps " << steps
          << (options.tuned ? " --tuned" : "");
  const auto start = std::chrono::steady_clock::now();
  FILE* const child = popen(command.str().c_str(), "r");
  double mebibytes = 0;
  const bool is_read =
      child != nullptr && std::fscanf(child, " {\"peak_mebibytes\":%lf}", &mebibytes) == 1;
  if (child == nullptr || pclose(child) != 0 || !is_read) std::exit(1);
  const std::chrono::duration<double, std::milli> time = std::chrono::steady_clock::now() - start;
  return {time.count(), mebibytes};
}

double peak_mebibytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (double kibibytes = 0; word == "VmHWM:" && status >> kibibytes) return kibibytes / 1024;
  return 0;
}

std::vector<Case> all_cases() {
  std::vector<Case> all;
  add_training<LeNet>(all, "lenet_bn", {1, 16, 64, 256});
  add_training<LeNet5>(all, "lenet5", {1, 16, 64, 256});
  add_training<TorchExample>(all, "torchex", {64});
  all.push_back({"lenet_bn_inference", "batch 1", "us", 1, [] { return start_inference(1); }});
  all.push_back(
      {"lenet_bn_inference", "batch 256", "images/s", 256, [] { return start_inference(256); }});
  add_chars<torch::nn::RNN>(all, "tanh", "rnn");
  add_chars<torch::nn::LSTM>(all, "lstm", "lstm");
  add_chars<torch::nn::GRU>(all, "gru", "gru");
  all.push_back({"node", "", "ns", 100, start_chain});
  all.push_back({"unrolled_cell", "", "us", 50, start_unrolled_cell});
  all.push_back({"xor", "", "us", 1, start_xor});
  all.push_back(
      {"memory", "", "MiB", 1, {}, [] { return run_steps("lenet_bn", "batch 256", 5).mebibytes; }});
  all.push_back({"startup", "", "ms", 1, {}, [] {
                   return run_steps("lenet_bn", "batch 64", 1).milliseconds;
                 }});
  return all;
}

// ---- measuring, as xgrad bench does -------------------------------------------------------------

double now() {
  timespec time{};
  clock_gettime(options.cpu_time ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double time_steps(const Step& step) {
  const double start = now();
  double elapsed = 0;
  int steps = 0;
  do {
    step();
    ++steps;
    elapsed = now() - start;
  } while (elapsed < options.seconds);
  return elapsed / steps;
}

double in_unit(const Case& c, double seconds) {
  if (c.unit.size() > 2 && c.unit.substr(c.unit.size() - 2) == "/s") return c.amount / seconds;
  return (c.unit == "ns" ? 1e9 : c.unit == "us" ? 1e6 : 1e3) * seconds / c.amount;
}

void print_measured(const Case& c, bool is_first) {
  std::ostringstream losses;
  losses.precision(9);
  std::vector<double> figures;
  if (c.figure) {
    for (int i = 0; i < options.rounds; ++i) figures.push_back(c.figure());
  } else {
    if (options.losses) {
      const Step step = c.start();
      for (int i = 0; i <= bench::compared_steps; ++i) {
        const Tensor loss = step();
        if (loss.numel() == 1) losses << (i == 0 ? "" : ",") << loss.item<float>();
      }
    }
    const Step step = c.start();
    time_steps(step);  // warm-up
    for (int i = 0; i < options.rounds; ++i) figures.push_back(in_unit(c, time_steps(step)));
  }
  std::sort(figures.begin(), figures.end());
  std::printf(
      "%s{\"workload\":\"%s\",\"variant\":\"%s\",\"threads\":%d,\"unit\":\"%s\","
      "\"median\":%.9g,\"min\":%.9g,\"max\":%.9g",
      is_first ? "" : ",", c.workload.c_str(), c.variant.c_str(), options.threads, c.unit.c_str(),
      figures[figures.size() / 2], figures.front(), figures.back());
  if (!losses.str().empty()) std::printf(",\"losses\":[%s]", losses.str().c_str());
  std::printf("}");
}

[[noreturn]] void usage() {
  std::fprintf(stderr,
               "usage: libtorch_peer [WORKLOAD ...] [--tuned] [--bf16] [--variant TEXT] "
               "[--threads N] [--rounds N] [--seconds X] [--losses] [--cpu-time] [--steps N]\n"
               "Prints one JSON object like that of xgrad bench --json.\n");
  std::exit(2);
}

void parse(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto value = [&]() -> std::string { return i + 1 < argc ? argv[++i] : (usage(), ""); };
    if (word == "--tuned")
      options.tuned = true;
    else if (word == "--bf16")
      options.bf16 = true;
    else if (word == "--losses")
      options.losses = true;
    else if (word == "--cpu-time")
      options.cpu_time = true;
    else if (word == "--variant")
      options.variant = value();
    else if (word == "--threads")
      options.threads = std::stoi(value());
    else if (word == "--rounds")
      options.rounds = std::stoi(value());
    else if (word == "--seconds")
      options.seconds = std::stod(value());
    else if (word == "--steps")
      options.steps = std::stoi(value());
    else if (word.rfind("--", 0) == 0)
      usage();
    else
      options.names.push_back(word);
  }
}

}  // namespace

int main(int argc, char** argv) {
  parse(argc, argv);
  at::set_num_threads(options.threads);
  at::globalContext().setFlushDenormal(true);
  std::vector<Case> chosen;
  for (auto& c : all_cases()) {
    const auto& names = options.names;
    if (!names.empty() && std::find(names.begin(), names.end(), c.workload) == names.end())
      continue;
    if (options.variant.empty() || options.variant == c.variant) chosen.push_back(c);
  }
  if (chosen.empty()) usage();
  if (options.steps > 0) {
    for (const Case& c : chosen) {
      if (!c.start) continue;
      const Step step = c.start();
      for (int i = 0; i < options.steps; ++i) step();
    }
    std::printf("{\"peak_mebibytes\":%.6g}\n", peak_mebibytes());
    return 0;
  }
  std::printf("{\"rounds\":%d,\"results\":[", options.rounds);
  for (std::size_t i = 0; i < chosen.size(); ++i) print_measured(chosen[i], i == 0);
  std::printf("]}\n");
}

// xgrad bench: how fast full training steps are, on synthetic data of the real shapes.

#include <algorithm>
#include <chrono>
#include <memory>

#include <models/char_rnn/char_rnn.hpp>
#include <models/lenet/lenet.hpp>
#include <xgrad/xgrad.hpp>

#include "tools/xgrad/command.hpp"

namespace xgrad::command {
namespace {

using Clock = std::chrono::steady_clock;

/// One row of the table: something to repeat, and how much of `unit` one repetition handles.
struct Case {
  std::string workload;
  std::string variant;  ///< "batch 64"
  std::string unit;
  double units_per_step = 0;
  std::function<void()> step;
};

// A training step of a CNN on images of one channel: forward, loss, backward, SGD with momentum.
template <class Model>
Case cnn_case(const std::string& workload, Index batch_size) {
  struct State {
    Model model;
    optim::SGD<float> sgd{model.parameters(), {.lr = 0.01, .momentum = 0.9}};
    Tensor<float> images;
    std::vector<std::int32_t> labels;
  };
  manual_seed(0);
  auto state = std::make_shared<State>();
  RandomStream random(0, "bench");
  state->images = Tensor<float>::empty(Shape{batch_size, 28, 28, 1});
  for (float& pixel : state->images.values()) pixel = static_cast<float>(random.uniform(-1, 1));
  for (Index i = 0; i < batch_size; ++i)
    state->labels.push_back(static_cast<std::int32_t>(random.below(10)));
  return {workload, fmt::format("batch {}", batch_size), "images", static_cast<double>(batch_size),
          [state] {
            auto loss = cross_entropy(state->model(Variable<float>(state->images)), state->labels);
            state->sgd.zero_grad();
            loss.backward();
            state->sgd.step();
          }};
}

// A training step of a character model, as in xgrad train chars: carried state, clipping, Adam.
Case char_case(const std::string& workload, models::CharCell cell, Index hidden, Index steps,
               Index batch_size) {
  constexpr Index vocabulary = 65;
  struct State {
    models::CharRnn<float> model;
    optim::Adam<float> adam{model.parameters(), {.lr = 1e-3}};
    std::vector<Variable<float>> parameters = model.parameters();
    std::vector<std::int32_t> ids{}, targets{};
    RecurrentState<float> carried{};
  };
  manual_seed(0);
  auto state = std::make_shared<State>(
      State{models::CharRnn<float>(vocabulary, {.cell = cell, .hidden = hidden})});
  RandomStream random(0, "bench");
  for (Index i = 0; i < steps * batch_size; ++i) {
    state->ids.push_back(static_cast<std::int32_t>(random.below(vocabulary)));
    state->targets.push_back(static_cast<std::int32_t>(random.below(vocabulary)));
  }
  return {workload, "", "chars", static_cast<double>(steps * batch_size), [=] {
            State& s = *state;
            auto result = s.model.forward({s.ids, steps, batch_size}, s.carried);
            const auto loss = cross_entropy(result.logits, s.targets);
            s.adam.zero_grad();
            loss.backward();
            optim::clip_grad_norm(s.parameters, 5.0);
            s.adam.step();
            s.carried = result.state.detach();
          }};
}

struct Workload {
  std::string name;
  std::string description;
  std::function<std::vector<Case>()> cases;
};

template <class Model>
Workload cnn_workload(const std::string& name, const std::string& description) {
  return {name, description, [name] {
            std::vector<Case> cases;
            for (const Index batch_size : {1, 16, 64, 256})
              cases.push_back(cnn_case<Model>(name, batch_size));
            return cases;
          }};
}

// charrnn_lstm_H128_T50_B32 and the like.
void add_char_workloads(std::vector<Workload>& all) {
  struct Size {
    Index hidden, steps, batch;
  };
  using models::CharCell;
  for (const auto& [name, cell] :
       {std::pair("tanh", CharCell::rnn), {"lstm", CharCell::lstm}, {"gru", CharCell::gru}})
    for (const Size size : {Size{128, 50, 32}, {256, 64, 32}, {512, 64, 64}}) {
      const std::string workload =
          fmt::format("charrnn_{}_H{}_T{}_B{}", name, size.hidden, size.steps, size.batch);
      all.push_back({workload, fmt::format("{} of {} units", name, size.hidden), [=, cell = cell] {
                       return std::vector{
                           char_case(workload, cell, size.hidden, size.steps, size.batch)};
                     }});
    }
}

std::vector<Workload> workloads() {
  std::vector<Workload> all{
      cnn_workload<models::LeNet<float>>("lenet_bn", "LeNet with batch norm, training step"),
      cnn_workload<models::LeNet5<float>>("lenet5", "the classic LeNet-5, training step"),
  };
  add_char_workloads(all);
  return all;
}

struct Rate {
  double median = 0, min = 0, max = 0;
};

// Units per second over `rounds` measurements of at least `seconds` each, after a warm-up of one.
Rate measure(const Case& c, double seconds, int rounds) {
  std::vector<double> rates;
  for (int round = 0; round <= rounds; ++round) {
    const auto start = Clock::now();
    double elapsed = 0;
    int steps = 0;
    do {
      c.step();
      ++steps;
      elapsed = std::chrono::duration<double>(Clock::now() - start).count();
    } while (elapsed < seconds);
    if (round > 0) rates.push_back(steps * c.units_per_step / elapsed);
  }
  std::sort(rates.begin(), rates.end());
  return {rates[rates.size() / 2], rates.front(), rates.back()};
}

struct BenchOptions {
  std::vector<std::string> names;
  double seconds = 0.3;
  int rounds = 5;
};

std::vector<Workload> select(const std::vector<std::string>& names) {
  std::vector<Workload> all = workloads(), chosen;
  if (names.empty()) return all;
  std::vector<std::string> known;
  for (const auto& workload : all) known.push_back(workload.name);
  for (const auto& name : names) {
    const auto found = std::find(known.begin(), known.end(), name);
    if (found == known.end())
      throw UsageError(fmt::format("bench: there is no workload '{}'{} The workloads are: {}", name,
                                   suggestion(name, known) + ';', fmt::join(known, " ")));
    chosen.push_back(all[static_cast<std::size_t>(found - known.begin())]);
  }
  return chosen;
}

int run(const BenchOptions& options, const CommonOptions& common) {
  std::vector<int> thread_counts{num_threads()};
  if (common.threads == 0 && num_threads() > 1) thread_counts.insert(thread_counts.begin(), 1);

  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  if (!common.json)
    print("{:<25} {:<10} {:>7}  {:>12}  {:>25}\n", "workload", "", "threads", "median",
          fmt::format("range of {}", options.rounds));
  for (const Workload& workload : select(options.names)) {
    for (const Case& c : workload.cases()) {
      for (const int threads : thread_counts) {
        set_num_threads(threads);
        const Rate rate = measure(c, options.seconds, options.rounds);
        if (!common.json)
          print("{:<25} {:<10} {:>7}  {:>12.0f}  {:>11.0f} - {:>11.0f}  {}/s\n", c.workload,
                c.variant, threads, rate.median, rate.min, rate.max, c.unit);
        rows.push_back({{"workload", c.workload},
                        {"variant", c.variant},
                        {"threads", threads},
                        {"unit", c.unit + "/s"},
                        {"median", rate.median},
                        {"min", rate.min},
                        {"max", rate.max}});
      }
    }
  }
  if (common.json) print_json({{"rounds", options.rounds}, {"results", std::move(rows)}});
  return 0;
}

}  // namespace

void add_bench(CLI::App& app, Session& session) {
  const auto options = std::make_shared<BenchOptions>();
  CLI::App* const verb =
      add_verb(app, session, "bench", "Measure the speed of full training steps",
               [options](const CommonOptions& common) { return run(*options, common); });
  std::string list = "Workloads (default: all):";
  for (const Workload& workload : workloads())
    list += fmt::format(" {} ({});", workload.name, workload.description);
  list.pop_back();
  verb->add_option("workload", options->names, list)->type_name("WORKLOAD");
  verb->add_option("--seconds", options->seconds, "Least time of one measurement (default: 0.3)")
      ->check(CLI::Range(0.001, 3600.0));
  verb->add_option("--rounds", options->rounds, "Measurements per figure (default: 5)")
      ->check(CLI::Range(1, 1000));
}

}  // namespace xgrad::command

#include <iterator>

#include <xgrad/optim/adam.hpp>
#include <xgrad/optim/clip.hpp>
#include <xgrad/optim/schedule.hpp>
#include <xgrad/optim/sgd.hpp>

#include "golden/golden.hpp"

namespace golden {

using namespace xgrad;

namespace {

// Two parameters, three steps. `make(parameters)` is the optimizer.
template <class F>
void optimizer(Cases& cases, const std::string& name, F make) {
  add(cases, name, [make]<class T>(Run<T>& run) {
    const std::vector<Variable<T>> parameters{Variable<T>(run.constant("p0"), true),
                                              Variable<T>(run.constant("p1"), true)};
    auto optimizer = make(parameters);
    for (const std::string step : {"step0.", "step1.", "step2."}) {
      optimizer.zero_grad();
      for (std::size_t i = 0; i < parameters.size(); ++i)
        if (const auto gradient = step + "grad" + std::to_string(i); run.has(gradient))
          parameters[i].set_grad(run.constant(gradient));
      optimizer.step();
      for (std::size_t i = 0; i < parameters.size(); ++i)
        run.check(step + "p" + std::to_string(i), parameters[i].value());
    }
    // PyTorch's SGD does not count its steps.
    for (const auto& [key, tensor] : optimizer.state_dict())
      if (run.has("state." + key) || !key.ends_with(".step")) run.check("state." + key, tensor);
  });
}

void sgd(Cases& cases) {
  const auto with = [&](const std::string& sample, const optim::SGDOptions& options) {
    optimizer(cases, "SGD: " + sample, [options]<class T>(const std::vector<Variable<T>>& p) {
      return optim::SGD<T>(p, options);
    });
  };
  with("plain", {.lr = 0.125});
  with("momentum", {.lr = 0.125, .momentum = 0.9});
  with("momentum, a gradient missing", {.lr = 0.125, .momentum = 0.9});
  with("weight decay", {.lr = 0.125, .weight_decay = 0.25});
  with("momentum and weight decay", {.lr = 0.125, .momentum = 0.9, .weight_decay = 0.25});
  with("Nesterov", {.lr = 0.125, .momentum = 0.9, .nesterov = true, .weight_decay = 0.25});
  optimizer(cases, "SGD: groups", []<class T>(const std::vector<Variable<T>>& p) {
    optim::SGD<T> result({p[0]}, {.lr = 0.125, .momentum = 0.9});
    result.add_group({p[1]}, {.lr = 0.5});
    return result;
  });
}

void adam(Cases& cases) {
  const auto with = [&](const std::string& sample, const optim::AdamOptions& options) {
    optimizer(cases, "Adam: " + sample, [options]<class T>(const std::vector<Variable<T>>& p) {
      return optim::Adam<T>(p, options);
    });
  };
  with("defaults", {});
  with("options", {.lr = 0.0625, .beta1 = 0.8, .beta2 = 0.95, .eps = 0.001});
  with("weight decay", {.lr = 0.0625, .weight_decay = 0.25});
  with("a gradient missing", {.lr = 0.0625});
}

void adamw(Cases& cases) {
  const auto with = [&](const std::string& sample, const optim::AdamWOptions& options) {
    optimizer(cases, "AdamW: " + sample, [options]<class T>(const std::vector<Variable<T>>& p) {
      return optim::AdamW<T>(p, options);
    });
  };
  with("defaults", {});
  with("options", {.lr = 0.0625, .beta1 = 0.8, .beta2 = 0.95, .eps = 0.001, .weight_decay = 0.25});
  with("no decay", {.lr = 0.0625, .weight_decay = 0});
}

void schedules(Cases& cases) {
  const auto with = [&](const char* name, const optim::Schedule& schedule) {
    add(cases, name, [schedule]<class T>(Run<T>& run) {
      Tensor<T> factors = Tensor<T>::empty(run.shape("factors"));
      for (Index step = 0; step < factors.size(); ++step)
        factors.data()[step] = static_cast<T>(schedule(step));
      run.check("factors", factors);
    });
  };
  with("step_decay: period 3", optim::step_decay(3, 0.5));
  with("step_decay: default gamma", optim::step_decay(2));
  with("cosine: to zero", optim::cosine(7));
  with("cosine: to a tenth", optim::cosine(9, 0.1));
  with("linear_warmup: defaults", optim::linear_warmup(5));
  with("linear_warmup: from a tenth", optim::linear_warmup(4, 0.1));
  with("one_cycle: defaults", optim::one_cycle(21));
  with("one_cycle: options",
       optim::one_cycle(14, {.pct_start = 0.5, .div_factor = 10, .final_div_factor = 100}));
  with("sequence: warm-up and cosine",
       optim::sequence(optim::linear_warmup(4, 0.25), 4, optim::cosine(7)));
}

// `clip(run, parameters)` limits the gradients.
template <class F>
void clipping(Cases& cases, const std::string& name, F clip) {
  add(cases, name, [clip]<class T>(Run<T>& run) {
    std::vector<Variable<T>> parameters;
    for (const std::string gradient : {"grad0", "grad1"}) {
      parameters.emplace_back(Tensor<T>(run.shape(gradient)), true);
      parameters.back().set_grad(run.constant(gradient));
    }
    clip(run, parameters);
    run.check("after.grad0", parameters[0].grad());
    run.check("after.grad1", parameters[1].grad());
  });
}

void clippings(Cases& cases) {
  const auto by_norm = [&](const std::string& sample, double max_norm) {
    clipping(cases, "clip_grad_norm: " + sample, [max_norm]<class T>(Run<T>& run, const auto& p) {
      const double norm = optim::clip_grad_norm(p, max_norm);
      run.check("norm", Tensor<T>::full(Shape{}, static_cast<T>(norm)));
    });
  };
  by_norm("clipped", 0.5);
  by_norm("left alone", 50);
  clipping(cases, "clip_grad_value: clipped",
           [](auto&, const auto& p) { optim::clip_grad_value(p, 0.25); });
}

}  // namespace

Cases training_cases() {
  Cases cases;
  sgd(cases);
  adam(cases);
  adamw(cases);
  schedules(cases);
  clippings(cases);
  auto networks = network_cases();
  std::move(networks.begin(), networks.end(), std::back_inserter(cases));
  return cases;
}

}  // namespace golden

#include "planted_error.hpp"

namespace planted {

using namespace xgrad;

namespace {

// The inputs, in the order of the ops'.
enum : std::size_t { x, w_ih, w_hh, b_ih, b_hh, h0, c0 };

struct State {
  Var h, c;
};
// A step of a cell: a = W_ih x + b_ih, r = W_hh h + b_hh.
using Step = State (*)(const Var& a, const Var& r, const State& before);

// What the sample's layer returns, put together from ordinary ops step by step: the right
// gradients, if `step` is right. `change` is called with t and the inputs of step t.
template <class Change>
Var unrolled(const Vars& in, Step step, Change change) {
  const Index steps = in[x].shape(0), batch = in[x].shape(1), hidden = in[w_hh].shape(1);
  State state{in[h0], in.size() > c0 ? in[c0] : Var()};
  Vars outputs;
  for (Index t = 0; t < steps; ++t) {
    Vars now = in;
    now[x] = reshape(at(in[x], 0, t), {batch, in[x].shape(2)});
    change(t, now, state);
    state = step(xgrad::linear(now[x], now[w_ih], now[b_ih]),
                 xgrad::linear(state.h, now[w_hh], now[b_hh]), state);
    outputs.push_back(reshape(state.h, {1, batch, hidden}));
  }
  outputs.push_back(outputs.back());
  if (state.c.defined()) outputs.push_back(reshape(state.c, {1, batch, hidden}));
  return concat(outputs, 0);
}

template <class Change>
Vars unrolled_backward(const BackwardCall& b, Step step, Change change) {
  return gradients([&](const Vars& in) { return unrolled(in, step, change); }, b.in, b.dy);
}

Vars wrong_step_backward(const BackwardCall& b, Step step) {
  return unrolled_backward(b, step, [](Index, Vars&, State&) {});
}

Var gate(const Var& a, Index i, Index gates) {
  const Index hidden = a.shape(-1) / gates;
  return slice(a, -1, i * hidden, (i + 1) * hidden);
}

State tanh_step(const Var& a, const Var& r, const State&) { return {tanh(a + r), {}}; }
State relu_step(const Var& a, const Var& r, const State&) { return {relu(a + r), {}}; }

State lstm_step(const Var& a, const Var& r, const State& before) {
  const auto sum_of = [&](Index i) { return gate(a + r, i, 4); };
  const Var c = sigmoid(sum_of(1)) * before.c + sigmoid(sum_of(0)) * tanh(sum_of(2));
  return {sigmoid(sum_of(3)) * tanh(c), c};
}

State gru_step(const Var& a, const Var& r, const State& before) {
  const auto gate_sum = [&](Index i) { return gate(a, i, 3) + gate(r, i, 3); };
  const Var z = sigmoid(gate_sum(1));
  const Var n = tanh(gate(a, 2, 3) + sigmoid(gate_sum(0)) * gate(r, 2, 3));
  return {(1.0 - z) * n + z * before.h, {}};
}

// Gradients of the sums W_ih x + b_ih of all steps, [T, B, G*H].
Var sums_backward(const BackwardCall& b) {
  const Index width = b.in[w_ih].shape(0);
  Tensor<double> identity(Shape{width, width});
  for (Index i = 0; i < width; ++i) identity.data()[i * (width + 1)] = 1;
  Vars in = b.in;
  in[x] = xgrad::linear(b.in[x], b.in[w_ih], b.in[b_ih]);
  in[w_ih] = identity;
  in[b_ih] = {};
  return b.backward(in, b.dy)[x];
}

// sum over t of da_t^T h_t, for the h that `h` holds.
Var product_over_steps(const Var& da, const Var& h) {
  const auto rows = [](const Var& v) { return reshape(v, {-1, v.shape(-1)}); };
  return matmul(permute(rows(da), {1, 0}), rows(h));
}

Var outputs_of(const BackwardCall& b) { return slice(b.y, 0, 0, b.in[x].shape(0)); }

void forget_steps_but_the_last(BackwardCall& b, Step step) {
  const Index last = b.in[x].shape(0) - 1;
  b.dx[w_hh] = unrolled_backward(b, step, [last](Index t, Vars& now, State&) {
    if (t != last) now[w_hh] = now[w_hh].detach();
  })[w_hh];
}

void stop_at_each_step(BackwardCall& b, Step step) {
  b.dx = unrolled_backward(b, step, [](Index t, Vars&, State& state) {
    if (t > 0) state.h = state.h.detach();
  });
}

// dW_ih of characters, column by column: a character that comes again overwrites what it had.
Var last_use_of_each_character(const BackwardCall& b) {
  const auto& options = b.options<samples::RecurrentCase>();
  Tensor<double> one_hot(Shape{options.steps, options.batch, b.in[w_ih].shape(1)});
  for (std::size_t i = 0; i < options.ids.size(); ++i)
    one_hot.data()[static_cast<Index>(i) * one_hot.shape(2) + options.ids[i]] = 1;
  BackwardCall as_vectors = b;
  as_vectors.in[x] = one_hot;
  const Var da = sums_backward(as_vectors);
  Tensor<double> dw(b.in[w_ih].shape());
  for (std::size_t i = 0; i < options.ids.size(); ++i)
    for (Index j = 0; j < dw.shape(0); ++j)
      dw.data()[j * dw.shape(1) + options.ids[i]] =
          da.value().data()[static_cast<Index>(i) * dw.shape(0) + j];
  return dw;
}

std::vector<PlantedError> simple() {
  return {
      {"rnn_tanh", "five steps", "dW_hh: the last step only, = for +=", "",
       [](BackwardCall& b) { forget_steps_but_the_last(b, tanh_step); }},
      {"rnn_tanh", "five steps", "dW_hh: h_t saved in place of h_{t-1}", "",
       [](BackwardCall& b) { b.dx[w_hh] = product_over_steps(sums_backward(b), outputs_of(b)); }},
      {"rnn_tanh", "five steps", "the gradient of h not carried to the step before", "",
       [](BackwardCall& b) { stop_at_each_step(b, tanh_step); }},
      {"rnn_tanh", "five steps", "the derivative of tanh forgotten", "",
       [](BackwardCall& b) {
         b.dx = wrong_step_backward(b, [](const Var& a, const Var& r, const State&) {
           return State{with_backward_of(a + r, tanh(a + r)), {}};
         });
       }},
      {"rnn_tanh", "five steps", "dx: the steps in reverse", "reversed",
       [](BackwardCall& b) { b.dx[x] = flipped(b.dx[x], 0); }},
      {"rnn_tanh", "reversed", "dW_hh: h_{t-1} saved in place of h_{t+1}", "",
       [](BackwardCall& b) {
         const Shape& state = b.in[h0].shape();
         const Var h = reshape(b.in[h0], {1, state[0], state[1]});
         const Var before = concat({h, slice(b.y, 0, 0, b.in[x].shape(0) - 1)}, 0);
         b.dx[w_hh] = product_over_steps(sums_backward(b), before);
       }},
      {"rnn_tanh", "five steps", "dW_hh: its transpose", "transposed",
       [](BackwardCall& b) {
         b.dx[w_hh] = permute(b.dx[w_hh], {1, 0});
       }},
      {"rnn_tanh", "five steps", "db_ih forgotten", "zero",
       [](BackwardCall& b) { b.dx[b_ih] = zeros_like(b.in[b_ih]); }},
      {"rnn_tanh", "five steps", "db_hh: the last step only, = for +=", "",
       [](BackwardCall& b) {
         b.dx[b_hh] = sum(at(sums_backward(b), 0, b.in[x].shape(0) - 1), {0, 1});
       }},
      {"rnn_tanh", "five steps", "the first state's gradient forgotten", "zero",
       [](BackwardCall& b) { b.dx[h0] = zeros_like(b.in[h0]); }},
      {"rnn_tanh", "lengths", "the steps past a sequence's end counted", "",
       [](BackwardCall& b) { b.dx = wrong_step_backward(b, tanh_step); }},
      {"rnn_tanh", "five steps", "the gradient of the last state not added to the output's",
       "not accumulated",
       [](BackwardCall& b) { b.dx = b.backward(b.in, without(b.dy, 0, b.in[x].shape(0))); }},
      {"rnn_relu", "five steps", "the gradient passes where the sum is negative", "",
       [](BackwardCall& b) {
         b.dx = wrong_step_backward(b, [](const Var& a, const Var& r, const State&) {
           return State{with_backward_of(a + r, relu(a + r)), {}};
         });
       }},
      {"rnn_relu", "five steps", "the derivative of tanh in place of relu's", "",
       [](BackwardCall& b) {
         b.dx = wrong_step_backward(b, [](const Var& a, const Var& r, const State&) {
           return State{with_backward_of(tanh(a + r), relu(a + r)), {}};
         });
       }},
      {"rnn_relu", "five steps", "dW_hh: the last step only, = for +=", "",
       [](BackwardCall& b) { forget_steps_but_the_last(b, relu_step); }},
      {"rnn_relu", "five steps", "db_hh forgotten", "zero",
       [](BackwardCall& b) { b.dx[b_hh] = zeros_like(b.in[b_hh]); }},
  };
}

std::vector<PlantedError> lstms() {
  return {
      {"lstm", "five steps", "dW_ih: gates in the order i, f, o, g", "stand in the order",
       [](BackwardCall& b) {
         b.dx[w_ih] = blocks(b.dx[w_ih], {0, 1, 3, 2});
       }},
      {"lstm", "five steps", "dW_hh: gates in the order f, i, g, o", "stand in the order",
       [](BackwardCall& b) {
         b.dx[w_hh] = blocks(b.dx[w_hh], {1, 0, 2, 3});
       }},
      {"lstm", "five steps", "db_ih: gates in the order i, g, f, o", "stand in the order",
       [](BackwardCall& b) {
         b.dx[b_ih] = blocks(b.dx[b_ih], {0, 2, 1, 3});
       }},
      {"lstm", "five steps", "the gradient of h not carried to the step before", "",
       [](BackwardCall& b) { stop_at_each_step(b, lstm_step); }},
      {"lstm", "five steps", "the gradient of c not carried to the step before", "",
       [](BackwardCall& b) {
         b.dx = unrolled_backward(b, lstm_step, [](Index t, Vars&, State& state) {
           if (t > 0) state.c = state.c.detach();
         });
       }},
      {"lstm", "five steps", "dc: the derivative of tanh(c) forgotten", "",
       [](BackwardCall& b) {
         b.dx = wrong_step_backward(b, [](const Var& a, const Var& r, const State& before) {
           const State right = lstm_step(a, r, before);
           const Var o = sigmoid(gate(a + r, 3, 4));
           return State{o * with_backward_of(right.c, tanh(right.c)), right.c};
         });
       }},
      {"lstm", "five steps", "the output gate's gradient by c, not tanh(c)", "",
       [](BackwardCall& b) {
         b.dx = wrong_step_backward(b, [](const Var& a, const Var& r, const State& before) {
           const State right = lstm_step(a, r, before);
           const Var o = sigmoid(gate(a + r, 3, 4));
           const Var path = o * right.c.detach() + o.detach() * tanh(right.c);
           return State{with_backward_of(path, right.h), right.c};
         });
       }},
      {"lstm", "five steps", "the forget gate's gradient by c_t, not c_{t-1}", "",
       [](BackwardCall& b) {
         b.dx = wrong_step_backward(b, [](const Var& a, const Var& r, const State& before) {
           const auto sum_of = [&](Index i) { return gate(a + r, i, 4); };
           const Var f = sigmoid(sum_of(1)), other = sigmoid(sum_of(0)) * tanh(sum_of(2));
           const Var value = f * before.c + other;
           const Var path = f * value.detach() + f.detach() * before.c + other;
           const Var c = with_backward_of(path, value);
           return State{sigmoid(sum_of(3)) * tanh(c), c};
         });
       }},
      {"lstm", "five steps", "the first c's gradient forgotten", "zero",
       [](BackwardCall& b) { b.dx[c0] = zeros_like(b.in[c0]); }},
      {"lstm", "five steps", "dW_hh: the last step only, = for +=", "",
       [](BackwardCall& b) { forget_steps_but_the_last(b, lstm_step); }},
      {"lstm", "five steps", "db_hh forgotten", "zero",
       [](BackwardCall& b) { b.dx[b_hh] = zeros_like(b.in[b_hh]); }},
      {"lstm", "characters", "dW_ih: = for += where a character comes again",
       "= for +=", [](BackwardCall& b) { b.dx[w_ih] = last_use_of_each_character(b); }},
  };
}

std::vector<PlantedError> grus() {
  return {
      {"gru", "five steps", "dW_ih: gates in the order z, r, n", "stand in the order",
       [](BackwardCall& b) {
         b.dx[w_ih] = blocks(b.dx[w_ih], {1, 0, 2});
       }},
      {"gru", "five steps", "db_hh: gates in the order n, r, z", "stand in the order",
       [](BackwardCall& b) {
         b.dx[b_hh] = blocks(b.dx[b_hh], {2, 1, 0});
       }},
      {"gru", "five steps", "db_hh: n's part without r, as that of db_ih", "index 4 to 5",
       [](BackwardCall& b) { b.dx[b_hh] = b.dx[b_ih]; }},
      {"gru", "five steps", "dh: the direct path z dh_t forgotten", "",
       [](BackwardCall& b) {
         b.dx = wrong_step_backward(b, [](const Var& a, const Var& r, const State& before) {
           return gru_step(a, r, {before.h.detach(), {}});
         });
       }},
      {"gru", "five steps", "z and 1 - z exchanged", "",
       [](BackwardCall& b) {
         b.dx = wrong_step_backward(b, [](const Var& a, const Var& r, const State& before) {
           const auto gate_sum = [&](Index i) { return gate(a, i, 3) + gate(r, i, 3); };
           const Var z = sigmoid(gate_sum(1));
           const Var n = tanh(gate(a, 2, 3) + sigmoid(gate_sum(0)) * gate(r, 2, 3));
           const Var path = z * n + (1.0 - z) * before.h;
           return State{with_backward_of(path, gru_step(a, r, before).h), {}};
         });
       }},
      {"gru", "five steps", "the gradient of r forgotten", "",
       [](BackwardCall& b) {
         b.dx = wrong_step_backward(b, [](const Var& a, const Var& r, const State& before) {
           const Var z = sigmoid(gate(a, 1, 3) + gate(r, 1, 3));
           const Var reset = sigmoid(gate(a, 0, 3) + gate(r, 0, 3)).detach();
           const Var n = tanh(gate(a, 2, 3) + reset * gate(r, 2, 3));
           return State{(1.0 - z) * n + z * before.h, {}};
         });
       }},
      {"gru", "five steps", "the gradient of h not carried to the step before", "",
       [](BackwardCall& b) { stop_at_each_step(b, gru_step); }},
      {"gru", "five steps", "dW_hh: the last step only, = for +=", "",
       [](BackwardCall& b) { forget_steps_but_the_last(b, gru_step); }},
      {"gru", "several chunks and panels", "dW_ih: the last sequence left out", "not accumulated",
       [](BackwardCall& b) { b.dx[w_ih] = b.backward(w_ih, without(b.dy, 1, 36)); }},
      {"gru", "five steps", "the first state's gradient forgotten", "zero",
       [](BackwardCall& b) { b.dx[h0] = zeros_like(b.in[h0]); }},
  };
}

}  // namespace

std::vector<PlantedError> recurrent() {
  std::vector<PlantedError> all = simple();
  for (const auto& cell : {lstms(), grus()}) all.insert(all.end(), cell.begin(), cell.end());
  return all;
}

}  // namespace planted

#include "world.hpp"

#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/distributed/distributed_model.hpp>
#include <xgrad/nn/batch_norm.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/ops/arithmetic.hpp>
#include <xgrad/ops/elementwise.hpp>
#include <xgrad/ops/loss.hpp>
#include <xgrad/ops/reduce.hpp>

using namespace xgrad;
using distributed::DistributedModel, distributed::DistributedOptions;
using tests::deviation, tests::world;

namespace {

// Parameters a and b that are used or not, and one that nobody uses.
class Choice final : public nn::Module<double> {
 public:
  const Variable<double> a = parameter("a", Tensor<double>::full({3}, 2));
  const Variable<double> b = parameter("b", Tensor<double>::full({2}, 3));
  const Variable<double> unused = parameter("unused", Tensor<double>::full({4}, 5));
};

struct Perceptron final : nn::Module<double> {
  nn::Linear<double>& hidden = this->add("hidden", nn::Linear<double>(3, 5));
  nn::Linear<double>& output = this->add("output", nn::Linear<double>(5, 1));
  Variable<double> forward(Variable<double> x) override {
    return output(tanh(hidden(std::move(x))));
  }
};

constexpr Index rows = 12;

// Rows begin..end-1 of the same data everywhere.
Variable<double> loss_of(Perceptron& net, Index begin, Index end) {
  RandomStream stream(3, "rows");
  Tensor<double> x = Tensor<double>::empty({rows, 3}), y = Tensor<double>::empty({rows, 1});
  for (double& value : x.values()) value = stream.uniform(-1, 1);
  for (double& value : y.values()) value = stream.uniform(-1, 1);
  return mse_loss(net(x.slice(begin, end)), Variable<double>(y.slice(begin, end)));
}

std::vector<Tensor<double>> gradients(const nn::Module<double>& net) {
  std::vector<Tensor<double>> result;
  for (const auto& parameter : net.parameters()) result.push_back(parameter.grad().clone());
  return result;
}

std::vector<Tensor<double>> gradients_of_all_rows(Perceptron& net,
                                                  DistributedModel<double>& model) {
  const auto local = model.no_sync();
  net.zero_grad();
  loss_of(net, 0, rows).backward();
  auto result = gradients(net);
  net.zero_grad();
  return result;
}

// Which rows are a rank's: more on later ones, and none on rank 1 of 4.
std::pair<Index, Index> uneven(int rank, int ranks) {
  if (ranks == 1) return {0, rows};
  if (ranks == 2)
    return rank == 0 ? std::pair<Index, Index>{0, 5} : std::pair<Index, Index>{5, rows};
  constexpr Index ends[] = {0, 2, 2, 5, rows};
  return {ends[rank], ends[rank + 1]};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(distributed_model)

BOOST_AUTO_TEST_CASE(begins_with_rank_0s_parameters_and_buffers) {
  manual_seed(static_cast<std::uint64_t>(world().rank()));
  nn::BatchNorm1d<double> norm(3);
  Tensor<double> mean = norm.running_mean, weight = norm.weight.value();
  mean.fill(world().rank() + 1);
  weight.fill(world().rank() + 2);
  DistributedModel<double> model(norm, world());
  BOOST_TEST((mean.data()[2] == 1 && weight.data()[0] == 2));
  mean.fill(world().rank() + 5);
  model.broadcast_buffers();
  BOOST_TEST(mean.data()[0] == 5);
}

BOOST_AUTO_TEST_CASE(refuses_different_networks) {
  nn::Linear<double> net(3, world().rank() == world().ranks() - 1 ? 2 : 4);
  if (world().ranks() > 1) BOOST_CHECK_THROW(DistributedModel<double>(net, world()), ValueError);
}

// b has a gradient on rank 0 only, and on odd ranks the gradients come in the other order. Each is
// in a bucket of its own.
BOOST_AUTO_TEST_CASE(waits_for_no_gradient_that_does_not_come) {
  for (const bool overlap : {true, false}) {
    Choice net;
    DistributedModel<double> model(net, world(), {.bucket_bytes = 1, .overlap = overlap});
    const int rank = world().rank(), ranks = world().ranks();
    for (int step = 0; step < 3; ++step) {
      net.zero_grad();
      Variable<double> loss = sum(net.a * net.a);
      if (rank == 0) loss = loss + sum(net.b * 6.0);
      if (rank % 2 == 1) loss = sum(net.a * net.a) + sum(net.b.detach());
      model.backward(loss);
      BOOST_TEST(net.a.grad().data()[2] == 4);
      BOOST_TEST(net.b.grad().data()[1] == 6.0 / ranks);
      BOOST_TEST(!net.unused.grad().defined());
    }
    BOOST_TEST(model.times().buckets.size() == 3U);
  }
}

BOOST_AUTO_TEST_CASE(sends_in_one_order_whatever_the_graph_is) {
  Choice net;
  DistributedModel<double> model(net, world(), {.bucket_bytes = 1});
  for (int step = 0; step < 20; ++step) {
    net.zero_grad();
    const bool a_first = (world().rank() + step) % 2 == 0;
    Variable<double> loss = a_first ? sum(net.a) : sum(net.b * net.b);
    for (int i = 0; i < (world().rank() * 7 + step) % 5; ++i) loss = loss * 1.0;
    loss = loss + (a_first ? sum(net.b * net.b) : sum(net.a));
    model.backward(loss);
    BOOST_TEST((net.a.grad().data()[0] == 1 && net.b.grad().data()[0] == 6));
  }
}

BOOST_AUTO_TEST_CASE(weighs_unequal_parts_by_their_rows) {
  Perceptron net;
  DistributedModel<double> model(net, world());
  const auto expected = gradients_of_all_rows(net, model);
  const auto [begin, end] = uneven(world().rank(), world().ranks());
  const double share = model.share(end - begin);
  BOOST_TEST(share == static_cast<double>(end - begin) / rows);
  if (begin < end) {
    model.backward(loss_of(net, begin, end), share);
  } else {
    model.synchronize();
  }
  BOOST_TEST(deviation(gradients(net), expected) < 1e-15);
}

BOOST_AUTO_TEST_CASE(adds_up_passes_before_it_synchronises) {
  for (const bool overlap : {true, false}) {
    Perceptron net;
    DistributedModel<double> model(net, world(), {.bucket_bytes = 64, .overlap = overlap});
    const auto expected = gradients_of_all_rows(net, model);
    const Index own = rows / world().ranks(), begin = own * world().rank(),
                middle = begin + own / 3;
    const auto share = [](Index from, Index to) { return static_cast<double>(to - from) / rows; };
    {
      const auto local = model.no_sync();
      model.backward(loss_of(net, begin, middle), share(begin, middle));
    }
    model.backward(loss_of(net, middle, begin + own), share(middle, begin + own));
    BOOST_TEST(deviation(gradients(net), expected) < 1e-15);
    // The sum of two synchronised passes, as without ranks.
    model.backward(loss_of(net, begin, begin + own));
    auto twice = expected;
    for (auto& gradient : twice) {
      gradient = gradient.clone();
      for (double& value : gradient.values()) value *= 2;
    }
    BOOST_TEST(deviation(gradients(net), twice) < 1e-15);
  }
}

BOOST_AUTO_TEST_CASE(goes_with_a_backward_of_ones_own) {
  Perceptron net;
  DistributedModel<double> model(net, world());
  const auto expected = gradients_of_all_rows(net, model);
  const Index own = rows / world().ranks(), begin = own * world().rank();
  loss_of(net, begin, begin + own).backward();
  model.synchronize();
  BOOST_TEST(deviation(gradients(net), expected) < 1e-15);
}

BOOST_AUTO_TEST_CASE(tells_of_a_second_pass_that_would_be_lost) {
  if (world().ranks() == 1) return;
  Choice net;
  DistributedModel<double> model(net, world());
  sum(net.a).backward();
  BOOST_CHECK_THROW(sum(net.a).backward(), GraphError);
  model.synchronize();
  BOOST_TEST(net.a.grad().data()[0] == 1);
  BOOST_CHECK_THROW(model.backward(sum(net.a), 1.5), ValueError);
}

BOOST_AUTO_TEST_CASE(leaves_the_network_alone_when_it_goes) {
  Choice net;
  { const DistributedModel<double> model(net, world()); }
  sum(net.a * static_cast<double>(world().rank())).backward();
  BOOST_TEST(net.a.grad().data()[0] == world().rank());
}

BOOST_AUTO_TEST_SUITE_END()

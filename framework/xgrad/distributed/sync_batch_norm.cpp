#include <xgrad/distributed/sync_batch_norm.hpp>
#include <xgrad/nn/batch_norm.hpp>

#include <memory>

namespace xgrad::distributed {
namespace {

class SumOverRanks final : public StatisticsReducer {
 public:
  // A communicator of its own: on one rank a bucket of gradients may have been sent before these
  // sums, and on another after.
  explicit SumOverRanks(const Communicator& communicator)
      : communicator_(communicator.duplicate()) {}

  void sum(std::span<double> values) override { communicator_.sum(values); }

 private:
  Communicator communicator_;
};

template <class T>
int share_statistics(nn::Module<T>& module, const std::shared_ptr<StatisticsReducer>& reducer) {
  int layers = 0;
  if (auto* const layer = dynamic_cast<nn::BatchNorm<T>*>(&module)) {
    layer->share_statistics(reducer);
    ++layers;
  }
  for (const auto& child : module.children()) layers += share_statistics(*child.module, reducer);
  return layers;
}

}  // namespace

template <class T>
int synchronize_batch_norm(nn::Module<T>& module, const Communicator& communicator) {
  if (communicator.ranks() == 1) return share_statistics<T>(module, nullptr);
  return share_statistics<T>(module, std::make_shared<SumOverRanks>(communicator));
}

template <class T>
void separate_batch_norm(nn::Module<T>& module) {
  share_statistics<T>(module, nullptr);
}

template int synchronize_batch_norm(nn::Module<float>&, const Communicator&);
template int synchronize_batch_norm(nn::Module<double>&, const Communicator&);
template void separate_batch_norm(nn::Module<float>&);
template void separate_batch_norm(nn::Module<double>&);

}  // namespace xgrad::distributed
